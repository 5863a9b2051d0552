package voucher

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/internal/strictjson"
)

type (
	// A PackID names a kind of deal by its papers.
	PackID string

	// A PaperID names a paper of a pack.
	PaperID string

	// A StepID names a step of a pack's checklist.
	StepID string
)

// A Pack is the papers of one kind of deal, its checklist, and what must hold.
type Pack struct {
	ID         PackID      `json:"id"`
	Version    int         `json:"version"`
	Papers     []Paper     `json:"papers"`
	Steps      []Step      `json:"steps"` // the checklist, in order
	Validators []Validator `json:"validators"`
}

// A Paper is a document of a pack.
type Paper struct {
	ID       PaperID    `json:"id"`
	Template TemplateID `json:"template"`
	Label
}

// A Step is a line of the checklist: it is open once all of After are done.
type Step struct {
	ID    StepID   `json:"id"`
	After []StepID `json:"after,omitempty"`
	Label
}

// A ValidatorKind says what a validator demands.
type ValidatorKind string

// The kinds of validators. Equal, SumIs, Ordered, ValidUntil and Fresh cannot hold without their
// values, which are then missing; Matches and OneOf judge a value only where there is one.
const (
	// Required: each of Fields has a value (a yes is yes), each of Papers is signed.
	Required ValidatorKind = "required"
	// Equal: with Papers, each of Fields was printed alike on all of them; else all Fields are equal.
	Equal ValidatorKind = "equal"
	// SumIs: all Fields but the last add up to the last; a list's fields count all its elements.
	SumIs ValidatorKind = "sum_is"
	// Ordered: the dates in Fields do not decrease.
	Ordered ValidatorKind = "ordered"
	// ValidUntil: the first of Fields lies at least Days after the second, or after today if there is no second.
	ValidUntil ValidatorKind = "valid_until"
	// Fresh: each of Fields was confirmed by its party within Days.
	Fresh ValidatorKind = "fresh"
	// Wording: each of Papers was printed in the wording in force when it was signed, or today.
	Wording ValidatorKind = "wording"
	// Matches: each of Fields matches Pattern (RE2) as a whole.
	Matches ValidatorKind = "matches"
	// OneOf: each of Fields reads as one of Values.
	OneOf ValidatorKind = "one_of"
)

// A Validator is a condition as data. A field of a list is written "tourists.passport" and judged
// for each element.
type Validator struct {
	Kind    ValidatorKind `json:"kind"`
	Fields  []FieldID     `json:"fields,omitempty"`
	Papers  []PaperID     `json:"papers,omitempty"`
	Days    int           `json:"days,omitempty"`
	Values  []string      `json:"values,omitempty"`
	Pattern string        `json:"pattern,omitempty"`
	Label
}

// A Dossier is what is known of one deal.
type Dossier struct {
	Values    Values
	Confirmed map[FieldID]date.Date // when a field's party last confirmed it
	Papers    []PaperState          // at most one for a paper
	Done      map[StepID]date.Date
}

// A PaperState is what happened to a paper: printed as Printed says, signed on Signed.
type PaperState struct {
	Paper   PaperID
	Printed Printed
	Signed  date.Date
}

// A Report says what stands in the way, and whose move it is.
type Report struct {
	Ready   bool   // there is no reason
	Turn    Party  // whose Next is; "" when the checklist is done
	Next    StepID // the first open step
	Reasons []Reason
}

// ReadPack reads a pack from JSON. A key that means nothing, or written twice, or a value of
// another type is a [RowError] with its place; what [Pack.Check] finds comes as a [ConfigError],
// each problem with its place.
func ReadPack(r io.Reader) (Pack, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return Pack{}, fmt.Errorf("voucher: read pack: %w", err)
	}
	if len(raw) > maxBody {
		return Pack{}, &RowError{Line: 1, Column: 1, Why: "body_too_long"}
	}
	var p Pack
	places, fault := strictjson.Decode(raw, &p)
	if fault != nil {
		return Pack{}, rowError("", fault)
	}
	problems := p.Check()
	for i, problem := range problems {
		for at := problem.Field; ; at = at[:max(0, strings.LastIndexAny(at, ".["))] {
			if place, ok := places[at]; ok {
				problems[i].Line, problems[i].Column = place.Line, place.Column
				break
			}
		}
	}
	return p, problems.Err()
}

