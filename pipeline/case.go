package pipeline

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Record is a case as it is kept. It marshals itself as JSON, its clocks included.
type Record struct {
	ID       CaseID            `json:"id"`
	Pipeline PipelineID        `json:"pipeline"`
	Version  int               `json:"version"` // of the definition it was opened with
	Stage    StageID           `json:"stage"`
	Owner    ActorID           `json:"owner,omitempty"`
	Pool     PoolID            `json:"pool,omitempty"`
	Cards    []CardID          `json:"cards,omitempty"`
	Values   map[FieldID]Value `json:"values,omitempty"`
	Sides    []string          `json:"sides,omitempty"` // open side processes, the oldest first
	Opened   time.Time         `json:"opened"`
	Closed   time.Time         `json:"closed,omitzero"` // when it came to its final stage
	Wake     time.Time         `json:"wake,omitzero"`   // when a Tick has something to do
	Rev      int64             `json:"rev"`             // the number of its last event

	p progress
}

// A Value is what a field holds, and where that came from.
type Value struct {
	Text      string    `json:"text"`
	SourceRev int64     `json:"source_rev,omitempty"` // the outside revision that set it
	At        time.Time `json:"at"`
	By        ActorID   `json:"by,omitempty"`
}

// progress is what only the engine reads of a record.
type progress struct {
	Since     time.Time `json:"since"` // of the stage
	Last      time.Time `json:"last"`  // event that was not dated back
	Turn      string    `json:"turn,omitempty"`
	TurnSince time.Time `json:"turn_since,omitzero"`
	*past               // shared by the cases that it is the same for; nil until bound
}

// past is what few events change.
type past struct {
	Asked     time.Time `json:"asked,omitzero"`     // the inquiry that waits for an answer, or was answered last
	Responded time.Time `json:"responded,omitzero"` // its first answer
	Lead      bool      `json:"lead,omitempty"`     // opened without an ID, by its cards
	CardsRev  int64     `json:"cards_rev,omitempty"`
	Copied    []string  `json:"copied,omitempty"`
	Region    string    `json:"region,omitempty"`
	Skills    []string  `json:"skills,omitempty"`
	Retry     time.Time `json:"retry,omitzero"` // when the pool may have somebody for it
	Clocks    []running `json:"clocks,omitempty"`
}

// A running clock is that of one timer.
type running struct {
	Timer  string        `json:"timer"`
	Start  time.Time     `json:"start"`
	From   time.Time     `json:"from,omitzero"` // since when it counts
	Left   time.Duration `json:"left,omitempty"`
	Due    time.Time     `json:"due,omitzero"`    // zero while it stands still
	Missed time.Time     `json:"missed,omitzero"` // the deadline that was breached: it no longer runs
}

type plainRecord Record // without the methods

type recordJSON struct {
	plainRecord
	Progress progress `json:"progress"`
}

// MarshalJSON writes the whole record.
func (r Record) MarshalJSON() ([]byte, error) {
	return json.Marshal(recordJSON{plainRecord(r), r.p})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Record) UnmarshalJSON(text []byte) error {
	in := recordJSON{Progress: progress{past: new(past)}}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*r = Record(in.plainRecord)
	r.p = in.Progress
	return nil
}

// A Case is a record with its rules: a value, which Apply and Tick never change: they return
// another. The zero Case has no rules, and allows nothing.
type Case struct {
	Record
	*basis
	at *spot // the stage
}

// basis is what decisions look at besides the stage. It is never written: the cases and the
// decisions that it is the same for share it.
type basis struct {
	def   *definition
	as    Record   // of which the fields, owner and sides are those of the case
	sides uint64   // the open ones
	met   []uint64 // a bit for each need that holds
}

// Bind gives a record its rules: those of its own version. An unknown pipeline or stage is an
// [*UnknownError].
func (e *Engine) Bind(r Record) (Case, error) {
	d, err := e.version(r.Pipeline, r.Version)
	if err != nil {
		return Case{}, err
	}
	if _, ok := d.stages[r.Stage]; !ok {
		return Case{}, &UnknownError{Kind: "stage", ID: string(r.Stage)}
	}
	if r.p.past == nil {
		r.p.past = new(past)
	}
	c := Case{Record: r, basis: &basis{def: d}}
	c.setStage(r.Stage)
	c.judge()
	return c, nil
}

