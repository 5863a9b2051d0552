package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/ical"
	"github.com/tenure-go/tenure/examples/internal/channel"
	"github.com/tenure-go/tenure/examples/internal/show"
)

const ownDomain = "guesthouse.example"

func june(day int) date.Date { return date.New(2026, time.June, day) }

// calendars is the chapter of a flat that three listing sites sell: ten days of polls in which sites
// fail, empty themselves, move and cancel stays, slide a closure, sell a night that we had sold, and
// show us our own export as if it were theirs.
func calendars(ctx context.Context, story *show.Story) error {
	prefix, _, err := anew(ctx, story, "calendars")
	if err != nil {
		return err
	}
	s := &listings{Story: story, flat: booking.UnitID(prefix + "flat-12"), sites: []*listing{newListing("airbnb"), newListing("booking"), newListing("vrbo")},
		sent: make(map[string]ical.Calendar), taken: make(map[string]string)}
	if s.desk, err = booking.New(booking.Config{Store: s.Booking, Now: s.Clock.Now}); err != nil {
		return err
	}
	s.Clock.Set(june(1).MidnightUTC())
	if _, err := s.desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: s.flat}}); err != nil {
		return err
	}
	if err := s.Exec(ctx, `create table if not exists rental_feed (flat text not null, site text not null, state text not null, primary key (flat, site))`); err != nil {
		return err
	}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	defer s.server.Close()

	for day := 1; day <= 10; day++ {
		s.happens(day)
		for _, hour := range []int{6, 18} {
			s.Clock.Set(june(day).MidnightUTC().Add(time.Duration(hour) * time.Hour))
			if day == 5 && hour == 18 {
				if err := s.sellByPhone(ctx); err != nil {
					return err
				}
			}
			for _, site := range s.sites {
				if err := s.poll(ctx, site); err != nil {
					return err
				}
			}
		}
		if day >= 6 {
			if err := s.sitesImport(ctx); err != nil {
				return err
			}
		}
	}
	if err := s.draw(ctx); err != nil {
		return err
	}
	return s.account(ctx)
}

// A listing is a listing site as it is: what it sold, whatever its feed says of it. It is a fake.
type listing struct {
	name  string
	sold  map[string][2]date.Date // by UID
	ended map[string]bool         // UIDs that it no longer sells
	other []string                // events that its feed shows besides, as lines
	fault string                  // what its feed does today
	told  string                  // what was said of it last
}

func newListing(name string) *listing {
	return &listing{name: name, sold: make(map[string][2]date.Date), ended: make(map[string]bool)}
}

func (l *listing) sell(uid string, from, to int) { l.sold[uid] = [2]date.Date{june(from), june(to)} }

// feed is the file that the site serves.
func (l *listing) feed() string {
	lines := []string{"BEGIN:VCALENDAR", "PRODID:-//" + l.name + "//EN", "VERSION:2.0"}
	if l.fault != "empty" {
		for _, uid := range slices.Sorted(maps.Keys(l.sold)) {
			summary := "Reserved"
			if strings.HasPrefix(uid, "closed-") {
				summary = "Airbnb (Not available)"
			}
			lines = append(lines, eventLines(uid, l.sold[uid][0], l.sold[uid][1], summary)...)
		}
		lines = append(lines, l.other...)
	}
	file := strings.Join(append(lines, "END:VCALENDAR", ""), "\r\n")
	switch l.fault {
	case "error page":
		return "<html><body>We'll be right back</body></html>"
	case "cut":
		return file[:len(file)/2]
	}
	return file
}

func eventLines(uid string, from, to date.Date, summary string) []string {
	return []string{"BEGIN:VEVENT", "UID:" + uid, "DTSTART;VALUE=DATE:" + from.Format("20060102"), "DTEND;VALUE=DATE:" + to.Format("20060102"), "SUMMARY:" + summary, "END:VEVENT"}
}

// listings keeps the flat's calendar and the sites equal. The last of its fields are the notes that
// the checks compare with.
type listings struct {
	*show.Story
	flat   booking.UnitID
	desk   *booking.Desk
	server *httptest.Server
	sites  []*listing
	sent   map[string]ical.Calendar // what each site fetched last

	falseCancels int               // cancelled, though the site still sold it
	strange      int               // added, though the site never sold it
	taken        map[string]string // what was added, by reservation
	echoes       int               // events that were our own
	slid         int               // a closure that moved
	waited       int               // clashes that were shown
}

