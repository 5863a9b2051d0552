package pipeline

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tenure-go/tenure/pipeline/worktime"
)

// An Engine is the compiled rules: the pure core, which reads no clock and keeps no state. It is
// immutable and safe to share.
type Engine struct {
	rules Rules
	defs  map[PipelineID][]*definition // by version
}

// Compile makes an engine of the rules. Unless [Check] finds nothing but warnings, it is a
// [*ConfigError] with all it found.
func Compile(r Rules) (*Engine, error) {
	if p := Check(r); slices.ContainsFunc(p, func(p Problem) bool { return !p.Warning }) {
		return nil, &ConfigError{p}
	}
	e := &Engine{rules: r, defs: make(map[PipelineID][]*definition)}
	for i := range r.Definitions {
		d := compile(r.Definitions[i], r)
		e.defs[d.ID] = append(e.defs[d.ID], d)
	}
	for _, versions := range e.defs {
		slices.SortFunc(versions, func(a, b *definition) int { return cmp.Compare(a.Version, b.Version) })
	}
	return e, nil
}

// newest is the version that new cases take.
func (e *Engine) newest(id PipelineID) (*definition, error) {
	versions := e.defs[id]
	if len(versions) == 0 {
		return nil, e.unknownPipeline(id)
	}
	return versions[len(versions)-1], nil
}

func (e *Engine) version(id PipelineID, version int) (*definition, error) {
	for _, d := range e.defs[id] {
		if d.Version == version {
			return d, nil
		}
	}
	return nil, e.unknownPipeline(id)
}

func (e *Engine) unknownPipeline(id PipelineID) error {
	var names []PipelineID
	for name := range e.defs {
		names = append(names, name)
	}
	slices.Sort(names)
	return &UnknownError{Kind: "pipeline", ID: string(id), Nearest: nearest(string(id), names)}
}

