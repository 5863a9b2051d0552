package voucher

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// check lists the faults of a validator that stands at the path.
func (v Validator) check(at string, declared map[FieldID]FieldType, typed bool) Problems {
	var ps Problems
	add := func(code, where, got, want string) {
		ps = append(ps, Problem{Code: code, Field: at + where, Got: got, Want: want})
	}
	least, most := 1, 1000
	var types []FieldType // that it can judge; nil: any
	switch v.Kind {
	case Required:
		if len(v.Papers) > 0 {
			least = 0
		}
	case Equal:
		if least = 2; len(v.Papers) > 0 {
			least = 1
		}
		if len(v.Papers) == 1 {
			add("count", ".papers", "1", "2")
		}
	case SumIs:
		least, types = 2, []FieldType{TypeAmount, TypeInt}
	case Ordered:
		least, types = 2, []FieldType{TypeDate, TypeMoment}
	case ValidUntil:
		most, types = 2, []FieldType{TypeDate, TypeMoment}
	case Fresh:
	case Wording:
		least, most = 0, 0
		if len(v.Papers) == 0 {
			add("count", ".papers", "0", "1")
		}
	case Matches:
		types = []FieldType{TypeText, TypeInt}
		if _, err := fullPattern(v.Pattern); err != nil || v.Pattern == "" {
			add("pattern", ".pattern", v.Pattern, "RE2")
		}
	case OneOf:
		types = []FieldType{TypeText, TypeInt, TypeYes}
		if len(v.Values) == 0 {
			add("count", ".values", "0", "1")
		}
	default:
		add("validator_kind", ".kind", string(v.Kind), "required, equal, sum_is, ordered, valid_until, fresh, wording, matches, one_of")
		most = len(v.Fields)
		least = 0
	}
	if n := len(v.Fields); n < least || n > most {
		add("count", ".fields", fmt.Sprint(n), fmt.Sprintf("%d…%d", least, most))
	}
	unused := func(set bool, where string, kinds ...ValidatorKind) {
		if set && !slices.Contains(kinds, v.Kind) {
			add("unused", where, "", "")
		}
	}
	unused(v.Days != 0, ".days", ValidUntil, Fresh)
	unused(len(v.Values) > 0, ".values", OneOf)
	unused(v.Pattern != "", ".pattern", Matches)
	unused(len(v.Papers) > 0, ".papers", Required, Equal, Wording)
	if v.Days < 0 {
		add("negative", ".days", fmt.Sprint(v.Days), "0")
	}
	for i, id := range v.Fields {
		where := fmt.Sprintf(".fields[%d]", i)
		list, inner, nested := id.split()
		if !identifier.MatchString(string(list)) || nested && !identifier.MatchString(string(inner)) {
			add("identifier", where, string(id), "")
			continue
		}
		kind, ok := declared[id]
		switch {
		case !typed:
		case !ok:
			add("unknown_field", where, string(id), "")
		case types != nil && !slices.Contains(types, kind):
			add("wrong_type", where, string(kind), fmt.Sprint(types))
		}
	}
	return append(ps, v.Label.check(at)...)
}

// An inspection is what validators look at.
type inspection struct {
	pack      Pack
	values    Values
	confirmed map[FieldID]date.Date
	papers    map[PaperID]PaperState
	wordings  []Template
	today     date.Date
}

// A found is a value with where it stands.
type found struct {
	at    FieldID
	value Value
}

// find returns the values of a field, one for each element of a list; a blank one where there is
// none.
func (in inspection) find(id FieldID) []found {
	list, inner, nested := id.split()
	v := in.values[list]
	if !nested || v.blank() {
		return []found{{id, v}}
	}
	fs := make([]found, len(v.elements))
	for i, e := range v.elements {
		fs[i] = found{FieldID(fmt.Sprintf("%s[%d].%s", list, i+1, inner)), e[inner]}
	}
	return fs
}

func (v Validator) reason(code string, field FieldID, got, want string) Reason {
	return Reason{Code: code, Party: v.Party, Field: field, Title: v.Title, Got: got, Want: want}
}

