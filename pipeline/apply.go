package pipeline

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tenure-go/tenure/store"
)

// Open makes a case of a lead that no known case takes: it finds the pipeline, appends the events
// to dst and returns the case, whose ID is the lead's Case, else made of its pipeline and byte-least
// card, else of its ID. Which case a lead joins, and who gets it, is [Desk.Open]'s.
//
// A lead that no route takes is an [*InvalidError]. Fields of a lead without Case must be
// editable at the first stage by o.By, else it is a [*RefusedError].
func (e *Engine) Open(dst []Event, o Open, now time.Time) (Case, []Event, error) {
	x := newChange(clean(now), dst)
	routed, err := e.route(o)
	if err != nil {
		return Case{}, dst, err
	}
	if err := x.open(e, o, routed, newCaseID(routed, 0)); err != nil {
		return Case{}, dst, err
	}
	return *x.c, x.events, nil
}

// Replay folds the events of one case, from its first on. Events that do not begin with opened are
// an [*InvalidError], those of another's rules an [*UnknownError].
func (e *Engine) Replay(events []Event) (Case, error) {
	if len(events) == 0 || events[0].Kind != EventOpened {
		return Case{}, invalid("events", "", "do not begin with opened", "не начинаются с opened")
	}
	x := newChange(time.Time{}, nil)
	for i := range events {
		ev := &events[i]
		if ev.Command != x.id {
			x.id, x.data, x.lead = ev.Command, nil, nil
		}
		if ev.Data != nil || ev.Open != nil {
			x.data, x.lead = ev.Data, ev.Open
		}
		if i == 0 {
			version, _ := strconv.Atoi(ev.From)
			d, err := e.version(PipelineID(ev.Name), version)
			if err != nil {
				return Case{}, err
			}
			x.begin(d, CaseID(ev.Key.ID))
		}
		if _, ok := x.c.def.stages[StageID(ev.To)]; !ok && (ev.Kind == EventOpened || ev.Kind == EventMoved) {
			return Case{}, &UnknownError{Kind: "stage", ID: ev.To}
		}
		if err := x.fold(ev); err != nil {
			return Case{}, err
		}
	}
	x.finish()
	return *x.c, nil
}

// Apply does a command: it returns the case as it is then, and appends its events to dst. The case
// itself never changes; after an error nothing was applied, and the case comes back as it was:
// [*RefusedError] with every reason, [*UnknownError], [*InvalidError], [*StaleError], or a
// [*worktime.RangeError] if a clock would run into a year that is not loaded.
//
// What fell due before the command is recorded first.
func (c *Case) Apply(dst []Event, cmd Command, now time.Time) (next Case, events []Event, err error) {
	if c.at == nil {
		return Case{}, dst, &UnknownError{Kind: "case", ID: string(c.ID)}
	}
	var j journal // and next: neither leaves for the heap
	j.now, j.events = clean(now), dst
	x := change{&next, &j}
	x.from(c)
	if err := x.apply(&cmd); err != nil {
		return *c, dst, err
	}
	return next, j.events, nil
}

// Tick records the deadlines that passed before now and does what their timers say, in order of
// time. It decides nothing that a command would not meet as well: the next command records the
// same.
func (c *Case) Tick(dst []Event, now time.Time) (Case, []Event) {
	now = clean(now)
	if c.Wake.IsZero() || now.Before(c.Wake) || c.at == nil {
		return *c, dst
	}
	x := newChange(now, dst)
	x.from(c)
	if x.lapse(now) != nil {
		return *c, dst
	}
	x.finish()
	return *x.c, x.events
}

