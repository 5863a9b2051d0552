package voucher

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/store"
)

// Decisions: pure in the state loaded, the command and the time.

// rules are a Config, checked.
type rules struct {
	zone       *time.Location
	formats    map[SeriesID]*Format
	documents  []*Document
	validators []Validator
	extra      []Field // fields that only validators know
}

// A plan is what a command comes to, but for the numbers that are still to be taken.
type plan struct {
	at      time.Time
	loaded  map[ReservationID]Aggregate
	drafts  []Voucher // to be numbered, in order
	changed []Voucher // keep their numbers
	event   Event     // what all events of the command share
	adopted bool      // drafts bring their numbers along
}

// moment returns the time of a command: now, but never before what it builds on.
func (p *plan) moment(now time.Time) {
	p.at = instant(now)
	for _, a := range p.loaded {
		for _, v := range a.Vouchers {
			for _, t := range []time.Time{v.Revisions[len(v.Revisions)-1].At, v.Voided} {
				if t.After(p.at) {
					p.at = t
				}
			}
		}
	}
}

func (r *rules) today(at time.Time) date.Date { return date.NewAt(at.In(r.zone)) }

func (r *rules) format(series SeriesID) (*Format, error) {
	f, ok := r.formats[series]
	if !ok {
		var ids []string
		for id := range r.formats {
			ids = append(ids, string(id))
		}
		return nil, &UnknownError{Kind: "series", ID: string(series), Nearest: nearest(string(series), ids)}
	}
	return f, nil
}

// maxItems is how many vouchers one command issues at most.
const maxItems = 10_000

// invalid returns an error if there is a code.
func invalid(field, value, code string) error {
	if code == "" {
		return nil
	}
	return &InvalidError{Field: field, Value: value, Why: code}
}

func checkID(id CommandID) error {
	if id == "" {
		return invalid("id", "", "empty")
	}
	return invalid("id", string(id), badID(string(id)))
}

func checkWho(by, why string) error {
	switch {
	case !utf8.ValidString(why):
		return invalid("why", why, "not_utf8")
	case len(why) > maxText:
		return invalid("why", why, "text_too_long")
	}
	return invalid("by", by, badID(by))
}

func checkItems(items ...Item) error {
	if len(items) == 0 {
		return invalid("items", "", "empty")
	}
	if len(items) > maxItems {
		return invalid("items", strconv.Itoa(len(items)), "too_many")
	}
	for i, item := range items {
		at := fmt.Sprintf("items[%d].", i)
		if item.Reservation == "" {
			return invalid(at+"reservation", "", "empty")
		}
		for _, f := range []struct{ name, id string }{
			{"reservation", string(item.Reservation)}, {"partner", string(item.Partner)}, {"manager", string(item.Manager)},
		} {
			if code := badID(f.id); code != "" {
				return invalid(at+f.name, f.id, code)
			}
		}
	}
	return nil
}

// complete returns the item with its defaults, sharing nothing with it.
func (i Item) complete() Item {
	if i.TripEnd == 0 {
		i.TripEnd = i.TripStart
	}
	i.Values = i.Values.clone()
	return i
}

// refuse returns every reason against giving the item a number, whatever vouchers there are.
func (r *rules) refuse(item Item, format *Format, at time.Time, backdated bool) ([]Reason, []TemplateRef) {
	var rs []Reason
	add := func(code string, field FieldID, got, want string) {
		rs = append(rs, Reason{Code: code, Party: PartyManager, Field: field, Got: got, Want: want})
	}
	today := r.today(at)
	switch {
	case item.TripStart == 0:
		add("missing", "trip_start", "", "date")
	case item.TripStart.Year() < max(1, today.Year()-20) || item.TripStart.Year() > min(9999, today.Year()+79):
		add("trip_far", "trip_start", item.TripStart.String(), fmt.Sprintf("%d…%d", max(1, today.Year()-20), min(9999, today.Year()+79)))
	case item.TripStart < today && !backdated:
		add("trip_past", "trip_start", item.TripStart.String(), "≥ "+today.String())
	}
	if item.TripEnd < item.TripStart {
		add("trip_end", "trip_end", item.TripEnd.String(), "≥ "+item.TripStart.String())
	} else if item.TripEnd.Year() > 9999 {
		add("year", "trip_end", "", "")
	}
	for id, v := range item.Values {
		if _, ok := given[id]; ok {
			add("reserved", id, "", "")
		}
		rs = append(rs, faults(id, v)...)
	}
	first := Voucher{Number: Number{item.TripStart, format.series, 1}, Rev: 1, Item: item, Issued: today}
	first.Text = format.Format(first.Number)
	values := first.Values()
	documents, templates, none := r.inForce(today)
	rs = append(rs, none...)
	var schemas [][]Field
	for _, d := range documents {
		for _, reason := range inspectFields(d.template.Fields, values, "") {
			if item.TripStart != 0 || reason.Field != "trip_start" && reason.Field != "trip_end" {
				rs = append(rs, reason) // a date without a year was refused above
			}
		}
		schemas = append(schemas, d.template.Fields)
	}
	if len(r.documents) > 0 {
		rs = append(rs, undeclared(values, "", append(schemas, r.extra)...)...)
	}
	for _, v := range r.validators {
		rs = append(rs, v.judge(inspection{values: values, today: today})...)
	}
	for i := range rs {
		rs[i].Reservation = item.Reservation
	}
	return rs, templates
}

