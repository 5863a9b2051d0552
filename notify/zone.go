package notify

import (
	"time"

	"github.com/rickb777/date/v2/clock"
)

// loadZone is the zone of an IANA name; "" is UTC. The machine's own zone ("Local") is no zone.
func loadZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, &InvalidError{Field: "zone", Value: name, Why: "not an IANA zone"}
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, &InvalidError{Field: "zone", Value: name, Why: "not an IANA zone"}
	}
	return zone, nil
}

// wall is the instant at which the clock on the wall shows at, days civil days after the date of
// t. What the wall shows twice is the first time; what it skips is as much later as the skip is
// long.
func wall(t time.Time, days int, at clock.Clock, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	face := time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC).Add(time.Duration(at))
	_, before := face.AddDate(0, 0, -1).In(zone).Zone()
	_, after := face.AddDate(0, 0, 1).In(zone).Zone()
	first := face.Add(-time.Duration(max(before, after)) * time.Second)
	second := face.Add(-time.Duration(min(before, after)) * time.Second)
	for _, u := range []time.Time{first, second} {
		if _, offset := u.In(zone).Zone(); u.Add(time.Duration(offset) * time.Second).Equal(face) {
			return u
		}
	}
	return face.Add(-time.Duration(before) * time.Second)
}

// quietEnd is the first instant from t on at which the category's quiet hours do not hold.
func quietEnd(c *Category, t time.Time, zone *time.Location) time.Time {
	if c == nil || c.QuietFrom == c.QuietTo {
		return t
	}
	_, offset := t.In(zone).Zone()
	shown := t.Add(time.Duration(offset) * time.Second).UTC()
	now := clock.Clock(shown.Sub(shown.Truncate(24 * time.Hour)))
	overnight := c.QuietFrom > c.QuietTo
	late := overnight && now >= c.QuietFrom
	early := overnight && now < c.QuietTo
	switch {
	case late:
		return wall(t, 1, c.QuietTo, zone)
	case early, !overnight && now >= c.QuietFrom && now < c.QuietTo:
		return latest(t, wall(t, 0, c.QuietTo, zone))
	}
	return t
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
