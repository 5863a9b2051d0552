package voucher

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var today = date.New(2026, 9, 1)

func rub(amount int64) Value { return Amount(decimal.New(amount, 0), "RUB") }

// flat returns the flat pack with a deal that nothing stands against.
func flat(t require.TestingT) (Pack, []Template, Dossier) {
	pack, templates, err := ReadyPack("flat_sale")
	require.NoError(t, err)
	d := Dossier{
		Values: Values{
			"buyer": Text("Иванова Анна"), "buyer_passport": Text("4510 123456"), "buyer_tax_id": Text("770123456789"), "buyer_email": Text("anna@example.com"),
			"seller": Text("ООО «Дом»"), "flat": Text("корпус 2, кв. 41"), "cadastral": Text("77:01:0001001:1"),
			"price": rub(9_500_000), "own_funds": rub(2_500_000), "mortgage": rub(7_000_000), "payment": Text("mortgage"),
			"handover": Day(date.New(2027, 3, 31)), "escrow_bank": Text("Банк"), "escrow_account": Text("40824810000000000001"), "escrow_until": Day(date.New(2027, 9, 30)),
			"signature_until": Day(today + 60), "fee_paid": Yes(true),
		},
		Confirmed: map[FieldID]date.Date{"buyer_passport": today - 10},
		Done:      map[StepID]date.Date{"checked": today - 5, "loan": today - 1},
	}
	for _, paper := range pack.Papers {
		inForce := newest(templates, paper.Template, today)
		document, err := Compile(inForce[0])
		require.NoError(t, err)
		printed, err := document.Render(io.Discard, document.Select(d.Values))
		require.NoError(t, err)
		d.Papers = append(d.Papers, PaperState{Paper: paper.ID, Printed: printed})
	}
	return pack, templates, d
}

func TestReadyPacks(t *testing.T) {
	t.Parallel()
	pack, templates, d := flat(t)
	report, err := pack.Inspect(d, templates, today)
	require.NoError(t, err)
	require.Equal(t, Report{Ready: true, Turn: PartyClient, Next: "contract_signed"}, report)

	tour, wordings, err := ReadyPack("tour_sale")
	require.NoError(t, err)
	report, err = tour.Inspect(Dossier{}, wordings, today)
	require.NoError(t, err)
	require.False(t, report.Ready)
	require.Equal(t, StepID("confirmed"), report.Next)

	for _, id := range []PackID{"flat_sail", "", "../ready/flat_sale", "."} {
		_, _, err = ReadyPack(id)
		var unknown *UnknownError
		require.ErrorAs(t, err, &unknown)
		require.NotEqual(t, unknown.Text("ru"), unknown.Text("en"))
	}
}

// Each fault in a deal is one reason, with the party whose turn it is.
func TestInspectSaysWhatIsWrongAndWhoseMoveItIs(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*Dossier){
		"client missing buyer_email":               func(d *Dossier) { delete(d.Values, "buyer_email") },
		"accounts not_ticked fee_paid":             func(d *Dossier) { d.Values["fee_paid"] = Yes(false) },
		"client no_match buyer_passport":           func(d *Dossier) { d.Values["buyer_passport"] = Text("4510-123456") },
		"client no_match buyer_tax_id":             func(d *Dossier) { d.Values["buyer_tax_id"] = Text("1") },
		"accounts none_of payment":                 func(d *Dossier) { d.Values["payment"] = Text("barter") },
		"bank sum_differs price":                   func(d *Dossier) { d.Values["mortgage"] = rub(6_999_999) },
		"bank wrong_type mortgage":                 func(d *Dossier) { d.Values["mortgage"] = Amount(decimal.New(7_000_000, 0), "USD") },
		"bank too_early escrow_until":              func(d *Dossier) { d.Values["escrow_until"] = Day(date.New(2027, 3, 30)) },
		"registrar expires signature_until":        func(d *Dossier) { d.Values["signature_until"] = Day(today + 13) },
		"client stale_value buyer_passport":        func(d *Dossier) { d.Confirmed["buyer_passport"] = today - 31 },
		"client not_confirmed buyer_passport":      func(d *Dossier) { delete(d.Confirmed, "buyer_passport") },
		"client not_confirmed buyer_passport ":     func(d *Dossier) { d.Confirmed["buyer_passport"] = today + 1 },
		"manager differs buyer escrow":             func(d *Dossier) { d.Papers[1].Printed.Values["buyer"] = Text("Иванова") },
		"manager old_wording  contract":            func(d *Dossier) { d.Papers[0].Printed.Template.Version = 1 },
		"client paper_outdated flat contract":      func(d *Dossier) { d.Papers[0].Printed.Values["flat"] = Text("кв. 42") },
		"registrar paper_outdated flat":            func(d *Dossier) { d.Papers[2].Printed.Values["flat"] = Text("кв. 42") },
		"bank missing escrow_account escrow":       func(d *Dossier) { delete(d.Values, "escrow_account") },
		"bank step_before  ":                       func(d *Dossier) { delete(d.Done, "loan"); d.Done["contract_signed"] = today },
		"client text_too_long buyer registration ": func(d *Dossier) { d.Values["buyer"] = Text(strings.Repeat("я", maxText)) },
		"client wrong_type buyer contract":         func(d *Dossier) { d.Values["buyer"] = Int(5) },
	} {
		pack, templates, d := flat(t)
		spoil(&d)
		report, err := pack.Inspect(d, templates, today)
		require.NoError(t, err)
		var got []string
		for _, r := range report.Reasons {
			got = append(got, fmt.Sprintf("%s %s %s %s", r.Party, r.Code, r.Field, r.Paper))
			require.NotEqual(t, r.Text("en"), r.Text("ru"))
			require.NotContains(t, r.Text("ru"), r.Code)
			require.Contains(t, r.Text("ru"), r.Party.Text("ru"))
		}
		require.True(t, slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g+" ", want) }), "want %s among %v", want, got)
		require.False(t, report.Ready)
	}
}