// clean is the instant as stores keep it: UTC, whole microseconds.
func clean(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

// A change makes one case into the next. Every event goes through fold, which alone writes the case:
// so replaying them gives the same.
type change struct {
	c *Case
	*journal
}

// A journal gathers the events of a change, and what all of them say.
type journal struct {
	events   []Event
	now      time.Time
	at       time.Time
	by       Actor
	why      string
	id       CommandID
	data     *Command // at hand until the next command; on its first event
	lead     *Open
	told     bool // the first event has them
	outside  bool // what may not be set is kept
	changes  []Changed
	ownMap   bool // Values is this change's own
	ownPast  bool
	ownClock bool
	judged   bool  // needs are up to date
	goal     *spot // where the move at hand leads: fold need not look for it
}

func newChange(now time.Time, dst []Event) change {
	return change{new(Case), &journal{now: now, events: dst}}
}

// from begins with a case as it is.
func (x change) from(c *Case) { *x.c, x.judged = *c, true }

func (x change) begin(d *definition, id CaseID) {
	*x.c = Case{basis: &basis{def: d}, Record: Record{p: progress{past: new(past)}}}
	x.c.ID, x.c.Pipeline, x.c.Version = id, d.ID, d.Version
	x.ownMap, x.ownPast, x.ownClock = true, true, true
}

// past makes the case's past this change's, to be written.
func (x change) past() *past {
	if !x.ownPast {
		own := *x.c.p.past
		x.c.p.past, x.ownPast = &own, true
	}
	return x.c.p.past
}

// newCaseID is where a new lead goes: n is how many cases of its card opened so before.
func newCaseID(o Open, n int) CaseID {
	switch {
	case o.Case != "":
		return o.Case
	case len(o.Cards) == 0:
		return CaseID("lead/" + o.ID)
	}
	return CaseID(slotID(o.Pipeline, slices.Min(o.Cards), n))
}

func slotID(p PipelineID, card CardID, n int) string {
	return string(p) + "/" + string(card) + "/" + strconv.Itoa(n)
}

// open begins a case. The events carry the lead as it was sent, not as it was routed.
func (x change) open(e *Engine, o, routed Open, id CaseID) error {
	if err := o.check(x.now); err != nil {
		return err
	}
	d, err := e.newest(routed.Pipeline)
	if err != nil {
		return err
	}
	x.begin(d, id)
	x.meet(o)
	if err := x.emit(EventOpened, string(d.ID), strconv.Itoa(d.Version), string(d.Stages[0].ID)); err != nil {
		return err
	}
	if routed.Pool != "" {
		if err := x.emit(EventSet, string(FieldPool), "", string(routed.Pool)); err != nil {
			return err
		}
	}
	for _, f := range slices.Sorted(maps.Keys(routed.Set)) { // what the route says is not the sender's to ask for
		if _, own := o.Set[f]; !own {
			if err := x.write(f, routed.Set[f], 0); err != nil {
				return err
			}
		}
	}
	reasons, err := x.set(o.Set, o.SourceRev)
	if err != nil {
		return err
	}
	if len(reasons) > 0 {
		return &RefusedError{Case: id, Reasons: reasons}
	}
	if o.Case == "" {
		if err := x.emit(EventInquired, o.Channel, "", ""); err != nil {
			return err
		}
	}
	return x.end()
}

// meet takes a lead as the command at hand.
func (x change) meet(o Open) {
	o.Cards, o.Skills, o.Set = slices.Clone(o.Cards), slices.Clone(o.Skills), maps.Clone(o.Set)
	x.at, x.by, x.why, x.id, x.lead = x.instant(o.At), o.By, o.Why, o.ID, &o
	x.outside = o.Case != "" || o.SourceRev != 0
}

// instant is when a command was: as it says, else now, but never before what was.
func (x change) instant(at time.Time) time.Time {
	switch {
	case !at.IsZero():
		return clean(at)
	case x.now.Before(x.c.p.Last):
		return x.c.p.Last // the clock stepped back: the case does not
	}
	return x.now
}

// datedBack: only what is reported late about the outside keeps a time before the last event's.
func (k EventKind) datedBack() bool {
	return k == EventTouched || k == EventResponded || k == EventBreached || k == EventWithdrawn
}

// update brings an outside case up to date.
func (x change) update(c *Case, o Open) error {
	if err := o.check(x.now); err != nil {
		return err
	}
	x.from(c)
	x.meet(o)
	if err := x.lapse(x.at); err != nil {
		return err
	}
	if err := x.relink(o); err != nil {
		return err
	}
	if _, err := x.set(o.Set, o.SourceRev); err != nil {
		return err
	}
	return x.end()
}

// relink takes over the cards of an outside case: they count as one field.
func (x change) relink(o Open) error {
	if len(o.Cards) == 0 {
		return nil
	}
	ch := Changed{Field: FieldCards, From: join(x.c.Cards), To: join(o.Cards)}
	same := slices.Equal(x.c.Cards, o.Cards)
	ch.Kept = kept(x.c.p.CardsRev, o.SourceRev, same)
	if ch.Kept == "" && !x.c.has(o.By, append(x.c.def.editors(FieldCards, x.c.at.stage), RoleIntake)) {
		ch.Kept = KeptRole
	}
	if same && (ch.Kept != "" || o.SourceRev == x.c.p.CardsRev || o.SourceRev == 0) {
		return nil
	}
	if !same {
		x.changes = append(x.changes, ch)
	}
	if ch.Kept != "" {
		return nil
	}
	return x.emit(EventSet, string(FieldCards), ch.From, ch.To)
}

// inquire adds a lead to a case of its card.
func (x change) inquire(c *Case, o Open) error {
	if err := o.check(x.now); err != nil {
		return err
	}
	x.from(c)
	x.meet(o)
	x.outside = true
	if err := x.lapse(x.at); err != nil {
		return err
	}
	if err := x.emit(EventInquired, o.Channel, "", ""); err != nil {
		return err
	}
	if _, err := x.set(o.Set, o.SourceRev); err != nil {
		return err
	}
	return x.end()
}

func (x change) apply(cmd *Command) error {
	rev := x.c.Rev
	if err := cmd.check(x.c, x.now); err != nil {
		return err
	}
	x.at = x.instant(cmd.At)
	x.by = cmd.By
	x.why, x.id, x.outside = cmd.Why, cmd.ID, cmd.SourceRev != 0
	if !cmd.bare() {
		data := *cmd
		data.Set = maps.Clone(cmd.Set)
		if cmd.Touch != nil {
			touch := *cmd.Touch
			data.Touch = &touch
		}
		x.data = &data
	}
	if err := x.lapse(x.at); err != nil {
		return err
	}
	if cmd.Rev != 0 && cmd.Rev != rev && cmd.Rev != x.c.Rev { // a reader sees what fell due
		return &StaleError{ID: x.c.ID, Had: rev, Got: cmd.Rev}
	}
	reasons, err := x.set(cmd.Set, cmd.SourceRev)
	if err != nil {
		return err
	}
	if cmd.Touch != nil {
		if err := x.touch(cmd.Touch); err != nil {
			return err
		}
	}
	if cmd.Action != "" {
		x.judge()
		d := Decision{Action: cmd.Action, basis: x.c.basis}
		x.c.decide(&d, &cmd.By)
		if d.move == nil {
			return &UnknownError{Kind: "action", ID: string(cmd.Action), Nearest: nearest(string(cmd.Action), x.c.def.actionNames())}
		}
		if !d.OK {
			reasons = append(reasons, d.Reasons()...)
		} else if len(reasons) == 0 {
			if err := x.act(d.move); err != nil {
				return err
			}
		}
	}
	if len(reasons) > 0 {
		return &RefusedError{Case: x.c.ID, Action: cmd.Action, Reasons: reasons}
	}
	return x.end()
}

// end settles whose turn it is, and records what fell due since the command's own time.
func (x change) end() error {
	if err := x.settle(); err != nil {
		return err
	}
	if x.at.Before(x.now) {
		if err := x.lapse(x.now); err != nil {
			return err
		}
	}
	x.finish()
	return nil
}

func (x change) judge() {
	if !x.judged {
		x.c.judge()
		x.judged = true
	}
}

// set writes what may be written. The reasons say which fields the actor may not edit.
func (x change) set(set map[FieldID]string, rev int64) (reasons []Reason, err error) {
	if len(set) == 0 {
		return nil, nil
	}
	stage, owner := x.c.at.stage, x.c.Owner // rights are those before the command
	for _, f := range slices.Sorted(maps.Keys(set)) {
		to := set[f]
		if err := x.c.def.checkValue(f, to); err != nil {
			return nil, err
		}
		from := x.c.value(f)
		if f != FieldOwner && f != FieldPool && rev != 0 {
			old := x.c.Values[f]
			why := kept(old.SourceRev, rev, from == to)
			if why != "" {
				if from != to {
					x.changes = append(x.changes, Changed{f, from, to, why})
				}
				continue
			}
			if from == to && old.SourceRev == rev {
				continue
			}
		} else if from == to {
			continue
		}
		if roles := x.c.def.editors(f, stage); !x.by.has(roles, owner) && !x.claims(f, from, to) {
			if x.outside {
				if from != to {
					x.changes = append(x.changes, Changed{f, from, to, KeptRole})
				}
				continue
			}
			reasons = append(reasons, x.editReason(f, roles))
			continue
		}
		if len(reasons) > 0 {
			continue
		}
		if err := x.write(f, to, rev); err != nil {
			return nil, err
		}
	}
	return reasons, nil
}

func (x change) editReason(f FieldID, roles []Role) Reason {
	r := Reason{Code: "role", Field: f, Roles: roles}
	if len(roles) == 0 {
		for i, by := range x.c.def.edits[f] {
			if len(by) > 0 {
				r.From = append(r.From, x.c.def.Stages[i].ID)
			}
		}
	}
	return r
}

// claims reports whether the actor takes an ownerless case himself.
func (x change) claims(f FieldID, from, to string) bool {
	return f == FieldOwner && from == "" && to == string(x.by.ID) && x.c.has(x.by, x.c.def.Claim)
}

// kept says why an outside revision does not write a field set by another.
func kept(had, got int64, same bool) string {
	switch {
	case got == 0 || got > had || same && got == had:
		return ""
	case got == had:
		return KeptConflict
	}
	return KeptStale
}

func (x change) write(f FieldID, to string, rev int64) error {
	from := x.c.value(f)
	if from != to {
		x.changes = append(x.changes, Changed{Field: f, From: from, To: to})
	}
	ev := x.event(EventSet, string(f), from, to)
	if f == FieldOwner && to != "" {
		ev.Actors = []ActorID{ActorID(to)}
	}
	return x.tell(ev)
}

func (x change) touch(t *Touch) error {
	name := t.Kind
	if !t.Out && !t.Answered {
		name = "missed_" + name
	}
	if err := x.emit(EventTouched, name, "", t.Channel); err != nil {
		return err
	}
	c := x.c
	if (t.Out || t.Answered) && !c.p.Asked.IsZero() && !x.at.Before(c.p.Asked) && (c.p.Responded.IsZero() || x.at.Before(c.p.Responded)) {
		return x.emit(EventResponded, "", "", t.Channel)
	}
	return nil
}

func (x change) act(m *move) error {
	if m.side >= 0 {
		kind := EventSideClosed
		if m.opens {
			kind = EventSideOpened
		}
		return x.emit(kind, x.c.def.Sides[m.side].ID, "", "")
	}
	x.goal = &x.c.def.spots[m.to]
	if err := x.emit(EventMoved, string(m.action), string(x.c.Stage), string(m.toID)); err != nil {
		return err
	}
	for _, what := range x.c.def.Stages[m.to].Emit {
		if err := x.emit(EventEmitted, what, "", ""); err != nil {
			return err
		}
	}
	for _, id := range m.copies {
		if slices.Contains(x.c.p.Copied, id) {
			continue
		}
		if err := x.emit(EventCopied, id, "", string(x.c.ID)+"/"+id); err != nil {
			return err
		}
	}
	if final := x.c.def.Stages[m.to].Final; final != "" {
		return x.emit(EventClosed, final, "", "")
	}
	return nil
}

// settle tells if the turn went over to another party.
func (x change) settle() error {
	x.judge()
	if turn := x.c.whoseTurn(); turn != x.c.p.Turn {
		if err := x.emit(EventTurn, "", x.c.p.Turn, turn); err != nil {
			return err
		}
	}
	return nil
}

func (x change) finish() {
	x.judge()
	x.c.Wake = x.c.nextWake()
}

// whoseTurn: the oldest open side's, else that of the first unmet need of the stage's first move,
// else ours.
func (c *Case) whoseTurn() string {
	if oldest, open := c.oldestSide(); open {
		if oldest.Party != "" {
			return oldest.Party
		}
		return c.def.us()
	}
	for i := range c.at.waits {
		if w := &c.at.waits[i]; c.met[w.need/64]>>(w.need%64)&1 == 0 {
			return w.party
		}
	}
	return c.def.us()
}

// oldestSide is the side process open for longest. One that the rules no longer have counts as
// closed.
func (c *Case) oldestSide() (*Side, bool) {
	for _, id := range c.Sides {
		if i, ok := c.def.sides[id]; ok {
			return &c.def.Sides[i], true
		}
	}
	return nil, false
}

// emit records an event and what it entails for the clocks.
func (x change) emit(kind EventKind, name, from, to string) error {
	return x.tell(x.event(kind, name, from, to))
}

// event begins an event: the rest of what it says is for the caller to add, and then to tell it.
// It writes every field, for dst may have been used before.
func (x change) event(kind EventKind, name, from, to string) *Event {
	n := len(x.events)
	if n == cap(x.events) {
		x.events = slices.Grow(x.events, 1)
	}
	x.events = x.events[:n+1]
	ev := &x.events[n]
	ev.Key = store.Key{Kind: KeyCase, ID: string(x.c.ID)}
	ev.Seq = x.c.Rev + 1
	ev.At = x.at
	if x.at.Before(x.c.p.Last) && !kind.datedBack() {
		ev.At = x.c.p.Last
	}
	ev.Kind, ev.By, ev.Why, ev.Command = kind, x.by.ID, x.why, x.id
	ev.Recorded = x.now
	ev.Name, ev.From, ev.To = name, from, to
	ev.Actors, ev.Data, ev.Open, ev.Retry = nil, x.data, x.lead, time.Time{}
	if x.told {
		ev.Data, ev.Open = nil, nil
	}
	x.told = true
	return ev
}

func (x change) tell(ev *Event) error {
	if len(x.c.p.Clocks) == 0 || ev.Kind == EventWithdrawn || ev.Kind == EventBreached {
		return x.fold(ev)
	}
	cured, at := x.c.cured(ev), ev.At
	if err := x.fold(ev); err != nil {
		return err
	}
	for _, name := range cured {
		ev := x.event(EventWithdrawn, name, "", "")
		ev.At = at
		if err := x.tell(ev); err != nil {
			return err
		}
	}
	return nil
}

// fold writes what an event says into the case. It is the only writer.
func (x change) fold(ev *Event) error {
	c := x.c
	c.Rev = ev.Seq
	if !ev.Kind.datedBack() {
		c.p.Last = ev.At
	}
	switch ev.Kind {
	case EventOpened:
		c.Opened, c.p.Since, c.p.TurnSince = ev.At, ev.At, ev.At
		c.setStage(StageID(ev.To))
		if o := x.lead; o != nil {
			p := x.past()
			c.Cards, p.Region, p.Skills = slices.Clone(o.Cards), o.Region, slices.Clone(o.Skills)
			p.Lead = o.Case == "" && len(o.Cards) > 0
			if len(o.Cards) > 0 {
				p.CardsRev = o.SourceRev
			}
		}
		x.judged = false
	case EventInquired:
		if c.p.Asked.IsZero() || !c.p.Responded.IsZero() {
			p := x.past()
			p.Asked, p.Responded = ev.At, time.Time{}
		}
	case EventResponded:
		x.past().Responded = ev.At
	case EventSet:
		x.foldSet(ev)
	case EventMoved:
		if x.goal != nil && string(x.goal.id) == ev.To {
			c.Stage, c.at = x.goal.id, x.goal
		} else {
			c.setStage(StageID(ev.To))
		}
		c.p.Since = ev.At
		if c.def.Stages[c.at.stage].Final == "" {
			c.Closed = time.Time{}
		}
	case EventClosed:
		c.Closed = ev.At
	case EventSideOpened:
		c.Sides = append(slices.Clone(c.Sides), ev.Name)
		x.judged = false
	case EventSideClosed:
		c.Sides = slices.DeleteFunc(slices.Clone(c.Sides), func(s string) bool { return s == ev.Name })
		x.judged = false
	case EventTurn:
		c.p.Turn, c.p.TurnSince = ev.To, ev.At
	case EventCopied:
		p := x.past()
		p.Copied = append(slices.Clone(p.Copied), ev.Name)
	}
	if len(c.def.timers) == 0 {
		return nil
	}
	return x.foldClocks(ev)
}

func (x change) foldSet(ev *Event) {
	c := x.c
	x.judged = false
	switch f := FieldID(ev.Name); f {
	case FieldOwner:
		c.Owner = ActorID(ev.To)
		if !ev.Retry.Equal(c.p.Retry) {
			x.past().Retry = ev.Retry
		}
	case FieldPool:
		c.Pool = PoolID(ev.To)
	case FieldCards:
		if x.lead != nil {
			p := x.past()
			c.Cards, p.CardsRev = slices.Clone(x.lead.Cards), max(p.CardsRev, x.lead.SourceRev)
		}
	default:
		if !x.ownMap {
			c.Values, x.ownMap = maps.Clone(c.Values), true
		}
		if c.Values == nil {
			c.Values = make(map[FieldID]Value)
		}
		rev := c.Values[f].SourceRev // a local edit keeps it
		if x.data != nil && x.data.SourceRev != 0 {
			rev = x.data.SourceRev
		} else if x.lead != nil && x.lead.SourceRev != 0 {
			if _, sent := x.lead.Set[f]; sent {
				rev = x.lead.SourceRev
			}
		}
		c.Values[f] = Value{Text: ev.To, SourceRev: rev, At: ev.At, By: ev.By}
	}
}

func (c *Case) setStage(s StageID) { c.Stage, c.at = s, c.def.spot(s) }

const maxID = 256

func checkID(field, id string) error {
	if !isID(id) {
		return invalid(field, id, "is no ID: up to 256 bytes of UTF-8 without NUL", "не ID: до 256 байт UTF-8 без NUL")
	}
	return nil
}

func isID(id string) bool {
	if len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if id[i] == 0 || id[i] >= utf8.RuneSelf {
			return utf8.ValidString(id) && strings.IndexByte(id, 0) < 0
		}
	}
	return true
}