// Check returns what is wrong with the pack; with templates, also whether each paper has one and
// each validator's fields are printed by some paper, with a type that it can judge.
func (p Pack) Check(templates ...Template) Problems {
	var ps Problems
	add := func(code, at, got, want string) {
		ps = append(ps, Problem{Code: code, Field: at, Got: got, Want: want})
	}
	if badID(string(p.ID)) != "" || p.ID == "" {
		add("identifier", "id", string(p.ID), "")
	}
	if p.Version < 1 {
		add("version", "version", fmt.Sprint(p.Version), "1")
	}
	papers := map[PaperID]bool{}
	for i, paper := range p.Papers {
		at := fmt.Sprintf("papers[%d]", i)
		if paper.ID == "" || badID(string(paper.ID)) != "" {
			add("identifier", at+".id", string(paper.ID), "")
		}
		if papers[paper.ID] {
			add("twice", at+".id", string(paper.ID), "")
		}
		papers[paper.ID] = true
		if paper.Template == "" || len(templates) > 0 && !slices.ContainsFunc(templates, func(t Template) bool { return t.ID == paper.Template }) {
			add("unknown_template", at+".template", string(paper.Template), "")
		}
		ps = append(ps, paper.Label.check(at)...)
	}
	ps = append(ps, p.checkSteps()...)
	declared := p.declared(templates)
	for i, v := range p.Validators {
		at := fmt.Sprintf("validators[%d]", i)
		ps = append(ps, v.check(at, declared, len(templates) > 0)...)
		for j, id := range v.Papers {
			if !papers[id] {
				add("unknown_paper", fmt.Sprintf("%s.papers[%d]", at, j), string(id), "")
			}
		}
	}
	return ps
}

func (p Pack) checkSteps() Problems {
	var ps Problems
	steps := map[StepID][]StepID{}
	for i, s := range p.Steps {
		at := fmt.Sprintf("steps[%d]", i)
		if s.ID == "" || badID(string(s.ID)) != "" {
			ps = append(ps, Problem{Code: "identifier", Field: at + ".id", Got: string(s.ID)})
		}
		if _, ok := steps[s.ID]; ok {
			ps = append(ps, Problem{Code: "twice", Field: at + ".id", Got: string(s.ID)})
		}
		steps[s.ID] = s.After
		ps = append(ps, s.Label.check(at)...)
	}
	order := p.inOrder(steps)
	for i, s := range p.Steps {
		for j, before := range s.After {
			at := fmt.Sprintf("steps[%d].after[%d]", i, j)
			if _, ok := steps[before]; !ok {
				ps = append(ps, Problem{Code: "unknown_step", Field: at, Got: string(before)})
			} else if order[before] >= order[s.ID] {
				ps = append(ps, Problem{Code: "cycle", Field: at, Got: string(before)})
			}
		}
	}
	return ps
}

// inOrder numbers the steps so that each comes after those it waits for, as far as that can be.
func (p Pack) inOrder(after map[StepID][]StepID) map[StepID]int {
	order, begun := map[StepID]int{}, map[StepID]bool{}
	var visit func(StepID)
	visit = func(id StepID) {
		if begun[id] {
			return
		}
		begun[id] = true
		for _, before := range after[id] {
			visit(before)
		}
		order[id] = len(order) + 1
	}
	for _, s := range p.Steps {
		visit(s.ID)
	}
	return order
}

// declared returns the types of the fields that the pack's papers print, by path.
func (p Pack) declared(templates []Template) map[FieldID]FieldType {
	types := map[FieldID]FieldType{}
	for id, kind := range given {
		types[id] = kind
	}
	for _, t := range templates {
		if !slices.ContainsFunc(p.Papers, func(paper Paper) bool { return paper.Template == t.ID }) {
			continue
		}
		for _, f := range t.Fields {
			types[f.ID] = f.kind()
			for _, inner := range f.Fields {
				types[f.ID+"."+inner.ID] = inner.kind()
			}
		}
	}
	return types
}