// faults lists what keeps a value, or one inside it, from ever being printed.
func faults(at FieldID, v Value) []Reason {
	var rs []Reason
	if badID(string(at)) != "" {
		return []Reason{{Code: "identifier", Party: PartyManager, Field: FieldID(strconv.QuoteToASCII(shorten(string(at))))}}
	}
	if code, got, want := v.fault(); code != "" {
		rs = append(rs, Reason{Code: code, Party: PartyManager, Field: at, Got: got, Want: want})
	}
	for i, e := range v.elements {
		for id, inner := range e {
			rs = append(rs, faults(FieldID(fmt.Sprintf("%s[%d].%s", at, i+1, id)), inner)...)
		}
	}
	return rs
}

// inForce returns the documents whose wording is in force, the newest version of each.
func (r *rules) inForce(today date.Date) (ds []*Document, refs []TemplateRef, none []Reason) {
	wordings := make([]Template, len(r.documents))
	ids := map[TemplateID]bool{}
	for i, d := range r.documents {
		wordings[i] = d.template
		ids[d.template.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		inForce := newest(wordings, id, today)
		if len(inForce) == 0 {
			none = append(none, Reason{Code: "no_wording", Party: PartyManager, Field: FieldID(id), Want: today.String()})
			continue
		}
		refs = append(refs, inForce[0].Ref())
		for _, d := range r.documents {
			if d.template.Ref() == inForce[0].Ref() {
				ds = append(ds, d)
			}
		}
	}
	return ds, refs, none
}

// live returns the reservation's voucher that is not void.
func (a Aggregate) live() (Voucher, bool) {
	for _, v := range a.Vouchers {
		if v.State == StateIssued {
			return v, true
		}
	}
	return Voucher{}, false
}

// holdingWith names the reservation's vouchers and one more.
func (a Aggregate) holdingWith(v Voucher) Holding {
	h := Holding{Reservation: v.Item.Reservation}
	for _, had := range a.Vouchers {
		h.Vouchers = append(h.Vouchers, had.ID)
	}
	h.Vouchers = append(h.Vouchers, v.ID)
	return h
}

// command returns the voucher and the revision that a command made.
func (a Aggregate) command(id CommandID) (Voucher, int, bool) {
	for _, v := range a.Vouchers {
		for i, r := range v.Revisions {
			if r.Command == id {
				return v, i, true
			}
		}
	}
	return Voucher{}, 0, false
}

// events counts what happened to the reservation.
func (a Aggregate) events() int64 {
	n := int64(0)
	for _, v := range a.Vouchers {
		n += int64(len(v.Revisions))
		if v.State == StateVoid {
			n++
		}
	}
	return n
}

// same compares a repeated command with what it was first; nil if nothing differs.
func same(id CommandID, had, got Revision) error {
	type pair struct{ field, had, got string }
	pairs := []pair{
		{"command", string(had.Kind), string(got.Kind)},
		{"items", strconv.Itoa(max(1, had.Of)), strconv.Itoa(max(1, got.Of))},
		{"reservation", string(had.Item.Reservation), string(got.Item.Reservation)},
		{"trip_start", had.Item.TripStart.String(), got.Item.TripStart.String()},
		{"trip_end", had.Item.TripEnd.String(), got.Item.TripEnd.String()},
		{"partner", string(had.Item.Partner), string(got.Item.Partner)},
		{"manager", string(had.Item.Manager), string(got.Item.Manager)},
		{"by", had.By, got.By},
		{"why", had.Why, got.Why},
	}
	ids := set{}
	for f := range had.Item.Values {
		ids[string(f)] = true
	}
	for f := range got.Item.Values {
		ids[string(f)] = true
	}
	for _, f := range slices.Sorted(maps.Keys(ids)) {
		a, b := had.Item.Values[FieldID(f)], got.Item.Values[FieldID(f)]
		if !a.Equal(b) {
			pairs = append(pairs, pair{"values." + f, "«" + a.String() + "»", string(b.kind) + " «" + b.String() + "»"})
		}
	}
	for _, p := range pairs {
		if p.had != p.got {
			return &MismatchError{ID: id, Field: p.field, Had: p.had, Got: p.got}
		}
	}
	return nil
}

func sameField(id CommandID, field, had, got string) error {
	if had == got {
		return nil
	}
	return &MismatchError{ID: id, Field: field, Had: had, Got: got}
}

// issue decides on an Issue. A command that was done before gives its answer instead of a plan.
func (r *rules) issue(cmd Issue, loaded map[ReservationID]Aggregate, now time.Time) (*plan, []Voucher, error) {
	format, err := r.format(cmd.Series)
	if err != nil {
		return nil, nil, err
	}
	p := &plan{loaded: loaded, event: Event{Kind: EventIssued, By: cmd.By, Why: cmd.Why, Command: cmd.ID}}
	p.moment(now)
	revision := Revision{Rev: 1, Kind: EventIssued, Command: cmd.ID, Issued: r.today(p.at), At: p.at, By: cmd.By, Why: cmd.Why}
	if len(cmd.Items) > 1 {
		revision.Of = len(cmd.Items)
	}
	var done []Voucher
	var reasons []Reason
	seen := map[ReservationID]bool{}
	for _, item := range cmd.Items {
		item = item.complete()
		a := loaded[item.Reservation]
		revision.Item = item
		if v, i, ok := a.command(cmd.ID); ok {
			if err := cmp.Or(same(cmd.ID, v.Revisions[i], revision), sameField(cmd.ID, "series", string(v.Number.series), string(cmd.Series))); err != nil {
				return nil, nil, err
			}
			done = append(done, v.asOf(i))
			continue
		}
		against, templates := r.refuse(item, format, p.at, cmd.Backdated)
		if v, ok := a.live(); ok {
			against = append(against, Reason{Code: "live_voucher", Party: PartyManager, Reservation: item.Reservation, Got: v.Text})
		}
		if seen[item.Reservation] {
			against = append(against, Reason{Code: "same_reservation", Party: PartyManager, Reservation: item.Reservation})
		}
		seen[item.Reservation] = true
		reasons = append(reasons, against...)
		revision.Templates = templates
		p.drafts = append(p.drafts, draft(format.series, revision))
	}
	switch {
	case len(done) == len(cmd.Items):
		return nil, done, nil
	case len(done) > 0:
		return nil, nil, &MismatchError{ID: cmd.ID, Field: "items", Had: strconv.Itoa(max(1, done[0].Revisions[len(done[0].Revisions)-1].Of)), Got: strconv.Itoa(len(cmd.Items))}
	case len(reasons) > 0:
		return nil, nil, &RefusedError{sortReasons(reasons)}
	}
	return p, nil, nil
}

// draft returns a voucher that lacks its number.
func draft(series SeriesID, r Revision) Voucher {
	v := Voucher{Number: Number{trip: r.Item.TripStart, series: series}, State: StateIssued, Rev: r.Rev, Item: r.Item, Issued: r.Issued, Revisions: []Revision{r}}
	return v.Clone()
}

// find returns the voucher, or an error if there is none or the caller saw another revision.
func find(ref Ref, loaded map[ReservationID]Aggregate) (Voucher, Aggregate, error) {
	for _, a := range loaded {
		for _, v := range a.Vouchers {
			if v.ID == ref.ID {
				return v.Clone(), a, nil
			}
		}
	}
	return Voucher{}, Aggregate{}, &UnknownError{Kind: "voucher", ID: string(ref.ID)}
}

func (r *rules) reissue(cmd Reissue, loaded map[ReservationID]Aggregate, now time.Time) (*plan, *Voucher, error) {
	v, a, err := find(cmd.Ref, loaded)
	if err != nil {
		return nil, nil, err
	}
	item := cmd.Item.complete()
	if item.Reservation == "" {
		item.Reservation = v.Item.Reservation
	}
	format, err := r.format(v.Number.series)
	if err != nil {
		return nil, nil, err
	}
	p := &plan{loaded: loaded, event: Event{Kind: EventReissued, By: cmd.By, Why: cmd.Why, Command: cmd.ID}}
	p.moment(now)
	revision := Revision{Rev: v.Rev + 1, Kind: EventReissued, Command: cmd.ID, Item: item, Issued: r.today(p.at), At: p.at, By: cmd.By, Why: cmd.Why}
	if done, i, ok := a.command(cmd.ID); ok {
		if err := same(cmd.ID, done.Revisions[i], revision); err != nil {
			return nil, nil, err
		}
		answer := done.asOf(i)
		from := done.ID
		if i == 0 {
			from = done.Replaces
		}
		return nil, &answer, sameField(cmd.ID, "voucher", string(from), string(cmd.Ref.ID))
	}
	reasons, templates := r.refuse(item, format, p.at, cmd.Backdated)
	if v.State == StateVoid {
		reasons = append(reasons, Reason{Code: "void", Party: PartyManager, Reservation: v.Item.Reservation, Got: v.Text, Want: string(v.ReplacedBy)})
	}
	if item.Reservation != v.Item.Reservation {
		reasons = append(reasons, Reason{Code: "other_reservation", Party: PartyManager, Reservation: v.Item.Reservation, Got: string(item.Reservation), Want: string(v.Item.Reservation)})
	}
	if len(reasons) > 0 {
		return nil, nil, &RefusedError{sortReasons(reasons)}
	}
	if cmd.Ref.Rev != 0 && cmd.Ref.Rev != v.Rev {
		return nil, nil, &StaleError{ID: v.ID, Had: v.Rev, Got: cmd.Ref.Rev}
	}
	revision.Templates = templates
	if item.TripStart == v.Number.trip {
		v.Rev, v.Item, v.Issued = revision.Rev, item, revision.Issued
		v.Revisions = append(v.Revisions, revision)
		p.changed = []Voucher{v.Clone()}
		return p, nil, nil
	}
	revision.Rev = 1
	moved := draft(v.Number.series, revision)
	moved.Replaces = v.ID
	p.drafts = []Voucher{moved}
	return p, nil, nil
}

func (r *rules) void(cmd Void, loaded map[ReservationID]Aggregate, now time.Time) (*plan, *Voucher, error) {
	v, _, err := find(cmd.Ref, loaded)
	if err != nil {
		return nil, nil, err
	}
	if v.State == StateVoid {
		return nil, &v, nil
	}
	if cmd.Ref.Rev != 0 && cmd.Ref.Rev != v.Rev {
		return nil, nil, &StaleError{ID: v.ID, Had: v.Rev, Got: cmd.Ref.Rev}
	}
	p := &plan{loaded: loaded, event: Event{Kind: EventVoided, By: cmd.By, Why: cmd.Why}}
	p.moment(now)
	v.State, v.Voided = StateVoid, p.at
	p.changed = []Voucher{v}
	return p, nil, nil
}

func (r *rules) adopt(cmd Adopt, loaded map[ReservationID]Aggregate, now time.Time) (*plan, *Voucher, error) {
	format, err := r.format(cmd.Series)
	if err != nil {
		return nil, nil, err
	}
	item := cmd.Item.complete()
	p := &plan{loaded: loaded, adopted: true, event: Event{Kind: EventAdopted, By: cmd.By, Why: cmd.Why, Command: cmd.ID}}
	p.moment(now)
	today := r.today(p.at)
	revision := Revision{Rev: 1, Kind: EventAdopted, Command: cmd.ID, Item: item, Issued: cmd.Issued, At: p.at, By: cmd.By, Why: cmd.Why}
	v := draft(cmd.Series, revision)
	v.Text = strings.TrimSpace(cmd.Number)
	var reasons []Reason
	add := func(code string, field FieldID, got, want string) {
		reasons = append(reasons, Reason{Code: code, Party: PartyManager, Reservation: item.Reservation, Field: field, Got: got, Want: want})
	}
	if n, err := format.Parse(cmd.Number, item.TripStart); err == nil {
		v.Number, v.Text = n, format.Format(n)
		if n.trip != item.TripStart {
			add("number_date", "trip_start", item.TripStart.String(), n.trip.String())
		}
	}
	v.ID = newID(v.Number, v.Text)
	a := loaded[item.Reservation]
	if done, i, ok := a.command(cmd.ID); ok {
		err := cmp.Or(same(cmd.ID, done.Revisions[i], revision),
			sameField(cmd.ID, "series", string(done.Number.series), string(cmd.Series)),
			sameField(cmd.ID, "number", string(done.ID), string(v.ID)),
			sameField(cmd.ID, "issued", done.Revisions[i].Issued.String(), cmd.Issued.String()))
		answer := done.asOf(i)
		return nil, &answer, err
	}
	if item.TripStart == 0 {
		add("missing", "trip_start", "", "date")
	} else if y := item.TripStart.Year(); y < 1 || y > 9999 || item.TripEnd.Year() > 9999 {
		add("year", "trip_start", "", "")
	}
	if item.TripEnd < item.TripStart {
		add("trip_end", "trip_end", item.TripEnd.String(), "≥ "+item.TripStart.String())
	}
	switch {
	case cmd.Issued == 0:
		add("missing", "issued", "", "date")
	case cmd.Issued > today:
		add("issued_after", "issued", cmd.Issued.String(), "≤ "+today.String())
	case cmd.Issued.Year() < 1:
		add("year", "issued", "", "")
	}
	for id, value := range item.Values {
		if _, ok := given[id]; ok {
			add("reserved", id, "", "")
		}
		for _, reason := range faults(id, value) {
			reason.Reservation = item.Reservation
			reasons = append(reasons, reason)
		}
	}
	if live, ok := a.live(); ok && live.ID != v.ID {
		add("live_voucher", "", live.Text, "")
	}
	if len(reasons) > 0 {
		return nil, nil, &RefusedError{sortReasons(reasons)}
	}
	p.drafts = []Voucher{v}
	return p, nil, nil
}

// rows returns the counters that the plan has to take numbers from, each once, in key order.
func (p *plan) rows() []CounterKey {
	var keys []CounterKey
	for _, d := range p.drafts {
		keys = append(keys, CounterKey{d.Number.trip, d.Number.series})
	}
	slices.SortFunc(keys, CounterKey.Compare)
	return slices.Compact(keys)
}

// commit gives the drafts their numbers and returns the change, with the vouchers in the order
// asked.
func (p *plan) commit(counters map[CounterKey]Aggregate, formats map[SeriesID]*Format) (Change, []Voucher, error) {
	var c Change
	var answer []Voucher
	seqs := map[ReservationID]int64{}
	add := func(v Voucher, kind EventKind) {
		id := v.Item.Reservation
		if _, ok := seqs[id]; !ok {
			a := p.loaded[id]
			seqs[id] = a.events()
			c.Guards = append(c.Guards, store.Guard{Key: id.Key(), Version: a.Version, Write: true})
		}
		seqs[id]++
		e := p.event
		e.Key, e.Seq, e.At, e.Kind, e.Voucher = id.Key(), seqs[id], p.at, kind, v.Clone()
		c.Events = append(c.Events, e)
		c.Vouchers = append(c.Vouchers, v)
	}
	for _, v := range p.changed {
		add(v, p.event.Kind)
		answer = append(answer, v.Clone())
	}
	rows := p.rows()
	last := map[CounterKey]Counter{}
	for _, k := range rows {
		row := counters[k].Counter
		row.CounterKey = k
		last[k] = row
	}
	for _, v := range p.drafts {
		k := CounterKey{v.Number.trip, v.Number.series}
		row := last[k]
		if p.adopted {
			row.Last, row.Adopted = max(row.Last, v.Number.seq), max(row.Adopted, v.Number.seq)
		} else {
			row.Last++
			v.Number.seq = row.Last
			if v.Number.seq > MaxSeq {
				return Change{}, nil, &RefusedError{[]Reason{{Code: "row_full", Party: PartyManager, Reservation: v.Item.Reservation, Want: strconv.Itoa(MaxSeq)}}}
			}
			v.ID = newID(v.Number, "")
			v.Text = formats[v.Number.series].Format(v.Number)
		}
		last[k] = row
		if v.Replaces != "" {
			old, _, err := find(Ref{ID: v.Replaces}, p.loaded)
			if err != nil {
				return Change{}, nil, err
			}
			old.State, old.Voided, old.ReplacedBy = StateVoid, p.at, v.ID
			add(old, EventVoided)
		}
		add(v, p.event.Kind)
		answer = append(answer, v.Clone())
		c.Holdings = append(c.Holdings, p.loaded[v.Item.Reservation].holdingWith(v))
	}
	slices.SortFunc(c.Guards, func(a, b store.Guard) int { return a.Key.Compare(b.Key) })
	for _, k := range rows {
		c.Guards = append(c.Guards, store.Guard{Key: k.Key(), Version: counters[k].Version, Write: true})
		c.Counters = append(c.Counters, last[k])
	}
	return c, answer, nil
}