// serve answers for the sites at /feed/NAME and for our own exports at /export/NAME.
func (s *listings) serve(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(r.URL.Path[1:], "/")
	i := slices.IndexFunc(s.sites, func(site *listing) bool { return site.name == name })
	if i < 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/export/") {
		s.export(w, r, name)
		return
	}
	body := s.sites[i].feed()
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(body)))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprint(w, body)
}

func (s *listings) export(w http.ResponseWriter, r *http.Request, name string) {
	cal, err := s.calendar(r.Context())
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	now := s.Clock.Now()
	c := ical.Export(ownDomain, name, channel.Busy(cal, date.NewAt(now)), now)
	s.sent[name] = c
	if err := ical.Write(w, c); err != nil {
		panic(http.ErrAbortHandler) // a file cut short is better than one that says less
	}
}

func (s *listings) calendar(ctx context.Context) (booking.Calendar, error) {
	window, err := booking.Nights(june(1), june(1)+500)
	if err != nil {
		return booking.Calendar{}, err
	}
	cals, err := s.desk.Calendar(ctx, window, s.flat)
	if err != nil {
		return booking.Calendar{}, err
	}
	return cals[0], nil
}

// happens is what the sites do on a day, before the first poll.
func (s *listings) happens(day int) {
	airbnb, book, vrbo := s.sites[0], s.sites[1], s.sites[2]
	for _, site := range s.sites {
		site.fault = ""
	}
	// A closure of all that is far ahead slides each day, under a new UID.
	delete(airbnb.sold, fmt.Sprintf("closed-%d", day-1))
	airbnb.sold[fmt.Sprintf("closed-%d", day)] = [2]date.Date{june(day) + 60, june(day) + 365}
	switch day {
	case 1:
		airbnb.sell("air-1", 8, 12)
		airbnb.sell("air-2", 28, 30)
		book.sell("book-1", 14, 17)
		vrbo.sell("vrbo-1", 26, 28)
		vrbo.sell("vrbo-2", 18, 20)
	case 2:
		airbnb.fault = "error page"
	case 3:
		book.fault = "cut"
	case 4:
		vrbo.fault, airbnb.fault = "empty", "empty"
	case 5:
		airbnb.sell("air-1", 9, 13)
	case 6:
		book.sell("book-2", 21, 23) // over our guest of the 22nd
	case 8:
		delete(book.sold, "book-2") // the manager has called, and its guest goes elsewhere
		book.ended["book-2"] = true
	case 9:
		delete(vrbo.sold, "vrbo-2")
		vrbo.ended["vrbo-2"] = true
	}
}

// sellByPhone is a booking of our own.
func (s *listings) sellByPhone(ctx context.Context) error {
	span, err := booking.Nights(june(22), june(25))
	if err != nil {
		return err
	}
	hold, err := s.desk.Hold(ctx, booking.Hold{ID: "phone-1", Unit: s.flat, Span: span, Holder: "card-9"})
	if err != nil {
		return err
	}
	if _, err = s.desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref()}); err != nil {
		return err
	}
	s.Say("%s  we sell %s by phone", "%s  по телефону мы продаём %s", s.today(), nights(s.Story, june(22), june(25)))
	return s.Promise("booked %s %s %s %s", s.flat, hold.ID, june(22), june(25))
}

// poll reads one site's feed and books what changed: the bookings and what to believe of the site
// next are written in one transaction.
func (s *listings) poll(ctx context.Context, site *listing) error {
	state, err := s.believed(ctx, site)
	if err != nil {
		return err
	}
	feed := channel.Feed{Unit: s.flat, Source: site.name, Policy: ical.Policy{Own: ownDomain, Sent: ical.Sent(s.sent[site.name])}}
	poll := ical.Get(ctx, s.server.Client(), s.server.URL+"/feed/"+site.name, state, ical.Options{Now: s.Clock.Now})
	var plan ical.Plan
	if err := s.InTx(ctx, func(tx show.Tx) error {
		var next ical.State
		if plan, next, err = feed.Apply(ctx, s.desk.In(tx.Booking), state, poll); err != nil {
			return err
		}
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		return tx.Exec(`insert into rental_feed (flat, site, state) values ($1, $2, $3) on conflict (flat, site) do update set state = excluded.state`,
			string(s.flat), site.name, string(text))
	}); err != nil {
		return err
	}
	s.note(site, plan)
	s.tell(site, poll, plan)
	return s.showWaiting(ctx, site, plan)
}

func (s *listings) believed(ctx context.Context, site *listing) (state ical.State, err error) {
	rows, err := s.Rows(ctx, `select state from rental_feed where flat = $1 and site = $2`, string(s.flat), site.name)
	if err != nil || len(rows) == 0 {
		return state, err
	}
	return state, json.Unmarshal([]byte(rows[0][0]), &state)
}