// judge works out what follows from the record: needs met and sides open.
func (c *Case) judge() {
	b := &basis{def: c.def, as: c.Record}
	for _, s := range c.Sides {
		if i, ok := c.def.sides[s]; ok {
			b.sides |= 1 << i
		}
	}
	b.met = make([]uint64, (len(c.def.needs)+63)/64)
	for i := range c.def.needs {
		if c.def.needs[i].met(b.as.value) {
			b.met[i/64] |= 1 << (i % 64)
		}
	}
	c.basis = b
}

// value is what a field holds, the built-in ones too.
func (r *Record) value(f FieldID) string {
	switch f {
	case FieldOwner:
		return string(r.Owner)
	case FieldPool:
		return string(r.Pool)
	}
	return r.Values[f].Text
}

func (n *Need) met(value func(FieldID) string) bool {
	return n.When != nil && !n.When.holds(value) || n.holdsNow(value)
}

// holds is met of a When: it holds if its field does and its own When, if any.
func (n *Need) holds(value func(FieldID) string) bool {
	return n.holdsNow(value) && (n.When == nil || n.When.holds(value))
}

func (n *Need) holdsNow(value func(FieldID) string) bool {
	v := value(n.Field)
	if len(n.Is) == 0 {
		return v != ""
	}
	return slices.Contains(n.Is, v)
}

// A Decision is the answer for one action.
type Decision struct {
	Action Action
	To     StageID // where it leads; "" for a side process, or if it is not possible at this stage
	OK     bool

	state  decided
	failed uint64 // the move's conditions that do not hold
	basis  *basis
	move   *move // nil for an unknown action
}

// What was decided besides OK.
type decided uint8

const (
	here     decided = 1 << iota // the action is possible at this stage
	mayRoles                     // the actor has one of its roles
)

// Decide answers whether the actor may do the action now, as a bare command.
func (c *Case) Decide(a Actor, action Action) (d Decision) { // inlined, so that a Decision is written once and never copied
	d.Action, d.basis = action, c.basis
	c.decide(&d, &a)
	return d
}

// decide answers the action of d.
func (c *Case) decide(d *Decision, a *Actor) {
	if c.at == nil {
		return
	}
	if o := c.at.find(d.Action); o != nil {
		d.judge(c, a, o)
	}
}

// judge decides an option.
func (d *Decision) judge(c *Case, a *Actor, o *option) {
	m := o.move
	d.To, d.move = o.to, m
	if a.hasOne(m.listed) || m.byOwner && a.ID == c.Owner && a.ID != "" {
		d.state = mayRoles
	}
	if len(m.conditions) > 0 {
		d.failed = m.fails(c, *a)
	}
	if o.here {
		d.OK = d.state == mayRoles && d.failed == 0 && c.ready(m)
		d.state |= here
	}
}

// hasOne reports whether one of the roles is in the actor's list.
func (a *Actor) hasOne(of []name) bool {
	for _, own := range a.Roles {
		k := keyOf(string(own))
		for i := range of {
			if of[i].is(k, string(own)) {
				return true
			}
		}
	}
	return false
}

// fails says which conditions do not hold.
func (m *move) fails(c *Case, a Actor) (failed uint64) {
	for i := range m.conditions {
		if !m.conditions[i].hold(*c, a) {
			failed |= 1 << i
		}
	}
	return failed
}

// ready: fields and side processes do not stand in the way.
func (c *Case) ready(m *move) bool {
	b := c.basis
	if len(m.mask) > 0 && !m.holds(b.met) {
		return false
	}
	return b.sides&m.blockedBy == 0 && (m.side < 0 || (b.sides>>m.side&1 == 1) != m.opens)
}

