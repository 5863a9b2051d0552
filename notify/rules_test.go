package notify_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rickb777/date/v2/clock"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/notify"
)

func TestCheckFinds(t *testing.T) {
	t.Parallel()
	require.Empty(t, notify.Check(testRules()))
	for _, c := range []struct {
		name   string
		change func(r *notify.Rules)
		code   notify.ProblemCode
		path   string
		names  []string
	}{
		{"zone", func(r *notify.Rules) { r.Zone = "Moscow" }, notify.ProblemZone, "zone", []string{"Moscow"}},
		{"empty ID", func(r *notify.Rules) { r.Categories[0].ID = "" }, notify.ProblemID, "categories[0].id", []string{""}},
		{"ID with a separator", func(r *notify.Rules) { r.Reminders[0].ID = "a|b" }, notify.ProblemID, "reminders[0].id", []string{"a|b"}},
		{"twice", func(r *notify.Rules) { r.Channels = append(r.Channels, r.Channels[0]) }, notify.ProblemDuplicate, "channels[5].id", []string{"whatsapp"}},
		{"unknown channel", func(r *notify.Rules) { r.Plans[0].Steps[1].Channel = "vibre" }, notify.ProblemUnknown, "plans[0].steps[1].channel", []string{"vibre", "viber"}},
		{"unknown plan", func(r *notify.Rules) { r.Templates[0].Plan = "persons" }, notify.ProblemUnknown, "templates[0].plan", []string{"persons", "person"}},
		{"unknown category", func(r *notify.Rules) { r.Templates[0].Category = "x" }, notify.ProblemUnknown, "templates[0].category", []string{"x"}},
		{"price of an unknown category", func(r *notify.Rules) { r.Channels[0].Prices[0].Category = "servise" }, notify.ProblemUnknown, "channels[0].prices[0].category", []string{"servise", "service"}},
		{"unknown template", func(r *notify.Rules) { r.Reminders[0].Template = "recieved" }, notify.ProblemUnknown, "reminders[0].template", []string{"recieved", "received"}},
		{"text of an unknown channel", func(r *notify.Rules) { r.Templates[0].Texts[0].Channel = "fax" }, notify.ProblemUnknown, "templates[0].texts[0].channel", []string{"fax"}},
		{"no steps", func(r *notify.Rules) { r.Plans[0].Steps = nil }, notify.ProblemEmpty, "plans[0].steps", nil},
		{"a channel twice in a plan", func(r *notify.Rules) { r.Plans[0].Steps[1].Channel = "whatsapp" }, notify.ProblemDuplicate, "plans[0].steps[1].channel", []string{"whatsapp"}},
		{"no Within", func(r *notify.Rules) { r.Plans[0].Steps[0].Within = 0 }, notify.ProblemNumber, "plans[0].steps[0].within", []string{"0s"}},
		{"double delivery", func(r *notify.Rules) { r.Channels[0].MinTTL = time.Hour }, notify.ProblemDouble, "plans[0].steps[0].within", []string{"1h0m0s", "10m0s"}},
		{"until beyond receipts", func(r *notify.Rules) { r.Plans[2].Steps[0].Until = notify.LevelDelivered }, notify.ProblemUntil, "plans[2].steps[0].until", []string{"delivered", "accepted"}},
		{"unread alert without read receipts", func(r *notify.Rules) { r.Plans[0].Steps[2].UnreadAlert = time.Hour }, notify.ProblemUntil, "plans[0].steps[2].unread_alert", []string{"read", "delivered"}},
		{"charge beyond receipts", func(r *notify.Rules) { r.Channels[2].Charge = notify.LevelRead }, notify.ProblemUntil, "channels[2].charge", []string{"read", "delivered"}},
		{"mixed currency", func(r *notify.Rules) { r.Channels[1].Prices[0].Currency = "KZT" }, notify.ProblemMixed, "plans[0]", []string{"RUB", "KZT"}},
		{"currency", func(r *notify.Rules) { r.Channels[1].Prices[0].Currency = "rub" }, notify.ProblemCurrency, "channels[1].prices[0].currency", []string{"rub"}},
		{"negative price", func(r *notify.Rules) { r.Channels[1].Prices[0].Amount = dec("-1") }, notify.ProblemNumber, "channels[1].prices[0].amount", []string{"-1"}},
		{"no price", func(r *notify.Rules) { r.Channels[1].Prices[0].Prefix = "+7" }, notify.ProblemPrice, "templates[0].plan.steps[1]", []string{"viber", "service"}},
		{"a price that never matches", func(r *notify.Rules) { r.Channels[1].Prices = append(r.Channels[1].Prices, r.Channels[1].Prices[0]) }, notify.ProblemNever, "channels[1].prices[1]", []string{"channels[1].prices[0]"}},
		{"TTLs that exclude each other", func(r *notify.Rules) { r.Channels[1].MaxTTL = time.Second }, notify.ProblemNever, "channels[1].min_ttl", []string{"30s", "1s"}},
		{"a negative rate", func(r *notify.Rules) { r.Channels[1].PerMinute = -1 }, notify.ProblemNumber, "channels[1]", []string{"-1ns"}},
		{"a missing language", func(r *notify.Rules) { r.Templates[4].Texts = r.Templates[4].Texts[:1] }, notify.ProblemLanguage, "templates[4].texts", []string{"email", "ru"}},
		{"no text for a step", func(r *notify.Rules) {
			for i := range r.Templates[4].Texts {
				r.Templates[4].Texts[i].Channel = "sms"
			}
		}, notify.ProblemNever, "templates[4].texts", []string{"email"}},
		{"a text twice", func(r *notify.Rules) { r.Templates[4].Texts = append(r.Templates[4].Texts, r.Templates[4].Texts[0]) }, notify.ProblemDuplicate, "templates[4].texts[2]", []string{"en", ""}},
		{"a missing variable", func(r *notify.Rules) { r.Templates[4].Texts[0].Body = "{nmae}{name}" }, notify.ProblemVariable, "templates[4].texts[0].body", []string{"nmae"}},
		{"an unused variable", func(r *notify.Rules) { r.Templates[4].Vars = []string{"name", "city"} }, notify.ProblemUnused, "templates[4].vars[1]", []string{"city"}},
		{"a lone brace", func(r *notify.Rules) { r.Templates[4].Texts[0].Body = "{name} {" }, notify.ProblemSyntax, "templates[4].texts[0].body", []string{"{name} {"}},
		{"a variable's name", func(r *notify.Rules) { r.Templates[4].Vars = []string{"name", "a b"} }, notify.ProblemSyntax, "templates[4].vars[1]", []string{"a b"}},
		{"an empty text", func(r *notify.Rules) { r.Templates[4].Texts[0].Body = "" }, notify.ProblemEmpty, "templates[4].texts[0].body", nil},
		{"a line break in a subject", func(r *notify.Rules) { r.Templates[4].Texts[0].Subject = "a\r\nBcc: b" }, notify.ProblemLineBreak, "templates[4].texts[0].subject", nil},
		{"clock", func(r *notify.Rules) { r.Categories[1].QuietTo = 25 * clock.Hour }, notify.ProblemClock, "categories[1].quiet_to", []string{"25h0m0s"}},
		{"two offsets", func(r *notify.Rules) { r.Reminders[1].Days = 1 }, notify.ProblemOffset, "reminders[1]", []string{"-24h0m0s", "1", "00:00:00.000"}},
		{"no anchor", func(r *notify.Rules) { r.Reminders[1].From = notify.AnchorNone }, notify.ProblemEmpty, "reminders[1].from", nil},
		{"always too late", func(r *notify.Rules) { r.Reminders[0].Late = false }, notify.ProblemNever, "reminders[0]", []string{"late"}},
		{"due after its deadline", func(r *notify.Rules) { r.Reminders[1].Shift = time.Hour }, notify.ProblemNever, "reminders[1].until", []string{"start"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := testRules()
			c.change(&rules)
			problems := notify.Check(rules)
			i := slices.IndexFunc(problems, func(p notify.Problem) bool { return p.Code == c.code && p.Path == c.path })
			require.GreaterOrEqual(t, i, 0, "%v", problems)
			require.Equal(t, c.names, problems[i].Names)
			require.NotEqual(t, problems[i].Text("en"), problems[i].Text("ru"))
			_, err := notify.Compile(rules)
			var faulty *notify.ConfigError
			require.ErrorAs(t, err, &faulty)
			require.Equal(t, problems, faulty.Problems)
		})
	}
}

