package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/region"
	"github.com/tenure-go/tenure/store"
)

// A client of the story, and what the world has in store for him: on which of his channels a message is
// read, only delivered, lost in silence, or refused for want of an account.
type client struct {
	name, phone     string
	office          region.Office
	hour            int
	whatsapp, viber fate
	by              notify.ChannelID // that is to reach him
}

type fate int

const (
	read fate = iota
	unread
	silent
	absent
)

var clients = []client{
	{"Alisa", "+79140015001", offices[0], 11, read, read, "whatsapp"},
	{"Boris", "+79140010002", offices[0], 11, unread, read, "whatsapp"},
	{"Semyon", "+79144315002", offices[1], 11, silent, read, "viber"},
	{"Vera", "+79144300003", offices[1], 12, absent, read, "viber"},
	{"Gleb", "+79145500004", offices[2], 11, absent, absent, "sms"},
	{"Lidia", "+79145600009", offices[2], 14, absent, silent, "sms"},
}

const meeting = 45 * time.Minute // and a quarter of an hour between two

// unit is the calendar of an office, anew for each run.
func unit(s *show.Story, o region.Office) booking.UnitID {
	return booking.UnitID(fmt.Sprintf("r%d-%s", s.Run, o.ID))
}

// slots are those of a day in June that are free, from 10 to 17 by the office's own clock.
func (d *dealer) slots(ctx context.Context, s *show.Story, o region.Office, day int) ([]booking.Span, error) {
	on := date.New(2026, time.June, day)
	open, err := booking.Daily(on, on, clock.New(10, 0, 0, 0), clock.New(17, 0, 0, 0), o.Zone)
	if err != nil {
		return nil, err
	}
	cals, err := d.calendar.Calendar(ctx, open[0], unit(s, o))
	return booking.Slots(open, meeting, time.Hour, cals...), err
}

// meet books a meeting and tells the client, both or neither.
func (d *dealer) meet(ctx context.Context, s *show.Story, c client, span booking.Span) error {
	id := fmt.Sprintf("r%d-%s", s.Run, c.name)
	return s.InTx(ctx, func(tx show.Tx) error {
		hold := booking.Hold{ID: booking.ReservationID(id), Unit: unit(s, c.office), Span: span, Holder: c.phone, By: "Oleg"}
		if _, err := d.calendar.In(tx.Booking).Do(ctx, hold, booking.Confirm{Ref: booking.Ref{Unit: hold.Unit, ID: hold.ID}, By: "Oleg"}); err != nil {
			return err
		}
		_, err := d.messages.In(tx.Notify).Post(ctx, d.occasion(s, c, span))
		return err
	})
}

// occasion is what the messages about a meeting follow from.
func (d *dealer) occasion(s *show.Story, c client, span booking.Span) notify.Occasion {
	from, to := span.Times()
	id := fmt.Sprintf("r%d-%s", s.Run, c.name)
	return notify.Occasion{
		ID: id, Kind: "meeting", Rev: 1, Made: s.Clock.Now(), Start: from, End: to, Zone: c.office.Zone, By: "Oleg",
		To: notify.Recipient{ID: id, Lang: s.Lang, Zone: c.office.Zone, Addresses: map[notify.ChannelID]string{"whatsapp": c.phone, "viber": c.phone, "sms": c.phone}},
		Vars: map[string]string{"name": words.In(s.Lang, c.name), "when": local(from, c.office).Format(s.T("2 Jan 15:04", "02.01 15:04")), "where": words.In(s.Lang, c.office.Address),
			"manager": words.In(s.Lang, "Oleg")},
	}
}

// local is an instant by an office's clock.
func local(t time.Time, o region.Office) time.Time {
	zone, err := time.LoadLocation(o.Zone)
	if err != nil { // region.NewDirectory knows the zones
		return t
	}
	return t.In(zone)
}