func (m *move) holds(met []uint64) bool {
	for i, mask := range m.mask {
		if mask&^met[i] != 0 {
			return false
		}
	}
	return true
}

// may is Decide of a move that is possible here.
func (c *Case) may(a *Actor, m *move) bool {
	var d Decision
	d.judge(c, a, &option{move: m, here: true})
	return d.OK
}

// has reports whether the actor has one of the roles, being the owner among them.
func (c *Case) has(a Actor, roles []Role) bool { return a.has(roles, c.Owner) }

func (a *Actor) has(roles []Role, owner ActorID) bool {
	for _, r := range roles {
		if r == RoleOwner && a.ID != "" && a.ID == owner || r != RoleOwner && slices.Contains(a.Roles, r) {
			return true
		}
	}
	return false
}

// Explain appends a decision for every action of the case's pipeline to dst, in the order
// defined, those of side processes last.
func (c *Case) Explain(dst []Decision, a Actor) []Decision {
	if c.at == nil {
		return dst
	}
	options, n := c.at.options, len(dst)
	dst = slices.Grow(dst, len(options))[:n+len(options)]
	for i := range options {
		d, o := &dst[n+i], &options[i]
		*d = Decision{Action: o.name, basis: c.basis}
		d.judge(c, &a, o)
	}
	return dst
}

// Reasons lists what stands in the way: everything at once, in the order role, not_from, missing,
// unchecked, condition, blocked; nil if the action is allowed. An action that is not possible at
// this stage is explained by its first move. A conditional need is listed when its condition holds
// already, or is sure to hold once the other reasons are cured.
func (d Decision) Reasons() []Reason {
	if d.OK {
		return nil
	}
	m := d.move
	if m == nil {
		return []Reason{{Code: "not_from"}}
	}
	var out, late []Reason
	if d.state&mayRoles == 0 {
		out = append(out, Reason{Code: "role", Roles: m.roles})
	}
	switch {
	case m.side >= 0 && (d.basis.sides>>m.side&1 == 1) == m.opens:
		out = append(out, Reason{Code: "not_from", Name: d.basis.def.Sides[m.side].ID})
	case d.state&here == 0:
		out = append(out, Reason{Code: "not_from", From: d.basis.def.fromOf(d.Action, m)})
	}
	for _, r := range d.basis.lacks(m.needs) {
		if r.Code == "unchecked" {
			late = append(late, r)
		} else {
			out = append(out, r)
		}
	}
	out = append(out, late...)
	for i, cond := range m.conditions {
		if d.failed>>i&1 == 1 {
			out = append(out, Reason{Code: "condition", Name: cond.name})
		}
	}
	for i, s := range d.basis.def.Sides {
		if d.basis.sides&m.blockedBy>>i&1 == 1 {
			out = append(out, Reason{Code: "blocked", Name: s.ID})
		}
	}
	return out
}

// fromOf lists the stages of an action, those of the given move first.
func (d *definition) fromOf(a Action, first *move) (from []StageID) {
	act := d.action(a)
	for _, own := range []bool{true, false} {
		for i, m := range act.at {
			if m != nil && (m == first) == own {
				from = append(from, d.Stages[i].ID)
			}
		}
	}
	return from
}

// lacks lists the needs that do not hold. Curing one can bring another: a need whose condition is
// sure to hold then is listed with it, and one whose condition is sure to fail then is not.
func (b *basis) lacks(needs []int) []Reason {
	wants := make(map[FieldID][]string) // what a cure leaves to choose; nil means anything
	var out []Reason
	for changed := true; changed; {
		changed = false
		for _, i := range needs {
			n := &b.def.needs[i]
			if n.holdsNow(b.as.value) || n.When != nil && !n.When.sure(b, wants) {
				continue
			}
			want, known := wants[n.Field]
			next := n.Is
			if len(n.Is) == 0 {
				next = want
			} else if known && want != nil {
				next = intersect(want, n.Is) // none left: the needs exclude each other
			}
			if known && len(next) == len(want) && (next == nil) == (want == nil) {
				continue
			}
			wants[n.Field] = next
			changed = true
		}
	}
	for _, i := range needs {
		n := &b.def.needs[i]
		want, lacking := wants[n.Field]
		if !lacking || n.holdsNow(b.as.value) || n.When != nil && !n.When.sure(b, wants) {
			continue
		}
		r := Reason{Code: "missing", Field: n.Field, Want: want}
		if f := b.def.fields[n.Field]; f != nil && f.Kind == KindCheck {
			r.Code, r.Want = "unchecked", nil
		}
		if !slices.ContainsFunc(out, func(o Reason) bool { return o.Field == r.Field }) {
			out = append(out, r)
		}
	}
	return out
}