const smallRules = `{
	"zone": "Asia/Almaty",
	"channels": [{"id": "sms", "receipts": "delivered", "prices": [{"amount": 12.5, "currency": "KZT"}], "max_ttl": "24h", "segments": true}],
	"categories": [{"id": "service", "quiet_from": "22:00", "quiet_to": "08:00"}],
	"plans": [{"id": "p", "steps": [{"channel": "sms", "within": "1h"}]}],
	"templates": [{"id": "t", "category": "service", "plan": "p", "vars": ["name"], "texts": [{"lang": "en", "body": "Hello {name}"}]}],
	"reminders": [{"id": "r", "kind": "stay", "from": "start", "days": -2, "at": "10:00", "late": true, "until": "start", "template": "t"}]
}`

func TestRead(t *testing.T) {
	t.Parallel()
	rules, err := notify.Read(strings.NewReader(smallRules))
	require.NoError(t, err)
	require.Empty(t, notify.Check(rules))
	require.Equal(t, clock.New(22, 0, 0, 0), rules.Categories[0].QuietFrom)
	require.Equal(t, time.Hour, rules.Plans[0].Steps[0].Within)
	require.Equal(t, "12.5", rules.Channels[0].Prices[0].Amount.String())
	require.Equal(t, notify.Reminder{ID: "r", Kind: "stay", From: notify.AnchorStart, Until: notify.AnchorStart, Days: -2, At: clock.New(10, 0, 0, 0), Late: true, Template: "t"}, rules.Reminders[0])

	for _, c := range []struct{ name, old, new, bad string }{
		{"unknown key", `"zone":`, `"zoen":`, `"zoen"`},
		{"key twice", `"zone": "Asia/Almaty"`, `"zone": "",  "zone": "Asia/Almaty"`, `"zone": "Asia`},
		{"bad duration", `"24h"`, `"a day"`, `"a day"`},
		{"duration as a number", `"24h"`, `24`, `24,`},
		{"bad level", `"delivered"`, `"arrived"`, `"arrived"`},
		{"bad clock", `"22:00"`, `"noon"`, `"noon"`},
		{"wrong type", `"late": true`, `"late": "yes"`, `"yes"`},
		{"a list wanted", `"plans": [`, `"plans": 1, "x": [`, `1, "x"`},
		{"a huge exponent", `12.5`, `1e99999999`, `1e99999999`},
		{"a fraction of a day", `-2`, `-2.5`, `-2.5`},
		{"an unknown anchor", `"from": "start"`, `"from": "begin"`, `"begin"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(smallRules, c.old, c.new, 1)
			_, err := notify.Read(strings.NewReader(text))
			var row *notify.RowError
			require.ErrorAs(t, err, &row)
			at := strings.Index(text, c.bad)
			require.Equal(t, 1+strings.Count(text[:at], "\n"), row.Line)
			require.Equal(t, at-strings.LastIndex(text[:at], "\n"), row.Column)
			require.Contains(t, c.bad, row.Value)
			require.NotEqual(t, row.Text("en"), row.Text("ru"))
		})
	}
	for _, text := range []string{"", "null", "[]", smallRules + "{}", smallRules[:200], "\xff", `{"zone": "\ud800"`, strings.Repeat("[", 100000)} {
		_, err := notify.Read(strings.NewReader(text))
		require.ErrorIs(t, err, notify.ErrInvalid)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(smallRules)
	f.Add(`{"channels":[{"id":"a","prices":[{"amount":"1e5"}]}]}`)
	f.Add(`{"reminders":[{"at":"25:00","days":1e9}]}`)
	f.Add(`{"templates":[{"vars":["{"],"texts":[{"body":"{{}}{a}"}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := notify.Read(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, notify.ErrInvalid) {
				t.Fatalf("not an error of ours: %v", err)
			}
			return
		}
		problems := notify.Check(rules)
		for _, p := range problems {
			if p.Text("en") == "" || p.Text("ru") == "" {
				t.Fatalf("a problem without words: %+v", p)
			}
		}
		e, err := notify.Compile(rules)
		if (err == nil) != (len(problems) == 0) {
			t.Fatalf("Compile says %v, Check found %d", err, len(problems))
		}
		if e == nil {
			return
		}
		for _, tpl := range rules.Templates { // law 13
			m := notify.Message{ID: "m", Template: tpl.ID, Vars: map[string]string{}, To: notify.Recipient{Addresses: map[notify.ChannelID]string{}}}
			for _, v := range tpl.Vars {
				m.Vars[v] = "x"
			}
			for _, ch := range rules.Channels {
				m.To.Addresses[ch.ID] = "a"
			}
			d, _, err := e.Start(m, nil, noon)
			if err != nil {
				t.Fatalf("clean rules, declared variables, and Start fails: %v", err)
			}
			e.Advance(d, nil, d.Wake)
		}
	})
}

// Law 13: if Check is clean, rendering never fails on declared variables, and puts each value where
// its name stood.
func TestRendering(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		vars := map[string]string{"a": rapid.StringN(0, 20, -1).Draw(t, "a"), "b_2": rapid.StringN(0, 20, -1).Draw(t, "b")}
		for k, v := range vars {
			vars[k] = strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", ""), "")
		}
		var body, want strings.Builder
		for range rapid.IntRange(1, 8).Draw(t, "pieces") {
			switch piece := rapid.SampledFrom([]string{"{a}", "{b_2}", "{{", "}}", "{{a}}", "plain", "№ "}).Draw(t, "piece"); piece {
			case "{a}", "{b_2}":
				body.WriteString(piece)
				want.WriteString(vars[strings.Trim(piece, "{}")])
			case "{{", "}}":
				body.WriteString(piece)
				want.WriteString(piece[:1])
			case "{{a}}":
				body.WriteString(piece)
				want.WriteString("{a}")
			default:
				body.WriteString(piece)
				want.WriteString(piece)
			}
		}
		body.WriteString("{a}{b_2}")
		want.WriteString(vars["a"] + vars["b_2"])
		rules := testRules()
		rules.Templates = append(rules.Templates, notify.Template{ID: "x", Category: "service", Plan: "letter", Vars: []string{"a", "b_2"},
			Texts: []notify.Text{{Lang: "en", Body: body.String()}, {Lang: "ru", Body: body.String()}}})
		e, err := notify.Compile(rules)
		require.NoError(t, err)
		d, _, err := e.Start(notify.Message{ID: "m", Template: "x", To: guest(), Vars: vars}, nil, noon)
		require.NoError(t, err)
		_, out, _ := e.Advance(d, nil, noon)
		require.Equal(t, want.String(), out.Body)
	})
}

func ExampleCheck() {
	rules := testRules()
	rules.Channels[0].MinTTL = time.Hour
	rules.Templates[0].Texts[0].Body = "{nane}"
	for _, p := range notify.Check(rules) {
		fmt.Println(p.Text("en"))
	}
	// Output:
	// plans[0].steps[0].within: the provider would still try after the next step began: 1h0m0s, 10m0s
	// plans[1].steps[2].within: the provider would still try after the next step began: 1h0m0s, 10m0s
	// templates[0].texts[0].body: the variable is not declared: nane
}

func ExampleRead() {
	rules, err := notify.Read(strings.NewReader(smallRules))
	if err != nil {
		panic(err)
	}
	engine, err := notify.Compile(rules)
	if err != nil {
		panic(err)
	}
	trip := notify.Occasion{ID: "stay-1", Kind: "stay", Start: noon, Vars: map[string]string{"name": "Aigul"}}
	for _, m := range engine.Remind(trip, noon.AddDate(0, 0, -7)) {
		fmt.Println(m.ID)
	}
	// Output: stay-1|r|2026-05-30T05:00:00Z
}