func checkAt(at, now time.Time) error {
	if clean(at).After(now) {
		return invalid("at", at.Format(time.RFC3339Nano), "lies in the future", "в будущем")
	}
	return nil
}

func (o *Open) check(now time.Time) error {
	for _, id := range [][2]string{{"id", string(o.ID)}, {"case", string(o.Case)}, {"pipeline", string(o.Pipeline)}, {"pool", string(o.Pool)},
		{"channel", o.Channel}, {"form", o.Form}, {"site", o.Site}, {"group", o.Group}, {"listing", o.Listing}, {"region", o.Region}, {"by", string(o.By.ID)}} {
		if err := checkID(id[0], id[1]); err != nil {
			return err
		}
	}
	for _, card := range o.Cards {
		if card == "" {
			return invalid("cards", "", "has an empty ID", "содержит пустой ID")
		}
		if err := checkID("cards", string(card)); err != nil {
			return err
		}
	}
	for _, skill := range o.Skills {
		if err := checkID("skills", skill); err != nil {
			return err
		}
	}
	if len(o.Skills) > 64 {
		return invalid("skills", strconv.Itoa(len(o.Skills)), "are more than 64", "больше 64")
	}
	if len(o.Cards) > 64 {
		return invalid("cards", strconv.Itoa(len(o.Cards)), "are more than 64", "больше 64")
	}
	if o.SourceRev < 0 {
		return invalid("source_rev", strconv.FormatInt(o.SourceRev, 10), "is below zero", "меньше нуля")
	}
	if err := checkText("why", o.Why); err != nil {
		return err
	}
	return checkAt(o.At, now)
}