// Inspect says what is wrong with a deal's papers today, and whose move it is. Wordings are all
// templates there are, in force or not. The order of what the dossier holds does not matter.
//
// Beside the pack's validators, each paper that is not yet signed needs the fields its wording in
// force requires, a printed value must be the dossier's, and a step is done only after those it
// waits for. A pack with problems is a [ConfigError]; a dossier that names a paper twice, or one
// the pack does not have, is an [InvalidError].
func (p Pack) Inspect(d Dossier, wordings []Template, today date.Date) (Report, error) {
	if err := p.Check().Err(); err != nil {
		return Report{}, err
	}
	papers := map[PaperID]PaperState{}
	for _, state := range d.Papers {
		if _, ok := papers[state.Paper]; ok {
			return Report{}, &InvalidError{Field: "papers", Value: string(state.Paper), Why: "twice"}
		}
		if !slices.ContainsFunc(p.Papers, func(paper Paper) bool { return paper.ID == state.Paper }) {
			return Report{}, &InvalidError{Field: "papers", Value: string(state.Paper), Why: "unknown_paper"}
		}
		papers[state.Paper] = state
	}
	var r Report
	for _, paper := range p.Papers {
		r.Reasons = append(r.Reasons, paper.inspect(papers[paper.ID], d.Values, wordings, today)...)
	}
	for _, v := range p.Validators {
		r.Reasons = append(r.Reasons, v.judge(inspection{p, d.Values, d.Confirmed, papers, wordings, today})...)
	}
	for _, s := range p.Steps {
		_, done := d.Done[s.ID]
		waits := slices.IndexFunc(s.After, func(before StepID) bool { _, ok := d.Done[before]; return !ok })
		switch {
		case done && waits >= 0:
			before := p.Steps[slices.IndexFunc(p.Steps, func(o Step) bool { return o.ID == s.After[waits] })]
			r.Reasons = append(r.Reasons, Reason{Code: "step_before", Party: before.Party, Step: before.ID, Title: before.Title, Want: string(s.ID)})
		case !done && waits < 0 && r.Next == "":
			r.Next, r.Turn = s.ID, s.Party
		}
	}
	r.Reasons = sortReasons(r.Reasons)
	r.Ready = len(r.Reasons) == 0
	return r, nil
}

// inspect returns what is wrong with one paper, whatever the validators say.
func (paper Paper) inspect(state PaperState, vs Values, wordings []Template, today date.Date) []Reason {
	var rs []Reason
	if state.Signed == 0 {
		inForce := newest(wordings, paper.Template, today)
		if len(inForce) == 0 {
			rs = append(rs, Reason{Code: "no_wording", Party: paper.Party, Paper: paper.ID, Title: paper.Title, Want: today.String()})
		}
		for _, t := range inForce {
			for _, r := range inspectFields(t.Fields, vs, "") {
				if _, ok := given[r.Field]; ok && r.Code == "missing" {
					continue // comes with the number
				}
				r.Paper = paper.ID
				rs = append(rs, r)
			}
		}
	}
	for id, printed := range state.Printed.Values {
		now := vs[id]
		if _, ok := given[id]; ok && now.blank() || printed.Equal(now) {
			continue
		}
		rs = append(rs, Reason{Code: "paper_outdated", Party: paper.Party, Paper: paper.ID, Field: id, Title: paper.Title, Got: printed.String(), Want: now.String()})
	}
	return rs
}

// newest returns the wordings of the highest version in force on the day, one for each language.
func newest(wordings []Template, id TemplateID, day date.Date) []Template {
	var found []Template
	for _, t := range wordings {
		if t.ID != id || !t.InForce(day) {
			continue
		}
		if len(found) > 0 && t.Version > found[0].Version {
			found = nil
		}
		if len(found) == 0 || t.Version == found[0].Version {
			found = append(found, t)
		}
	}
	return found
}

//go:embed ready
var readyFiles embed.FS

// ReadyPack returns a pack that comes with the package, and its templates: "tour_sale" (parties
// client, manager, partner) or "flat_sale" (contract, escrow, e-registration; client, manager,
// bank, registrar, accounts). Copy and change them; they are a start, not legal advice.
func ReadyPack(id PackID) (Pack, []Template, error) {
	file, err := readyFiles.Open(path.Join("ready", string(id), "pack.json"))
	if err != nil || strings.ContainsAny(string(id), "/.") {
		known := []string{"flat_sale", "tour_sale"}
		return Pack{}, nil, &UnknownError{Kind: "pack", ID: string(id), Nearest: nearest(string(id), known)}
	}
	defer file.Close()
	pack, err := ReadPack(file)
	if err != nil {
		return Pack{}, nil, err
	}
	dir, err := fs.Sub(readyFiles, path.Join("ready", string(id)))
	if err != nil {
		return Pack{}, nil, fmt.Errorf("voucher: %w", err)
	}
	templates, err := ReadTemplates(dir)
	return pack, templates, errors.Join(err, pack.Check(templates...).Err())
}

// fullPattern is a pattern that has to match a value as a whole.
func fullPattern(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > 1000 {
		return nil, errors.New("longer than 1000 bytes")
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// split returns a list's field as the list and the field of its elements.
func (id FieldID) split() (list, inner FieldID, nested bool) {
	a, b, ok := strings.Cut(string(id), ".")
	return FieldID(a), FieldID(b), ok
}