// A paper signed long ago keeps the wording of its day.
func TestWordingIsJudgedOnTheDayOfSigning(t *testing.T) {
	t.Parallel()
	pack, templates, d := flat(t)
	d.Papers[0].Printed.Template.Version = 1
	delete(d.Papers[0].Printed.Values, "escrow_bank")
	d.Papers[0].Signed = date.New(2025, 12, 31)
	report, err := pack.Inspect(d, templates, today)
	require.NoError(t, err)
	require.True(t, report.Ready, report.Reasons)
	d.Papers[0].Signed = date.New(2026, 1, 1)
	report, err = pack.Inspect(d, templates, today)
	require.NoError(t, err)
	require.Equal(t, "old_wording", report.Reasons[0].Code)
	require.Equal(t, []string{"contract.v1", "contract.v2"}, []string{report.Reasons[0].Got, report.Reasons[0].Want})
}

// Passports of a list: each tourist's, at least 90 days beyond the end of the trip.
func TestValidatorsLookIntoLists(t *testing.T) {
	t.Parallel()
	tour, wordings, err := ReadyPack("tour_sale")
	require.NoError(t, err)
	end := today + 20
	d := Dossier{Values: Values{
		"client": Text("Пётр"), "client_phone": Text("+77010000000"), "tour": Text("Алтай"), "trip_start": Day(end - 7), "trip_end": Day(end),
		"tourists": List(Values{"name": Text("А"), "passport": Text("1"), "passport_until": Day(end + 90)}, Values{"name": Text("Б"), "passport": Text("2"), "passport_until": Day(end + 89)}),
		"price":    rub(100), "prepaid": rub(30), "balance": rub(70),
	}, Confirmed: map[FieldID]date.Date{"tourists": today}}
	report, err := tour.Inspect(d, wordings, today)
	require.NoError(t, err)
	require.Len(t, report.Reasons, 1)
	r := report.Reasons[0]
	require.Equal(t, FieldID("tourists[2].passport_until"), r.Field)
	require.Equal(t, PartyClient, r.Party)
	require.Equal(t, []string{(end + 89).String(), "≥ " + (end + 90).String()}, []string{r.Got, r.Want})
	require.Equal(t, "«Срок действия паспорта» (tourists[2].passport_until): истекает слишком рано (сейчас: 2026-12-19; нужно: ≥ 2026-12-20) [клиент]", r.Text("ru"))
}

