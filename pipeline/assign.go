package pipeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenure-go/tenure/pipeline/worktime"
)

// A Pool is the colleagues among whom leads are shared out.
type Pool struct {
	ID       PoolID
	RingAll  bool   // all that may take it are rung, and the first claim wins
	Sticky   bool   // a client comes back to the owner of his newest case, outside the rotation
	Fallback PoolID // asked when nobody here may take a lead
	Heads    []ActorID
	Members  []Member
}

// A Member takes leads of its regions that ask for skills it has, while on duty.
type Member struct {
	ID       ActorID
	Regions  []string // none: all
	Skills   []string
	Calendar *worktime.Calendar // Defaults to always.
	Away     []worktime.Span
}

// Assign chooses who gets the lead: of those that may take it the one whose last turn is longest
// ago, ties by ID; in a RingAll pool all of them. turns holds each member's last turn, a number
// that grows; a member without one comes first. The trace says of each member why or why not; if
// nobody may take it, it ends with the instant when somebody may ("opens"), if one is in sight.
//
// A member's year that is not loaded counts as off duty.
func Assign(p Pool, turns map[ActorID]int64, o Open, now time.Time) ([]ActorID, []Reason) {
	var able []ActorID
	var trace []Reason
	for i := range p.Members {
		if r := p.Members[i].bars(&o, now); r.Code != "" {
			trace = append(trace, r)
		} else if !slices.Contains(able, p.Members[i].ID) {
			able = append(able, p.Members[i].ID)
		}
	}
	slices.SortFunc(able, func(a, b ActorID) int { return cmp.Or(cmp.Compare(turns[a], turns[b]), cmp.Compare(a, b)) })
	switch {
	case len(able) == 0:
		trace = append(trace, Reason{Code: "empty", Name: string(p.ID)})
		if at := p.opens(&o, now); !at.IsZero() {
			trace = append(trace, Reason{Code: "opens", Name: at.Format(time.RFC3339Nano)})
		}
	case p.RingAll:
		for _, id := range able {
			trace = append(trace, Reason{Code: "rung", Name: string(id)})
		}
	default:
		able = able[:1]
		trace = append(trace, Reason{Code: "taken", Name: string(able[0])})
	}
	return able, trace
}

// bars says why the member may not take the lead; no Code if it may.
func (m *Member) bars(o *Open, now time.Time) Reason {
	if r := m.unfit(o); r.Code != "" {
		return r
	}
	for _, away := range m.Away {
		if !now.Before(away.From) && now.Before(away.To) {
			return Reason{Code: "away", Name: string(m.ID)}
		}
	}
	if m.Calendar != nil {
		if open, err := m.Calendar.Open(now); err != nil || !open {
			return Reason{Code: "off_hours", Name: string(m.ID)}
		}
	}
	return Reason{}
}

// unfit is bars as far as time does not matter.
func (m *Member) unfit(o *Open) Reason {
	if o.Region != "" && len(m.Regions) > 0 && !slices.Contains(m.Regions, o.Region) {
		return Reason{Code: "region", Name: string(m.ID), Want: []string{o.Region}}
	}
	for _, skill := range o.Skills {
		if !slices.Contains(m.Skills, skill) {
			return Reason{Code: "skill", Name: string(m.ID), Want: []string{skill}}
		}
	}
	return Reason{}
}

// opens is when a member that fits is on duty next; zero if none is in sight.
func (p *Pool) opens(o *Open, now time.Time) (first time.Time) {
	for i := range p.Members {
		m := &p.Members[i]
		if m.unfit(o).Code != "" {
			continue
		}
		if at := m.free(now); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// free is when the member is on duty and not away.
func (m *Member) free(at time.Time) time.Time {
	away := slices.SortedFunc(slices.Values(m.Away), func(a, b worktime.Span) int { return a.From.Compare(b.From) })
	for range 2*len(away) + 2 { // each round passes an absence or is the last
		if m.Calendar != nil {
			var err error
			if at, err = m.Calendar.NextOpen(at); err != nil {
				return time.Time{}
			}
		}
		start := at
		for _, a := range away {
			if !at.Before(a.From) && at.Before(a.To) {
				at = a.To
			}
		}
		if at.Equal(start) {
			return clean(at)
		}
	}
	return time.Time{}
}

// conversation lists who takes part in what is handed over to the pool: the members whose regions
// hold the value, and the heads.
func (p *Pool) conversation(region string) (who []ActorID) {
	for i := range p.Members {
		if slices.Contains(p.Members[i].Regions, region) {
			who = append(who, p.Members[i].ID)
		}
	}
	who = append(who, p.Heads...)
	slices.Sort(who)
	return slices.Compact(who)
}