// Who returns the roles that may do the action at some stage, in the newest version; nil for an
// unknown pipeline or action.
func (e *Engine) Who(p PipelineID, a Action) []Role {
	d, err := e.newest(p)
	if err != nil {
		return nil
	}
	var roles []Role
	if act := d.action(a); act != nil {
		for _, m := range act.at {
			if m != nil {
				roles = append(roles, m.roles...)
			}
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// Can returns the stages at which the role may do the action, in the newest version, in their
// order.
func (e *Engine) Can(p PipelineID, r Role, a Action) []StageID {
	d, err := e.newest(p)
	if err != nil {
		return nil
	}
	var stages []StageID
	if act := d.action(a); act != nil {
		for i, m := range act.at {
			if m != nil && slices.Contains(m.roles, r) {
				stages = append(stages, d.Stages[i].ID)
			}
		}
	}
	return stages
}

// A definition is what decisions are made on: names resolved, needs numbered.
type definition struct {
	Definition
	stages  map[StageID]int
	fields  map[FieldID]*Field
	sides   map[string]int
	needs   []Need // distinct; a case keeps a bit for each
	actions []action
	first   [][]*move // by stage: its moves in the order defined
	spots   []spot    // by stage
	edits   map[FieldID][][]Role
	timers  []timer
	copies  map[string]*Copy
}

// An action is what a command names: the moves it makes, by stage.
type action struct {
	name Action
	at   []*move // nil where it is not possible
	any  *move   // the first, by which an impossible one is explained
}

// A spot is a stage with all that can be decided there.
type spot struct {
	stage   int
	id      StageID
	options []option // every action, in order
	table   []named  // the same by name: a hash table, see find
	waits   []wait   // the needs of its first move
}

// A wait says whose turn it is while the need is not met.
type wait struct {
	need  int
	party string
}

type named struct {
	name   name
	option *option // nil: a free place
}

// spot is the stage of that name, which must be one: there are few, so a look at each is cheaper
// than a map.
func (d *definition) spot(id StageID) *spot {
	for i := range d.spots {
		if d.spots[i].id == id {
			return &d.spots[i]
		}
	}
	return nil
}

// An option is an action as it is at one stage.
type option struct {
	name Action
	move *move // where it is not possible: the action's first, by which it is explained
	here bool  // it is possible
	to   StageID
}

// A move is one action at one stage.
type move struct {
	action     Action
	to         int // a stage; for a side process -1
	toID       StageID
	roles      []Role
	listed     []name // those that an actor can have in his list: being the owner is not
	byOwner    bool
	needs      []int    // in order: its own, then those of the stage entered
	mask       []uint64 // the same as bits
	conditions []condition
	blockedBy  uint64 // side processes
	copies     []string
	side       int // the side process to open or close, or -1
	opens      bool
}

type condition struct {
	name string
	hold func(Case, Actor) bool
}

type timer struct {
	Timer
	start, stop signal
	calendar    *worktime.Calendar
}

// A signal is an event that a timer waits for.
type signal struct {
	kind EventKind
	name string
	date bool // the field says when
}

const (
	openAction  = "open:"
	closeAction = "close:"
)

func compile(def Definition, r Rules) *definition {
	d := &definition{
		Definition: def,
		stages:     make(map[StageID]int),
		fields:     make(map[FieldID]*Field),
		sides:      make(map[string]int),
		first:      make([][]*move, len(def.Stages)),
		edits:      make(map[FieldID][][]Role),
		copies:     make(map[string]*Copy),
	}
	for i, s := range def.Stages {
		d.stages[s.ID] = i
	}
	for i := range def.Fields {
		d.fields[def.Fields[i].ID] = &def.Fields[i]
	}
	for i := range def.Copies {
		d.copies[def.Copies[i].ID] = &def.Copies[i]
	}
	for i, s := range def.Sides {
		d.sides[s.ID] = i
	}
	for i := range def.Moves {
		d.addMove(&def.Moves[i], r)
	}
	for i := range def.Sides {
		d.addSide(i)
	}
	for i := range d.actions {
		d.actions[i].explainBy()
	}
	d.addEdits()
	words := (len(d.needs) + 63) / 64
	for _, a := range d.actions {
		for _, m := range a.at {
			if m != nil && len(m.needs) > 0 {
				m.mask = make([]uint64, words)
				for _, n := range m.needs {
					m.mask[n/64] |= 1 << (n % 64)
				}
			}
		}
	}
	for i := range def.Stages {
		options := make([]option, len(d.actions))
		for j, a := range d.actions {
			options[j] = option{name: a.name, move: a.at[i], here: a.at[i] != nil}
			if a.at[i] == nil {
				options[j].move = a.any
			} else {
				options[j].to = a.at[i].toID
			}
		}
		d.spots = append(d.spots, spot{i, d.Stages[i].ID, options, tableOf(options), d.waitsAt(i)})
	}
	for _, t := range def.Timers {
		start, _ := parseSignal(t.Start)
		stop, _ := parseSignal(t.Stop)
		if t.Stop == "" && start.kind == EventMoved {
			stop = signal{kind: leftStage, name: start.name}
		}
		d.timers = append(d.timers, timer{t, start, stop, r.Calendars[t.Calendar]})
	}
	return d
}

func (d *definition) waitsAt(stage int) (waits []wait) {
	if len(d.first[stage]) == 0 {
		return nil
	}
	for _, n := range d.first[stage][0].needs {
		w := wait{n, d.us()}
		if f := d.fields[d.needs[n].Field]; f != nil && f.Party != "" {
			w.party = f.Party
		}
		waits = append(waits, w)
	}
	return waits
}

// stagesOf resolves a move's From.
func stagesOf(def *Definition, from []StageID) []int {
	var out []int
	for i, s := range def.Stages {
		if slices.Contains(from, s.ID) || s.Final == "" && slices.Contains(from, "*") {
			out = append(out, i)
		}
	}
	return out
}

func (d *definition) addMove(m *Move, r Rules) {
	to := d.stages[m.To]
	out := (&move{action: m.Action, to: to, toID: m.To, copies: m.Copies, side: -1, blockedBy: d.blockers(m.Action, true)}).by(m.Roles)
	for _, n := range slices.Concat(m.Needs, d.Stages[to].Enter) {
		out.needs = append(out.needs, d.number(n))
	}
	for _, name := range m.Conditions {
		out.conditions = append(out.conditions, condition{name, r.Conditions[name]})
	}
	for _, s := range stagesOf(&d.Definition, m.From) {
		d.enter(m.Action).at[s] = out
		d.first[s] = append(d.first[s], out)
	}
}

func (d *definition) addSide(i int) {
	s := &d.Sides[i]
	open := (&move{action: openAction + Action(s.ID), to: -1, side: i, opens: true}).by(s.Open)
	shut := (&move{action: closeAction + Action(s.ID), to: -1, side: i}).by(s.Close)
	for _, n := range s.Needs {
		shut.needs = append(shut.needs, d.number(n))
	}
	for _, m := range []*move{open, shut} {
		m.blockedBy = d.blockers(m.action, false)
		a := d.enter(m.action)
		for at := range a.at {
			if m.opens && d.Stages[at].Final != "" {
				continue
			}
			a.at[at] = m
		}
	}
}

// by says who may make the move.
func (m *move) by(roles []Role) *move {
	m.roles = roles
	for _, r := range roles {
		if r == RoleOwner {
			m.byOwner = true
		} else {
			m.listed = append(m.listed, nameOf(string(r)))
		}
	}
	return m
}

func (d *definition) blockers(a Action, isMove bool) (mask uint64) {
	for i, s := range d.Sides {
		if slices.Contains(s.Blocks, a) || isMove && slices.Contains(s.Blocks, "*") {
			mask |= 1 << i
		}
	}
	return mask
}

func (d *definition) enter(name Action) *action {
	if a := d.action(name); a != nil {
		return a
	}
	d.actions = append(d.actions, action{name: name, at: make([]*move, len(d.Stages))})
	return &d.actions[len(d.actions)-1]
}

// explainBy picks the move that stands for the action where it is not possible.
func (a *action) explainBy() {
	for _, m := range a.at {
		if m != nil {
			a.any = m
			return
		}
	}
}

func (d *definition) number(n Need) int {
	for i, known := range d.needs {
		if sameNeed(&known, &n) {
			return i
		}
	}
	d.needs = append(d.needs, n)
	return len(d.needs) - 1
}

func sameNeed(a, b *Need) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Field == b.Field && slices.Equal(a.Is, b.Is) && sameNeed(a.When, b.When)
}

// addEdits resolves who may edit what at each stage.
func (d *definition) addEdits() {
	grant := func(f FieldID, e *Edit) {
		by := d.edits[f]
		if by == nil {
			by = make([][]Role, len(d.Stages))
			d.edits[f] = by
		}
		for i, s := range d.Stages {
			if len(e.In) == 0 || slices.Contains(e.In, s.ID) {
				for _, r := range e.Roles {
					if !slices.Contains(by[i], r) {
						by[i] = append(by[i], r)
					}
				}
			}
		}
	}
	for i := range d.Edits {
		e := &d.Edits[i]
		for _, f := range e.Fields {
			if f != "*" {
				grant(f, e)
				continue
			}
			for j := range d.Fields {
				grant(d.Fields[j].ID, e)
			}
		}
	}
}

// editors are the roles that may change the field at the stage.
func (d *definition) editors(f FieldID, stage int) []Role {
	if by := d.edits[f]; by != nil {
		return by[stage]
	}
	return nil
}

func (d *definition) action(name Action) *action {
	i := slices.IndexFunc(d.actions, func(a action) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &d.actions[i]
}

// find is the option of that name, or nil.
func (p *spot) find(a Action) *option {
	k := keyOf(string(a))
	for h := slot(k); ; h++ {
		e := &p.table[h&uint(len(p.table)-1)]
		if e.option == nil || e.name.is(k, string(a)) {
			return e.option
		}
	}
}

// tableOf hashes the options by name into a power of two, at most a quarter full.
func tableOf(options []option) []named {
	size := 8
	for size < 4*len(options) {
		size *= 2
	}
	table := make([]named, size)
	for i := range options {
		n := nameOf(string(options[i].name))
		h := slot(n.key)
		for table[h&uint(size-1)].option != nil {
			h++
		}
		table[h&uint(size-1)] = named{n, &options[i]}
	}
	return table
}

// A name is a word of the rules that commands are compared with: most are short, and then a number
// tells them apart.
type name struct {
	key  uint64
	text string
}

func nameOf(s string) name { return name{keyOf(s), s} }

// is reports whether s, whose key is k, is the name.
func (n *name) is(k uint64, s string) bool {
	return n.key == k && len(n.text) == len(s) && (len(s) <= 8 || n.text == s)
}

// keyOf is the first and the last four bytes, which of up to eight are all.
func keyOf(s string) uint64 {
	if len(s) < 4 {
		return shortKey(s)
	}
	b := []byte(s)
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))<<32
}

func shortKey(s string) (k uint64) {
	for i := range len(s) {
		k = k<<8 | uint64(s[i])
	}
	return k
}

func slot(key uint64) uint { return uint(key * 0x9e3779b97f4a7c15 >> 48) }

func (d *definition) actionNames() []Action {
	names := make([]Action, len(d.actions))
	for i := range d.actions {
		names[i] = d.actions[i].name
	}
	return names
}

func (d *definition) fieldNames() []FieldID {
	names := []FieldID{FieldOwner, FieldPool}
	for i := range d.Fields {
		names = append(names, d.Fields[i].ID)
	}
	return names
}

// us is the party whose turn it is when nobody else's is.
func (d *definition) us() string {
	if len(d.Parties) == 0 {
		return ""
	}
	return d.Parties[0]
}

// leftStage is what stops a clock that an entry started; no event has this kind.
const leftStage EventKind = "left"

// parseSignal reads a timer's Start or Stop.
func parseSignal(s string) (signal, bool) {
	word, name, named := strings.Cut(s, " ")
	switch word {
	case "opened", "inquired", "touched", "responded", "closed":
		return signal{kind: EventKind(word)}, !named
	case "entered":
		return signal{kind: EventMoved, name: name}, name != ""
	case "set", "date":
		return signal{kind: EventSet, name: name, date: word == "date"}, name != ""
	case "side_opened", "side_closed":
		return signal{kind: EventKind(word), name: name}, name != ""
	}
	return signal{}, false
}