// sure reports whether a When holds once the wants are met, whichever of their values is chosen.
func (n *Need) sure(b *basis, wants map[FieldID][]string) bool {
	want, cured := wants[n.Field]
	holds := n.holdsNow(b.as.value)
	if cured {
		holds = len(n.Is) == 0 || len(want) > 0 && subset(want, n.Is)
	}
	return holds && (n.When == nil || n.When.sure(b, wants))
}

func subset(a, b []string) bool {
	return len(a) > 0 && !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// A Next says on whose side a case waits, and for what.
type Next struct {
	Case  CaseID
	Party string    // whose turn it is; "" where the definition has no parties
	Since time.Time // of the turn
	Needs []Reason  // what the stage's first move lacks
	Timer string    // the clock that runs out first, if any runs
	Due   time.Time // its deadline
}

// Next answers as of now.
func (c *Case) Next(now time.Time) Next {
	if c.at == nil {
		return Next{}
	}
	as, _ := c.Tick(nil, now)
	c = &as
	next := Next{Case: c.ID, Party: c.p.Turn, Since: c.p.TurnSince}
	if moves := c.def.first[c.at.stage]; len(moves) > 0 {
		next.Needs = c.lacks(moves[0].needs)
	}
	for _, k := range c.p.Clocks {
		if !k.Due.IsZero() && (next.Due.IsZero() || k.Due.Before(next.Due)) {
			next.Timer, next.Due = k.Timer, k.Due
		}
	}
	return next
}

// Link fills the field's URL template, each value escaped so that it can add no parameter, path
// or host. It is "" if the field has no template, a value is missing, or a value would be a path of
// its own (".", "..").
func (c *Case) Link(id FieldID) string {
	if c.at == nil {
		return ""
	}
	f := c.def.fields[id]
	if f == nil || f.Link == "" {
		return ""
	}
	out, ok := fillLink(f.Link, c.value)
	if !ok {
		return ""
	}
	return out
}

func fillLink(template string, value func(FieldID) string) (string, bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		name, after, _ := strings.Cut(rest, "}")
		v := value(FieldID(name))
		if strings.Trim(v, ".") == "" { // nothing, or only dots
			return "", false
		}
		b.WriteString(strings.ReplaceAll(url.QueryEscape(v), "+", "%20"))
		template = after
	}
}

// linkFields checks a template and lists the fields it names: an absolute http or https URL whose
// fields stand in the path, the values of the query or the fragment.
func linkFields(template string) (fields []FieldID, ok bool) {
	plain := template
	for {
		before, rest, found := strings.Cut(plain, "{")
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" {
			return nil, false
		}
		fields = append(fields, FieldID(name))
		plain = before + after
	}
	if strings.ContainsAny(plain, "}\\ \t\r\n") {
		return nil, false
	}
	u, err := url.Parse(plain)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, false
	}
	_, rest, _ := strings.Cut(template, "://")
	host := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = i
	}
	if strings.ContainsAny(rest[:host], "{}") {
		return nil, false
	}
	// In a query a field must follow "=" within its pair, else it would name the parameter.
	if _, query, found := strings.Cut(rest[host:], "?"); found {
		query, _, _ = strings.Cut(query, "#")
		for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
			if key, _, _ := strings.Cut(pair, "="); strings.Contains(key, "{") {
				return nil, false
			}
		}
	}
	return fields, true
}