// meetings: each city has its calendar, by its own clock, and no two clients get one hour.
func (d *dealer) meetings(ctx context.Context, s *show.Story) error {
	s.Clock.Set(irkutsk(10, 12, 0))
	start, err := d.bookingsSoFar(ctx, s)
	if err != nil {
		return err
	}
	for _, o := range offices {
		if _, err := d.calendar.Do(ctx, booking.Define{Unit: booking.Unit{ID: unit(s, o), Axis: booking.AxisTimes, Zone: o.Zone, Turnover: booking.Turnover{Time: time.Hour - meeting}}}); err != nil {
			return err
		}
	}
	d.starts = map[string]time.Time{}
	for _, c := range clients {
		free, err := d.slots(ctx, s, c.office, 11)
		if err != nil {
			return err
		}
		wish, err := booking.Between(wall(c), wall(c).Add(meeting))
		if err != nil {
			return err
		}
		err = d.meet(ctx, s, c, wish)
		got := wish
		if taken := (*booking.TakenError)(nil); errors.As(err, &taken) {
			got = taken.Next
			from, _ := got.Times()
			s.Say("%s wants %02d:00 in %s, too: taken, next free %s. Agreed.", "%s: хочет те же %02d:00, город %s: занято, ближайшее %s. Согласие.",
				words.In(s.Lang, c.name), c.hour, words.In(s.Lang, c.office.Name), local(from, c.office).Format("15:04"))
			err = d.meet(ctx, s, c, got)
		}
		if err != nil {
			return err
		}
		from, _ := got.Times()
		d.starts[c.name] = from
		s.Say("%s: %s, %s on 11 June (%s in Irkutsk); %d slots were free.", "%s: %s, 11 июня в %s (в Иркутске %s); свободно было: %d.",
			words.In(s.Lang, c.name), words.In(s.Lang, c.office.Address), local(from, c.office).Format("15:04"), from.In(zoneIrkutsk).Format("15:04"), len(free))
	}
	s.Add("eleven o'clock is an hour earlier in Chita than in Irkutsk", "одиннадцать в Чите на час раньше, чем в Иркутске", d.starts["Alisa"].Sub(d.starts["Semyon"]) == time.Hour, "%s, %s UTC", d.starts["Semyon"].Format("15:04"), d.starts["Alisa"].Format("15:04"))
	if err := d.rush(ctx, s); err != nil {
		return err
	}
	return d.checkMeetings(ctx, s, start)
}

// wall is the hour that a client wants on 11 June, by the clock of his office.
func wall(c client) time.Time {
	zone := local(time.Time{}, c.office).Location()
	return time.Date(2026, time.June, 11, c.hour, 0, 0, 0, zone)
}

// rush: for Monday, thirty clients in each city ask at once.
func (d *dealer) rush(ctx context.Context, s *show.Story) error {
	rnd := rand.New(rand.NewPCG(s.Seed, 11))
	wanted := map[string]bool{}
	var mu sync.Mutex
	var failed error
	granted, asked := 0, 0
	var all sync.WaitGroup
	for _, o := range offices {
		free, err := d.slots(ctx, s, o, 15)
		if err != nil {
			return err
		}
		for n := range 30 {
			span := free[rnd.IntN(len(free))]
			wanted[string(o.ID)+span.String()] = true
			asked++
			all.Go(func() {
				id := booking.ReservationID(fmt.Sprintf("r%d-monday-%s-%d", s.Run, o.ID, n))
				_, err := d.calendar.Do(ctx, booking.Hold{ID: id, Unit: unit(s, o), Span: span}, booking.Confirm{Ref: booking.Ref{Unit: unit(s, o), ID: id}})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					granted++
				case !errors.Is(err, booking.ErrTaken):
					failed = err
				}
			})
		}
	}
	all.Wait()
	if failed != nil {
		return failed
	}
	s.Say("For Monday %d clients ask at the same moment: %d get their hour, the others read who has it.", "На понедельник разом просятся %d клиентов: свой час получают %d, остальные видят, что занято.", asked, granted)
	s.Add("of those who want one hour one gets it", "из тех, кто хочет один час, его получает один", granted == len(wanted), s.T("%d meetings for %d hours wanted, %d requests", "встреч %d на %d желанных часов, просьб %d"), granted, len(wanted), asked)
	return nil
}

// bookingsSoFar is the end of the feed.
func (d *dealer) bookingsSoFar(ctx context.Context, s *show.Story) (end store.Cursor, err error) {
	for {
		events, next, err := s.Booking.Since(ctx, end, 1000)
		if err != nil || len(events) == 0 {
			return end, err
		}
		end = next
	}
}

// checkMeetings lays all that was confirmed side by side.
func (d *dealer) checkMeetings(ctx context.Context, s *show.Story, from store.Cursor) error {
	type taken struct {
		unit     string
		from, to time.Time
	}
	var all []taken
	for {
		events, next, err := s.Booking.Since(ctx, from, 1000)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if e.Kind == booking.KindConfirmed && strings.HasPrefix(e.Key.ID, fmt.Sprintf("r%d-", s.Run)) {
				a, b := e.Reservation.Claims[0].Span.Times()
				all = append(all, taken{e.Key.ID, a, b})
			}
		}
		from = next
	}
	clashes, pairs, tight := 0, 0, 0
	for i, a := range all {
		for _, b := range all[:i] {
			if a.unit != b.unit {
				continue
			}
			pairs++
			if a.from.Before(b.to) && b.from.Before(a.to) {
				clashes++
			}
			if gap := max(a.from.Sub(b.to), b.from.Sub(a.to)); gap < time.Hour-meeting {
				tight++
			}
		}
	}
	s.Add("no two meetings of an office overlap, and a quarter of an hour lies between", "в одном офисе встречи не пересекаются, между ними четверть часа", clashes == 0 && tight == 0 && len(all) > 0, s.T("%d of %d pairs, %d meetings", "%d из %d пар, встреч %d"), clashes+tight, pairs, len(all))
	return nil
}
