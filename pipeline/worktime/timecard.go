package worktime

import (
	"cmp"
	"slices"
	"time"

	"github.com/rickb777/date/v2"
)

// A DayCard is one date of a timecard. Worked − Overtime + Absent = Planned.
type DayCard struct {
	Date     date.Date
	Planned  time.Duration // the day's hours
	Worked   time.Duration // what was worked of them, and Overtime
	Overtime time.Duration // worked outside any day's hours, on this civil date
	Absent   time.Duration // hours that were not worked
}

// Timecard sets what was worked against the calendar, one card for each date from first to last
// inclusive. The spans are united first: two telephones are not double time. What lies within
// a day's hours is that day's, also past midnight.
//
// Dates outside the loaded years are a [RangeError]; a span that ends before it begins, or first
// after last, is an [InvalidError].
func (c *Calendar) Timecard(first, last date.Date, worked []Span) ([]DayCard, error) {
	if first > last {
		return nil, invalid("first", first.String(), "is after the last date, "+last.String(), "позже последней даты, "+last.String())
	}
	for _, d := range []date.Date{first, last} {
		if _, err := c.Kind(d); err != nil {
			return nil, err
		}
	}
	spans, err := unite(worked)
	if err != nil {
		return nil, err
	}
	lo, hi := int(first-c.day0), int(last-c.day0)
	cards := make([]DayCard, hi-lo+1)
	for d := lo; d <= hi; d++ {
		card := &cards[d-lo]
		card.Date = c.day0 + date.Date(d)
		card.Planned = micros(c.done[c.begin[d+1]] - c.done[c.begin[d]])
		card.Absent = card.Planned
	}
	// Hours of the day before the first run into it, and are not overtime.
	begin := max(lo-1, 0)
	for d := begin; d <= hi; d++ {
		for i := c.begin[d]; i < c.begin[d+1]; i++ {
			within := micros(overlap(spans, c.from[i], c.to[i]))
			if d >= lo {
				cards[d-lo].Worked += within
				cards[d-lo].Absent -= within
			}
		}
	}
	for d := lo; d <= hi; d++ {
		card := &cards[d-lo]
		from, to := c.midnight[d], c.midnight[d+1]
		extra := overlap(spans, from, to)
		for i := c.begin[max(d-1, 0)]; i < c.begin[d+1]; i++ {
			extra -= overlap(spans, max(from, c.from[i]), min(to, c.to[i]))
		}
		card.Overtime = micros(extra)
		card.Worked += card.Overtime
	}
	return cards, nil
}

func micros(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// unite sorts the spans and joins those that touch, in Unix microseconds.
func unite(spans []Span) ([][2]int64, error) {
	sorted := make([][2]int64, 0, len(spans))
	for _, s := range spans {
		if s.To.Before(s.From) {
			return nil, invalid("worked", s.To.Format(time.RFC3339), "is before the span's beginning, "+s.From.Format(time.RFC3339), "раньше начала отрезка, "+s.From.Format(time.RFC3339))
		}
		sorted = append(sorted, [2]int64{s.From.UnixMicro(), s.To.UnixMicro()})
	}
	slices.SortFunc(sorted, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	out := sorted[:0]
	for _, s := range sorted {
		if n := len(out); n > 0 && s[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], s[1])
			continue
		}
		out = append(out, s)
	}
	return out, nil
}

// overlap is how much of [from, to) the united spans cover.
func overlap(spans [][2]int64, from, to int64) int64 {
	i, _ := slices.BinarySearchFunc(spans, from, func(s [2]int64, at int64) int {
		if s[1] <= at {
			return -1
		}
		return 1
	})
	var sum int64
	for ; i < len(spans) && spans[i][0] < to; i++ {
		sum += max(0, min(to, spans[i][1])-max(from, spans[i][0]))
	}
	return sum
}