// note compares the plan with what the site really sells.
func (s *listings) note(site *listing, plan ical.Plan) {
	s.echoes += len(plan.Echo)
	for _, it := range plan.Cancel {
		if !site.ended[it.UID] {
			s.falseCancels++
		}
		delete(s.taken, site.name+"/"+it.Key)
	}
	for _, it := range plan.Add {
		if _, ok := site.sold[it.UID]; !ok {
			s.strange++
		}
		s.taken[site.name+"/"+it.Key] = it.Kind.String()
	}
}

func (s *listings) today() string {
	return day(s.Story, date.NewAt(s.Clock.Now()))
}

// tell says a plan in words, if there is anything new to tell.
func (s *listings) tell(site *listing, poll ical.Poll, plan ical.Plan) {
	say := func(en, ru string, args ...any) {
		text := fmt.Sprintf(s.T(en, ru), args...)
		if text == site.told {
			return
		}
		site.told = text
		s.Say("%s  %s %s", "%s  %s %s", s.today(), site.name, text)
	}
	dates := func(items []ical.Item) string {
		var all []string
		for _, it := range items {
			all = append(all, nights(s.Story, it.From, it.To))
		}
		return strings.Join(all, ", ")
	}
	if poll.Err != nil {
		why := poll.Err.Error()
		if e, ok := poll.Err.(interface{ Text(lang string) string }); ok {
			why = e.Text(s.Lang)
		}
		say("cannot be read (%s): what we know of it (%d) stays", "не читается (%s): всё, что мы знали (%d), остаётся", why, len(plan.Doubt))
		return
	}
	var stays, closures []ical.Item
	for _, it := range plan.Add {
		if it.Kind == ical.KindStay {
			stays = append(stays, it)
		} else {
			closures = append(closures, it)
		}
	}
	if len(stays) > 0 {
		say("sold %s: these nights close everywhere", "продал %s: эти ночи закрываются везде", dates(stays))
	}
	if len(closures) > 0 {
		say("takes no bookings from %s on: a rule of the site, not a guest", "не принимает броней с %s: правило сайта, а не гость", day(s.Story, closures[0].From))
	}
	for _, m := range plan.Move {
		if m.Now.Kind != ical.KindStay {
			s.slid++
			continue
		}
		say("moved its guest from %s to %s", "перенёс гостя с %s на %s", nights(s.Story, m.Was.From, m.Was.To), nights(s.Story, m.Now.From, m.Now.To))
	}
	if len(plan.Doubt) > 1 {
		say("shows nothing at all: %d bookings stay until that is sure", "не показывает ничего: брони (%d) остаются, пока это не точно", len(plan.Doubt))
	} else if len(plan.Doubt) == 1 {
		it := plan.Doubt[0].Item
		say("no longer shows %s: one more look before it is cancelled", "больше не показывает %s: посмотрим ещё раз, прежде чем снимать", nights(s.Story, it.From, it.To))
	}
	if len(plan.Cancel) > 0 {
		say("cancelled %s: the nights are free again", "отменил %s: ночи снова свободны", dates(plan.Cancel))
	}
}

// showWaiting tells the manager of what was added and has no room.
func (s *listings) showWaiting(ctx context.Context, site *listing, plan ical.Plan) error {
	for _, it := range plan.Add {
		r, err := s.desk.Reservation(ctx, booking.Ref{Unit: s.flat, ID: booking.ReservationID(site.name + "/" + it.Key)})
		if err != nil {
			return err
		}
		if r.State == booking.StateQueued {
			s.waited++
			s.Say("         for the manager: that clashes with our own guest and waits; call %s's guest", "         менеджеру: это накладка на нашего гостя, бронь ждёт; позвоните гостю %s", site.name)
		}
	}
	return nil
}

// sitesImport is the sites' own sync, at night: one shows our bookings as they are, one under UIDs of
// its own, and one does not show them.
func (s *listings) sitesImport(ctx context.Context) error {
	for _, site := range s.sites {
		poll := ical.Get(ctx, s.server.Client(), s.server.URL+"/export/"+site.name, ical.State{}, ical.Options{Now: s.Clock.Now})
		if poll.Err != nil {
			return poll.Err
		}
		site.other = nil
		for i, e := range poll.Calendar.Events {
			switch site.name {
			case "airbnb":
				site.other = append(site.other, eventLines(e.UID, e.From, e.To, e.Summary)...)
			case "vrbo":
				site.other = append(site.other, eventLines(fmt.Sprintf("imported-%d-%s", i, e.From), e.From, e.To, "Blocked")...)
			}
		}
	}
	return nil
}