// Law 11: Inspect is blind to input order; Ready if and only if there is no reason; Turn is the
// party of the first open step; every reason has a party and both texts.
func TestInspect(t *testing.T) {
	t.Parallel()
	pack, templates, whole := flat(t)
	rapid.Check(t, func(t *rapid.T) {
		d := Dossier{Values: whole.Values.clone(), Confirmed: maps.Clone(whole.Confirmed), Done: map[StepID]date.Date{}}
		for _, id := range slices.Sorted(maps.Keys(whole.Values)) {
			switch rapid.IntRange(0, 15).Draw(t, "fate of "+string(id)) {
			case 0:
				delete(d.Values, id)
			case 1:
				d.Values[id] = drawValue(t, Field{Type: rapid.SampledFrom([]FieldType{TypeText, TypeInt, TypeAmount, TypeDate, TypeMoment, TypeYes}).Draw(t, "type")})
			}
		}
		for _, p := range whole.Papers {
			if rapid.Bool().Draw(t, "printed") {
				if p.Printed.Values = p.Printed.Values.clone(); rapid.Bool().Draw(t, "altered") {
					p.Printed.Values["buyer"] = Text("X")
				}
				p.Printed.Template.Version = rapid.IntRange(1, 2).Draw(t, "version")
				d.Papers = append(d.Papers, p)
			}
			if rapid.Bool().Draw(t, "signed") && len(d.Papers) > 0 {
				d.Papers[len(d.Papers)-1].Signed = date.New(rapid.IntRange(2019, 2026).Draw(t, "signed on"), 1, 1)
			}
		}
		for _, s := range pack.Steps {
			if rapid.Bool().Draw(t, "done") {
				d.Done[s.ID] = today
			}
		}
		report, err := pack.Inspect(d, templates, today)
		require.NoError(t, err)
		require.Equal(t, len(report.Reasons) == 0, report.Ready)
		for _, r := range report.Reasons {
			require.NotEmpty(t, r.Party)
			require.NotEmpty(t, r.Text("en"))
			require.NotEqual(t, r.Text("en"), r.Text("ru"))
			require.Contains(t, texts, r.Code)
		}
		// the first open step, found in another way
		var next StepID
		var turn Party
		for _, s := range slices.Backward(pack.Steps) {
			open := d.Done[s.ID] == 0
			for _, before := range s.After {
				open = open && d.Done[before] != 0
			}
			if open {
				next, turn = s.ID, s.Party
			}
		}
		require.Equal(t, next, report.Next)
		require.Equal(t, turn, report.Turn)

		if len(d.Papers) > 0 {
			d.Papers = rapid.Permutation(d.Papers).Draw(t, "papers")
		}
		again, err := pack.Inspect(d, rapid.Permutation(templates).Draw(t, "templates"), today)
		require.NoError(t, err)
		require.Equal(t, report, again)
	})
}

func TestInspectRefusesWhatItCannotUnderstand(t *testing.T) {
	t.Parallel()
	pack, templates, d := flat(t)
	var invalid *InvalidError
	d.Papers = append(d.Papers, d.Papers[0])
	_, err := pack.Inspect(d, templates, today)
	require.ErrorAs(t, err, &invalid)
	d.Papers[3].Paper = "nobody's"
	_, err = pack.Inspect(d, templates, today)
	require.ErrorAs(t, err, &invalid)
	pack.Version = 0
	_, err = pack.Inspect(d, templates, today)
	var config *ConfigError
	require.ErrorAs(t, err, &config)

	pack, templates, d = flat(t)
	report, err := pack.Inspect(d, templates[:0], today)
	require.NoError(t, err)
	require.Equal(t, "no_wording", report.Reasons[0].Code)
}

const tinyPack = `{"id": "p", "version": 1,
 "papers": [{"id": "a", "template": "t", "party": "client", "title": {"en": "A", "ru": "А"}}],
 "steps": [{"id": "s", "party": "client", "title": {"en": "S", "ru": "С"}}],
 "validators": [
  {"kind": "required", "fields": ["client"], "party": "client", "title": {"en": "V", "ru": "В"}}]}`

