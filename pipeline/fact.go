package pipeline

import (
	"slices"
	"time"

	"github.com/tenure-go/tenure/pipeline/worktime"
)

// Kinds of fact.
const (
	FactStage    = "stage"    // Name: the stage. From, To: how long the case stood there; To is zero while it does
	FactWait     = "wait"     // Name: the party whose turn it was
	FactResponse = "response" // From the inquiry to its first answer; To is zero while there is none
	FactTouch    = "touch"    // Name: its kind; "missed_" before it for a missed call
	FactInquiry  = "inquiry"  // From = To: when it came
	FactOutcome  = "outcome"  // Name: won or lost. From the opening to the closing
)

// A Fact is one line of a report. Sum them by whatever is asked: the time per stage, the first
// response, the calls and missed calls per owner and channel.
type Fact struct {
	Kind     string
	Case     CaseID
	Name     string
	From, To time.Time
	Work     time.Duration // business time from From to To; 0 while To is zero, or where the calendar's years end
	Owner    ActorID       // of the case at To; while To is zero, at the end
	Channel  string
}

// Facts reads what happened out of the events of any number of cases; those of one case must come in
// their order. Without a calendar all time counts. Stage facts cover a case from its opening to its
// closing without gap or overlap, and wait facts each stage.
func Facts(events []Event, cal *worktime.Calendar) []Fact {
	cases := make(map[CaseID]*factCase)
	var order []*factCase
	for i := range events {
		ev := &events[i]
		id := CaseID(ev.Key.ID)
		f := cases[id]
		if f == nil {
			f = &factCase{id: id, cal: cal, stage: -1, wait: -1, asked: -1}
			cases[id] = f
			order = append(order, f)
		}
		f.read(ev)
	}
	var out []Fact
	for _, f := range order {
		for i := range f.facts {
			if f.facts[i].To.IsZero() {
				f.facts[i].Owner = f.owner
			}
		}
		out = append(out, f.facts...)
	}
	return out
}

type factCase struct {
	id                 CaseID
	cal                *worktime.Calendar
	facts              []Fact
	opened             time.Time
	owner              ActorID
	party              string
	stage, wait, asked int // the facts that are open, or -1
}

func (f *factCase) read(ev *Event) {
	switch ev.Kind {
	case EventOpened:
		f.opened = ev.At
		f.stage = f.begin(FactStage, ev.To, ev.At)
	case EventInquired:
		at := f.begin(FactInquiry, "", ev.At)
		f.facts[at].Channel = ev.Name
		f.end(at, ev.At)
		if f.asked < 0 || !f.facts[f.asked].To.IsZero() {
			f.asked = f.begin(FactResponse, "", ev.At)
			f.facts[f.asked].Channel = ev.Name
		}
	case EventResponded:
		if f.asked >= 0 { // one that is told late comes first after all
			f.end(f.asked, ev.At)
			f.facts[f.asked].Channel = ev.To
		}
	case EventTouched:
		at := f.begin(FactTouch, ev.Name, ev.At)
		f.facts[at].Channel = ev.To
		f.end(at, ev.At)
	case EventSet:
		if ev.Name == string(FieldOwner) {
			f.owner = ActorID(ev.To)
		}
	case EventMoved:
		if f.stage < 0 { // it leaves a final stage: a new stretch of time
			f.opened = ev.At
		}
		f.stop(&f.stage, ev.At)
		f.stop(&f.wait, ev.At)
		f.stage = f.begin(FactStage, ev.To, ev.At)
		if f.party != "" {
			f.wait = f.begin(FactWait, f.party, ev.At)
		}
	case EventTurn:
		f.stop(&f.wait, ev.At)
		f.party = ev.To
		if f.stage >= 0 && f.party != "" {
			f.wait = f.begin(FactWait, f.party, ev.At)
		}
	case EventClosed:
		f.stop(&f.stage, ev.At)
		f.stop(&f.wait, ev.At)
		at := f.begin(FactOutcome, ev.Name, f.opened)
		f.end(at, ev.At)
	}
}

func (f *factCase) begin(kind, name string, at time.Time) int {
	f.facts = append(f.facts, Fact{Kind: kind, Case: f.id, Name: name, From: at})
	return len(f.facts) - 1
}

func (f *factCase) end(i int, at time.Time) {
	fact := &f.facts[i]
	fact.To, fact.Owner = at, f.owner
	fact.Work = at.Sub(fact.From)
	if f.cal != nil {
		fact.Work, _ = f.cal.Between(fact.From, at)
	}
}

// stop ends an open fact; one of no length is taken back, for it says nothing.
func (f *factCase) stop(i *int, at time.Time) {
	if *i < 0 {
		return
	}
	f.end(*i, at)
	if fact := &f.facts[*i]; !fact.From.Before(fact.To) {
		gone := *i
		f.facts = slices.Delete(f.facts, gone, gone+1)
		for _, other := range []*int{&f.stage, &f.wait, &f.asked} {
			if *other > gone {
				*other--
			}
		}
	}
	*i = -1
}