func (cmd *Command) check(c *Case, now time.Time) error {
	if cmd.Case != "" && cmd.Case != c.ID {
		return invalid("case", string(cmd.Case), "is another case", "другая сделка")
	}
	if cmd.SourceRev != 0 && cmd.Action != "" {
		return invalid("action", string(cmd.Action), "cannot go with source_rev: a status is a field, the move it allows its own command", "не сочетается с source_rev: статус — поле, переход — своя команда")
	}
	if cmd.SourceRev < 0 {
		return invalid("source_rev", strconv.FormatInt(cmd.SourceRev, 10), "is below zero", "меньше нуля")
	}
	if !isID(string(cmd.ID)) || !isID(string(cmd.By.ID)) {
		return invalid("id", string(cmd.ID), "or by is no ID: up to 256 bytes of UTF-8 without NUL", "или by не ID: до 256 байт UTF-8 без NUL")
	}
	if cmd.Why != "" {
		if err := checkText("why", cmd.Why); err != nil {
			return err
		}
	}
	if t := cmd.Touch; t != nil {
		for _, id := range [][2]string{{"touch.kind", t.Kind}, {"touch.channel", t.Channel}, {"touch.ref", t.Ref}} {
			if err := checkID(id[0], id[1]); err != nil {
				return err
			}
		}
		if t.Kind == "" {
			return invalid("touch.kind", "", "is empty", "пусто")
		}
	}
	if cmd.At.IsZero() {
		return nil
	}
	if clean(cmd.At).Before(c.p.Since) {
		return invalid("at", cmd.At.Format(time.RFC3339Nano), "lies before the last move", "раньше последнего перехода")
	}
	return checkAt(cmd.At, now)
}