func TestReadPack(t *testing.T) {
	t.Parallel()
	_, err := ReadPack(strings.NewReader(tinyPack))
	require.NoError(t, err)
	for _, c := range []struct{ old, new, code, at string }{ // at: the text that the place points to
		{`"kind"`, `"kid"`, "unknown_key", `"kid"`},
		{`"kind"`, `"Kind"`, "unknown_key", `"Kind"`},
		{`"version": 1`, `"version": "1"`, "wrong_type", `"1"`},
		{`"version": 1`, `"version": 1, "version": 2`, "twice", `"version": 2`},
		{`"version": 1`, `"version": 1.5`, "wrong_type", `1.5`},
		{`]}`, `]`, "syntax", ""},
		{`"id": "p"`, `"id": p`, "syntax", `p, "ver`},
		{`"required"`, `"requird"`, "validator_kind", `"requird"`},
		{`"required"`, `"equal"`, "count", `["client"]`},
		{`"required"`, `"matches"`, "pattern", `{"kind"`},
		{`"required"`, `"matches", "pattern": "("`, "pattern", `"("`},
		{`"required"`, `"fresh", "days": -1`, "negative", `-1`},
		{`"required"`, `"required", "days": 1`, "unused", `1, "fields"`},
		{`"required"`, `"one_of"`, "count", `{"kind"`},
		{`"required"`, `"wording"`, "count", `{"kind"`},
		{`["client"]`, `["client.x.y"]`, "identifier", `"client.x.y"`},
		{`["client"]`, `[]`, "count", `[]`},
		{`["client"]`, `["client"], "papers": ["b"]`, "unknown_paper", `"b"]`},
		{`"id": "s"`, `"id": "s", "after": ["x"]`, "unknown_step", `"x"]`},
		{`"id": "s"`, `"id": "s", "after": ["s"]`, "cycle", `"s"]`},
		{`"id": "s"`, `"id": ""`, "identifier", `"", "party"`},
		{`"ru": "С"`, `"ru": " "`, "no_title", `{"id": "s"`},
		{`"party": "client", "title": {"en": "V"`, `"title": {"en": "V"`, "no_party", `{"kind"`},
		{`"template": "t"`, `"template": ""`, "unknown_template", `"", "party"`},
	} {
		text := strings.Replace(tinyPack, c.old, c.new, 1)
		require.NotEqual(t, tinyPack, text, c.old)
		line, column := position(text, strings.Index(text, c.at))
		_, err := ReadPack(strings.NewReader(text))
		var row *RowError
		var config *ConfigError
		switch {
		case errorAs(err, &row):
			require.Equal(t, c.code, row.Why, text)
			if c.at != "" {
				require.Equal(t, []int{line, column}, []int{row.Line, row.Column}, text)
			}
		case errorAs(err, &config):
			p := config.Problems[0]
			require.Equal(t, c.code, p.Code, "%s: %v", text, config.Problems)
			require.Equal(t, []int{line, column}, []int{p.Line, p.Column}, text)
			require.NotEqual(t, p.Text("en"), p.Text("ru"))
		default:
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func TestPackCheckKnowsTheTemplates(t *testing.T) {
	t.Parallel()
	pack, templates, _ := flat(t)
	require.Empty(t, pack.Check(templates...))
	pack.Validators = append(pack.Validators,
		Validator{Kind: SumIs, Fields: []FieldID{"buyer", "price"}, Label: label("m")},
		Validator{Kind: Required, Fields: []FieldID{"buyr"}, Label: label("m")})
	pack.Papers[0].Template = "none"
	var got []string
	for _, p := range pack.Check(templates...) {
		got = append(got, p.Code+" "+p.Field)
	}
	require.Contains(t, got, "unknown_template papers[0].template")
	require.Contains(t, got, "wrong_type validators[11].fields[0]")
	require.Contains(t, got, "unknown_field validators[12].fields[0]")
}

func FuzzPack(f *testing.F) {
	f.Add([]byte(tinyPack), "value")
	for _, validator := range []string{ // short, as the fuzzer minimizes what it finds
		`"kind":"equal","fields":["a","b"]`, `"kind":"sum_is","fields":["l.a","b"]`, `"kind":"ordered","fields":["a","l.b"]`, `"kind":"valid_until","fields":["l.a"],"days":9`,
		`"kind":"fresh","fields":["a"],"days":9`, `"kind":"matches","fields":["a"],"pattern":"a+"`, `"kind":"one_of","fields":["a"],"values":["b"]`,
	} {
		f.Add([]byte(`{"id":"p","version":1,"papers":[],"steps":[],"validators":[{`+validator+`,"party":"m","title":{"en":"V","ru":"В"}}]}`), "2027-01-01")
	}
	f.Fuzz(func(t *testing.T, raw []byte, value string) {
		pack, err := ReadPack(strings.NewReader(string(raw)))
		if err != nil {
			var row *RowError
			var config *ConfigError
			require.True(t, errorAs(err, &row) || errorAs(err, &config), err)
			if row != nil {
				require.Positive(t, row.Line)
				require.Positive(t, row.Column)
			}
			return
		}
		vs := Values{}
		for i, v := range pack.Validators {
			for j, id := range v.Fields {
				list, inner, nested := id.split()
				made := []Value{Text(value), Int(int64(len(value))), Yes(len(value)%2 == 0), Day(date.Date(len(value)))}[(i+j)%4]
				if nested {
					made = List(Values{inner: made})
				}
				vs[list] = made
			}
		}
		report, err := pack.Inspect(Dossier{Values: vs}, nil, today)
		require.NoError(t, err)
		require.Equal(t, len(report.Reasons) == 0, report.Ready)
		for _, r := range report.Reasons {
			require.NotEmpty(t, r.Party)
			require.Contains(t, texts, r.Code)
		}
	})
}
