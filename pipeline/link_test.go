package pipeline_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/pipeline"
)

// linked fills the template with one value.
func linked(t require.TestingT, template, value string) string {
	d := pipeline.Definition{
		ID:     "p",
		Fields: []pipeline.Field{{ID: "v", Kind: pipeline.KindText}, {ID: "link", Kind: pipeline.KindText, Link: template}},
		Stages: []pipeline.Stage{{ID: "a"}, {ID: "b", Final: pipeline.Won}},
		Moves:  []pipeline.Move{{Action: "go", From: []pipeline.StageID{"a"}, To: "b", Roles: []pipeline.Role{"r"}}},
		Edits:  []pipeline.Edit{{Fields: []pipeline.FieldID{"*"}, Roles: []pipeline.Role{"r"}}},
	}
	e, err := pipeline.Compile(pipeline.Rules{Definitions: []pipeline.Definition{d}})
	require.NoError(t, err)
	c, err := e.Bind(pipeline.Record{ID: "c", Pipeline: "p", Stage: "a", Values: map[pipeline.FieldID]pipeline.Value{"v": {Text: value}}})
	require.NoError(t, err)
	return c.Link("link")
}

const template = "https://fssp.example:8443/find/{v}/x?name={v}&region=38&q=a{v}b#{v}"

// requireHarmless is law 13: a value adds no parameter, path or host, and comes back as it was.
func requireHarmless(t require.TestingT, value string) {
	got := linked(t, template, value)
	if strings.Trim(value, ".") == "" {
		require.Empty(t, got)
		return
	}
	u, err := url.Parse(got)
	require.NoError(t, err)
	require.Equal(t, "https", u.Scheme)
	require.Equal(t, "fssp.example:8443", u.Host)
	require.Nil(t, u.User)
	parts := strings.Split(u.EscapedPath(), "/")
	require.Len(t, parts, 4, "%s", got)
	require.Equal(t, []string{"", "find"}, parts[:2])
	require.Equal(t, "x", parts[3])
	segment, err := url.PathUnescape(parts[2])
	require.NoError(t, err)
	require.Equal(t, value, segment)
	require.NotContains(t, []string{".", ".."}, parts[2])
	q, err := url.ParseQuery(u.RawQuery)
	require.NoError(t, err)
	require.Equal(t, url.Values{"name": {value}, "region": {"38"}, "q": {"a" + value + "b"}}, q)
	require.Equal(t, value, u.Fragment)
	for _, r := range got {
		require.True(t, r > ' ' && r < 0x7f, "%q", got)
	}
}

func TestLinkEscapesEveryValue(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"Иванов", "a&b=c", "x/../../etc", "..", ".", "?#", "%2e%2e", "+ +", "//evil.example", "a\r\nb", "\"><script>", "{v}", "@host", "…"} {
		requireHarmless(t, v)
	}
	rapid.Check(t, func(t *rapid.T) { requireHarmless(t, rapid.String().Draw(t, "value")) })
}

func FuzzLink(f *testing.F) {
	for _, v := range []string{"Иванов", "a&b=c", "..", "%2e", "\xff"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) { requireHarmless(t, value) })
}

func TestBadLinks(t *testing.T) {
	t.Parallel()
	for i, template := range []string{
		"{v}", "/find?name={v}", "javascript:alert({v})", "https://{v}.example/", "https://host{v}/x", "https://u:{v}@host/", "https://host/?{v}=1", "https://host/?a=1&{v}",
		"https://host/{v", "https://host/v}", "https://host/{}", "https://host/{nobody}", "https://ho st/{v}", "ftp://host/{v}", "https://host\\{v}",
	} {
		d := pipeline.Definition{
			ID: "p", Fields: []pipeline.Field{{ID: "v", Kind: pipeline.KindText, Link: template}}, Stages: []pipeline.Stage{{ID: "a"}, {ID: "b", Final: pipeline.Won}},
			Moves: []pipeline.Move{{Action: "go", From: []pipeline.StageID{"a"}, To: "b", Roles: []pipeline.Role{"r"}}},
		}
		found := pipeline.Check(pipeline.Rules{Definitions: []pipeline.Definition{d}})
		require.NotEmpty(t, found, fmt.Sprint(i, template))
		require.Equal(t, "bad_link", found[0].Code, template)
	}
}