// judge returns what the validator finds wrong.
func (v Validator) judge(in inspection) []Reason {
	var rs []Reason
	add := func(code string, field FieldID, got, want string) {
		rs = append(rs, v.reason(code, field, got, want))
	}
	if v.Kind == Equal && len(v.Papers) > 0 {
		return v.alike(in)
	}
	var all [][]found
	for _, id := range v.Fields {
		fs := in.find(id)
		all = append(all, fs)
		for _, f := range fs {
			if f.value.blank() && v.Kind != Matches && v.Kind != OneOf {
				add("missing", f.at, "", "")
			}
		}
	}
	if len(rs) > 0 && v.Kind != Required {
		return rs
	}
	switch v.Kind {
	case Required:
		for _, f := range slices.Concat(all...) {
			if f.value.kind == TypeYes && f.value.number == 0 {
				add("not_ticked", f.at, "no", "yes")
			}
		}
		for _, id := range v.Papers {
			if in.papers[id].Signed == 0 {
				r := v.reason("not_signed", "", "", "")
				r.Paper = id
				rs = append(rs, r)
			}
		}
	case Equal:
		first := all[0][0]
		for _, f := range slices.Concat(all...) {
			if !f.value.Equal(first.value) {
				add("differs", f.at, f.value.String(), first.value.String())
			}
		}
	case SumIs:
		rs = v.sum(all)
	case Ordered:
		fs := slices.Concat(all...)
		for i := 1; i < len(fs); i++ {
			before, ok1 := fs[i-1].value.day()
			day, ok2 := fs[i].value.day()
			if !ok1 || !ok2 {
				add("wrong_type", fs[i].at, string(fs[i].value.kind), "date")
			} else if day < before || fs[i].value.kind == TypeMoment && fs[i-1].value.kind == TypeMoment && fs[i].value.moment.Before(fs[i-1].value.moment) {
				add("too_early", fs[i].at, fs[i].value.String(), "≥ "+fs[i-1].value.String())
			}
		}
	case ValidUntil:
		rs = v.until(in, all)
	case Fresh:
		for _, id := range v.Fields {
			on, ok := in.confirmed[id]
			switch {
			case !ok || on > in.today:
				add("not_confirmed", id, "", in.today.String())
			case int64(in.today-on) > int64(v.Days):
				add("stale_value", id, on.String(), "≥ "+(in.today-date.Date(v.Days)).String())
			}
		}
	case Wording:
		return v.wording(in)
	case Matches:
		pattern, err := fullPattern(v.Pattern)
		for _, f := range slices.Concat(all...) {
			if !f.value.blank() && (err != nil || !pattern.MatchString(f.value.String())) {
				add("no_match", f.at, f.value.String(), v.Pattern)
			}
		}
	case OneOf:
		for _, f := range slices.Concat(all...) {
			if !f.value.blank() && !slices.Contains(v.Values, f.value.String()) {
				add("none_of", f.at, f.value.String(), strings.Join(v.Values, ", "))
			}
		}
	}
	return rs
}

// alike compares what papers printed.
func (v Validator) alike(in inspection) []Reason {
	var rs []Reason
	for _, id := range v.Fields {
		var first *found
		for _, paper := range v.Papers {
			printed, ok := in.papers[paper].Printed.Values[id]
			if !ok {
				continue
			}
			if first == nil {
				first = &found{FieldID(paper), printed}
			} else if !printed.Equal(first.value) {
				r := v.reason("differs", id, printed.String(), first.value.String()+" ("+string(first.at)+")")
				r.Paper = paper
				rs = append(rs, r)
			}
		}
	}
	return rs
}

func (v Validator) sum(all [][]found) []Reason {
	last := all[len(all)-1][0]
	total := decimal.Zero
	for _, f := range slices.Concat(all...) {
		if f.value.kind != last.value.kind || f.value.text != last.value.text || f.value.kind != TypeAmount && f.value.kind != TypeInt {
			return []Reason{v.reason("wrong_type", f.at, strings.TrimSpace(string(f.value.kind)+" "+f.value.currency()), strings.TrimSpace(string(last.value.kind)+" "+last.value.currency()))}
		}
		if code, got, want := f.value.fault(); code != "" {
			return []Reason{v.reason(code, f.at, got, want)}
		}
	}
	for _, f := range slices.Concat(all[:len(all)-1]...) {
		total = total.Add(f.value.amount).Add(decimal.NewFromInt(f.value.number))
	}
	if !total.Equal(last.value.amount.Add(decimal.NewFromInt(last.value.number))) {
		return []Reason{v.reason("sum_differs", last.at, last.value.String(), strings.TrimSpace(total.String()+" "+last.value.currency()))}
	}
	return nil
}

func (v Validator) until(in inspection, all [][]found) []Reason {
	from := in.today
	if len(all) == 2 {
		from = date.Min()
		for _, f := range all[1] {
			day, ok := f.value.day()
			if !ok {
				return []Reason{v.reason("wrong_type", f.at, string(f.value.kind), "date")}
			}
			from = max(from, day)
		}
	}
	var rs []Reason
	least := from + date.Date(v.Days)
	for _, f := range all[0] {
		if day, ok := f.value.day(); !ok {
			rs = append(rs, v.reason("wrong_type", f.at, string(f.value.kind), "date"))
		} else if day < least {
			rs = append(rs, v.reason("expires", f.at, day.String(), "≥ "+least.String()))
		}
	}
	return rs
}

func (v Validator) wording(in inspection) []Reason {
	var rs []Reason
	for _, id := range v.Papers {
		state := in.papers[id]
		if state.Printed.Template == (TemplateRef{}) {
			continue // nothing was printed yet
		}
		day := state.Signed
		if day == 0 {
			day = in.today
		}
		paper := in.pack.Papers[slices.IndexFunc(in.pack.Papers, func(p Paper) bool { return p.ID == id })]
		inForce := newest(in.wordings, paper.Template, day)
		switch {
		case len(inForce) == 0:
			rs = append(rs, Reason{Code: "no_wording", Party: v.Party, Paper: id, Title: v.Title, Want: day.String()})
		case state.Printed.Template != inForce[0].Ref():
			rs = append(rs, Reason{Code: "old_wording", Party: v.Party, Paper: id, Title: v.Title,
				Got: state.Printed.Template.String(), Want: inForce[0].Ref().String()})
		}
	}
	return rs
}

// String returns the name and version: contract.v2.
func (r TemplateRef) String() string { return fmt.Sprintf("%s.v%d", r.ID, r.Version) }

// day returns the civil date of a date or, on its own clock, of a moment.
func (v Value) day() (date.Date, bool) {
	switch v.kind {
	case TypeDate:
		return date.Date(v.number), true
	case TypeMoment:
		return date.NewAt(v.local()), true
	}
	return 0, false
}

func (v Value) currency() string {
	if v.kind == TypeAmount {
		return v.text
	}
	return ""
}
