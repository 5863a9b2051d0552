package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/pipeline"
)

// Files of nearly 1 MiB that are all of one thing are answered in good time, and say what is too much.
func TestHugeRules(t *testing.T) {
	t.Parallel()
	many := func(n int, format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = strings.ReplaceAll(format, "#", fmt.Sprint(i))
		}
		return strings.Join(parts, ",")
	}
	for name, c := range map[string]struct{ text, code string }{
		"stages":  {`{"definitions": [{"id": "p", "stages": [` + many(40000, `{"id": "s#"}`) + `]}]}`, "too_many"},
		"unknown": {`{"definitions": [{"id": "p", "stages": [` + many(500, `{"id": "s#"}`) + `], "moves": [` + many(500, `{"action": "a#", "from": ["x#"], "to": "y#"}`) + `]}]}`, "unknown_name"},
		"routes":  {`{"routes": [` + many(20000, `{"id": "#", "channels": ["#"]}`) + `]}`, "too_many"},
		"boxes":   {`{"routes": [` + many(2000, `{"id": "#", "channels": ["a#"], "forms": ["b#"], "sites": ["c#"], "pipeline": "p"}`) + `]}`, "unknown_name"},
		"needs":   {`{"definitions": [{"id": "p", "moves": [{"needs": [` + many(30000, `{"field": "f#"}`) + `]}]}]}`, "too_many"},
		"keys":    {`{` + many(50000, `"k#": 1`) + `}`, "unknown_key"},
	} {
		rules, err := pipeline.Read(strings.NewReader(c.text))
		if err == nil {
			_, err = pipeline.Compile(rules)
		}
		var config *pipeline.ConfigError
		require.ErrorAs(t, err, &config, name)
		require.Equal(t, c.code, config.Problems[0].Code, name)
	}
}