const maxText = 4096

func checkText(field, text string) error {
	if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return invalid(field, text, "is no text: up to 4,096 bytes of UTF-8 without NUL", "не текст: до 4096 байт UTF-8 без NUL")
	}
	return nil
}

// checkValue is an error unless the field can hold the text.
func (d *definition) checkValue(id FieldID, text string) error {
	if id == FieldOwner || id == FieldPool {
		return checkID(string(id), text)
	}
	f := d.fields[id]
	if f == nil {
		return &UnknownError{Kind: "field", ID: string(id), Nearest: nearest(string(id), d.fieldNames())}
	}
	if text == "" {
		return nil
	}
	return f.check(text)
}

func (f *Field) check(text string) error {
	switch f.Kind {
	case KindChoice:
		if !slices.Contains(f.Values, text) {
			return invalid(string(f.ID), text, "is not one of "+strings.Join(f.Values, ", "), "не одно из: "+strings.Join(f.Values, ", "))
		}
	case KindCheck:
		if text != "yes" {
			return invalid(string(f.ID), text, `is not "yes" or ""`, "не «yes» и не пусто")
		}
	case KindNumber:
		if !isNumber(text) {
			return invalid(string(f.ID), text, "is not a decimal number", "не десятичное число")
		}
	case KindDate:
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return invalid(string(f.ID), text, "is not a date like 2026-05-31", "не дата вида 2026-05-31")
		}
	case KindTime:
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			return invalid(string(f.ID), text, "is not an instant like 2026-05-31T10:00:00Z", "не момент вида 2026-05-31T10:00:00Z")
		}
	}
	return checkText(string(f.ID), text)
}

func isNumber(text string) bool {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	digits := func(s string) bool {
		return s != "" && strings.Trim(s, "0123456789") == ""
	}
	return len(text) <= 40 && digits(whole) && (!point || digits(fraction))
}