// draw prints the flat's June: who has which night.
func (s *listings) draw(ctx context.Context) error {
	cal, err := s.calendar(ctx)
	if err != nil {
		return err
	}
	row := []byte(strings.Repeat(".", 30))
	for _, b := range channel.Busy(cal, june(1)) {
		for d := b.From; d < min(b.To, june(31)); d++ {
			row[d-june(1)] = "ABVP"[slices.Index([]string{"airbnb", "booking", "vrbo", ""}, b.Source)]
		}
	}
	s.Say("In 20 polls of each site, airbnb's closure slid %d times and stayed one; our own bookings came back to us %d times, and none was taken for a guest",
		"За 20 опросов каждого сайта закрытие airbnb сдвинулось %d раз и осталось одним; наши же брони вернулись к нам %d раз, и ни одна не принята за гостя", s.slid, s.echoes)
	s.Say("June     123456789 123456789 123456789", "Июнь     123456789 123456789 123456789")
	s.Say("flat-12  %s  A airbnb, B booking, V vrbo, P by phone, . free", "flat-12  %s  A airbnb, B booking, V vrbo, P по телефону, . свободно", row)
	return nil
}

// account checks the calendar by the notes and by the sites' own books.
func (s *listings) account(ctx context.Context) error {
	cal, err := s.calendar(ctx)
	if err != nil {
		return err
	}
	// The sites' books, night by night.
	sold := map[date.Date]string{june(22): "phone-1", june(23): "phone-1", june(24): "phone-1"}
	for _, site := range s.sites {
		for uid, span := range site.sold {
			for d := span[0]; d < span[1]; d++ {
				sold[d] = uid
			}
		}
	}
	wrong, checked := 0, 0
	for _, day := range cal.Days(june(10), june(1)+499) {
		checked++
		_, taken := sold[day.Date]
		if free := day.Free > 0; free == taken || !day.Known {
			wrong++
		}
	}
	twice, closures := 0, 0
	on := make(map[date.Date]booking.ReservationID)
	for _, r := range cal.Reservations {
		if r.State != booking.StateBlocked && r.State != booking.StateConfirmed {
			continue
		}
		from, to := r.Claims[0].Span.Dates()
		for d := from; d < to; d++ {
			if on[d] != "" {
				twice++
			}
			on[d] = r.ID
		}
	}
	for _, kind := range s.taken {
		if kind == "window" {
			closures++
		}
	}
	s.Add("calendars: false cancellations", "календари: ложные отмены", s.falseCancels == 0, "%d", s.falseCancels)
	s.Add("calendars: bookings made by an echo", "календари: брони из собственного эха", s.strange == 0, "%s", of(s.Story, s.strange, s.echoes))
	s.Add("calendars: nights that differ from the sites' books", "календари: ночи, которые расходятся с книгами сайтов", wrong == 0, "%s", of(s.Story, wrong, checked))
	s.Add("calendars: nights given twice", "календари: ночи, отданные дважды", twice == 0, "%s", of(s.Story, twice, len(on)))
	s.Add("calendars: a clash waited and was shown", "календари: накладка ждала и была показана", s.waited == 1, "%d", s.waited)
	s.Add("calendars: bookings of a closure that slid ten days", "календари: брони от закрытия, которое сдвигалось десять дней", closures == 1, "%d", closures)

	fresh, read, leaks := 0, 0, 0
	for _, site := range s.sites {
		poll := ical.Get(ctx, s.server.Client(), s.server.URL+"/export/"+site.name, ical.State{}, ical.Options{Now: s.Clock.Now})
		if poll.Err != nil {
			return poll.Err
		}
		for _, e := range poll.Calendar.Events {
			if strings.HasPrefix(e.UID, site.name+"/") || strings.Contains(e.Summary+e.UID, "card-9") {
				leaks++
			}
		}
		plan, _ := ical.Reconcile(ical.State{}, poll, ical.Policy{Own: ownDomain})
		fresh += len(plan.Add)
		read += len(plan.Echo)
	}
	s.Add("calendars: exports read back as new", "календари: своё, прочитанное назад как новое", fresh == 0 && read > 0, "%s", of(s.Story, fresh, read))
	s.Add("calendars: a site's own bookings or a guest in its export", "календари: брони самого сайта или имя гостя в выгрузке для него", leaks == 0, "%d", leaks)
	return nil
}
