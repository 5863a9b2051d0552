package main

import (
	"context"
	"fmt"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/index"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/store"
)

// A follower is a copy of the calendars that knows nothing but the feed.
type follower struct {
	name   string
	page   int // events it reads at once
	copy   *index.Index
	cursor store.Cursor
}

// followers are the developer's site and a listing, which must show what the office shows.
type followers struct {
	all    []*follower
	flats  []booking.UnitID
	first  date.Date
	looks  int // flats compared
	differ int
}

func newFollowers(first date.Date) *followers {
	f := &followers{first: first}
	for name, page := range map[string]int{"site": 1000, "listing": 3} {
		f.all = append(f.all, &follower{name: name, page: page, copy: index.New(first, 730)})
	}
	return f
}

// catchUp reads the feed to its end.
func (f *follower) catchUp(ctx context.Context, feed booking.Feed) error {
	for {
		events, cursor, err := feed.Since(ctx, f.cursor, f.page)
		if err != nil || len(events) == 0 {
			return err
		}
		if err := f.copy.Apply(events...); err != nil {
			return err
		}
		f.cursor = cursor
	}
}

// compare looks at every flat in both copies and in the office's own calendar.
func (f *followers) compare(ctx context.Context, o *salesOffice) error {
	if len(f.flats) == 0 {
		return nil
	}
	for _, x := range f.all {
		if err := x.catchUp(ctx, o.db); err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
	}
	span, err := booking.Nights(f.first+30, f.first+37)
	if err != nil {
		return err
	}
	cals, err := o.desk.Calendar(ctx, span, f.flats...)
	if err != nil {
		return err
	}
	for _, c := range cals {
		f.looks++
		places, _ := c.Free(span)
		for _, x := range f.all {
			var found index.Set
			known := x.copy.Free(&found, span, 1, o.clock.Now())
			found.And(x.copy.Only(c.Unit.ID))
			if !known || found.Len() != places || x.copy.Status(c.Unit.ID, span, o.clock.Now()) != c.Status(span) {
				f.differ++
				fmt.Printf("%s shows %s otherwise than the office\n", x.name, c.Unit.ID)
			}
		}
	}
	return nil
}

func (f *followers) facts(checks *show.Checks) {
	checks.Add("office: site and listing against the office's calendar", f.looks > 0 && f.differ == 0, "%d of %d looks differ", f.differ, f.looks)
}
