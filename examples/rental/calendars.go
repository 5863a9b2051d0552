package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
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

// calendars is the chapter of a flat that three listing sites sell: ten days of polls in which sites
// fail, empty themselves, move and cancel stays, slide a closure, sell a night that we had sold, and
// show us our own export as if it were theirs.
func calendars(ctx context.Context, out io.Writer, checks *show.Checks) error {
	fmt.Fprintln(out, "\n== Calendars: one flat, three listing sites ==")
	s := &listings{
		out:   out,
		clock: show.NewClock(time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)),
		sites: []*listing{newListing("airbnb"), newListing("booking"), newListing("vrbo")},
		sent:  make(map[string]ical.Calendar), taken: make(map[string]string),
	}
	var err error
	if s.desk, err = booking.New(booking.Config{Store: booking.NewMemory(), Now: s.clock.Now}); err != nil {
		return err
	}
	if _, err := s.desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: flat}}); err != nil {
		return err
	}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	defer s.server.Close()

	for day := 1; day <= 10; day++ {
		s.happens(day)
		for _, hour := range []int{6, 18} {
			s.clock.Set(time.Date(2026, time.June, day, hour, 0, 0, 0, time.UTC))
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
	return s.account(ctx, checks)
}

const (
	flat      = booking.UnitID("flat-12")
	ownDomain = "guesthouse.example"
)

func june(day int) date.Date { return date.New(2026, time.June, day) }

// A listing is a listing site as it is: what it sold, whatever its feed says of it.
type listing struct {
	name  string
	sold  map[string][2]date.Date // by UID
	ended map[string]bool         // UIDs that it no longer sells
	other []string                // events that its feed shows besides, as lines
	fault string                  // what its feed does today
	state ical.State              // what we believe of it
}

func newListing(name string) *listing {
	return &listing{name: name, sold: make(map[string][2]date.Date), ended: make(map[string]bool)}
}

func (s *listing) sell(uid string, from, to int) { s.sold[uid] = [2]date.Date{june(from), june(to)} }

// feed is the file that the site serves.
func (s *listing) feed() string {
	lines := []string{"BEGIN:VCALENDAR", "PRODID:-//" + s.name + "//EN", "VERSION:2.0"}
	if s.fault != "empty" {
		for _, uid := range slices.Sorted(maps.Keys(s.sold)) {
			summary := "Reserved"
			if strings.HasPrefix(uid, "closed-") {
				summary = "Airbnb (Not available)"
			}
			lines = append(lines, eventLines(uid, s.sold[uid][0], s.sold[uid][1], summary)...)
		}
		lines = append(lines, s.other...)
	}
	file := strings.Join(append(lines, "END:VCALENDAR", ""), "\r\n")
	switch s.fault {
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

// listings keeps the flat's calendar and the sites equal. The rest of its fields are the notes that
// the checks compare with.
type listings struct {
	out    io.Writer
	clock  *show.Clock
	desk   *booking.Desk
	server *httptest.Server
	sites  []*listing
	sent   map[string]ical.Calendar // what each site fetched last

	falseCancels int               // cancelled, though the site still sold it
	strange      int               // added, though the site never sold it
	taken        map[string]string // what was added, by reservation
	faults       int               // polls that failed or were empty
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
	now := s.clock.Now()
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
	cals, err := s.desk.Calendar(ctx, window, flat)
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
	hold, err := s.desk.Hold(ctx, booking.Hold{ID: "phone-1", Unit: flat, Span: span, Holder: "card-9"})
	if err != nil {
		return err
	}
	_, err = s.desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref()})
	return err
}

// poll reads one site's feed and books what changed.
func (s *listings) poll(ctx context.Context, site *listing) error {
	feed := channel.Feed{Unit: flat, Source: site.name, Policy: ical.Policy{Own: ownDomain, Sent: ical.Sent(s.sent[site.name])}}
	poll := ical.Get(ctx, s.server.Client(), s.server.URL+"/feed/"+site.name, site.state, ical.Options{Now: s.clock.Now})
	plan, next, err := feed.Apply(ctx, s.desk, site.state, poll)
	if err != nil {
		return err
	}
	site.state = next
	s.note(site, poll, plan)
	s.say(site, poll, plan)
	return s.showWaiting(ctx, site, plan)
}

// note compares the plan with what the site really sells.
func (s *listings) note(site *listing, poll ical.Poll, plan ical.Plan) {
	if poll.Err != nil || site.fault == "empty" {
		s.faults++
	}
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

// say tells a plan in words, if there is anything to tell.
func (s *listings) say(site *listing, poll ical.Poll, plan ical.Plan) {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	if poll.Err != nil {
		add("%v; all %d items stay", poll.Err, len(plan.Doubt))
		plan.Doubt = nil
	}
	for _, it := range plan.Cancel {
		add("cancel %s of %s", it.Key, nightsText(it.From, it.To))
	}
	for _, m := range plan.Move {
		add("move %s from %s to %s", m.Now.Key, nightsText(m.Was.From, m.Was.To), nightsText(m.Now.From, m.Now.To))
	}
	for _, it := range plan.Add {
		add("add %s %s on %s", it.Kind, it.Key, nightsText(it.From, it.To))
	}
	for _, d := range plan.Doubt {
		add("doubt %s", d.Text("en"))
	}
	if len(plan.Echo) > 0 {
		add("%d events are our own", len(plan.Echo))
	}
	for i, text := range words {
		head := ""
		if i == 0 {
			head = s.clock.Now().Format("Jan _2 15h ") + site.name
		}
		fmt.Fprintf(s.out, "%-18s %s\n", head, text)
	}
}

func nightsText(from, to date.Date) string {
	if from.Year() != to.Year() {
		return from.Format("Jan 2 2006") + "-" + to.Format("Jan 2 2006")
	}
	return from.Format("Jan 2") + "-" + to.Format("Jan 2")
}

// showWaiting tells the manager of what was added and has no room.
func (s *listings) showWaiting(ctx context.Context, site *listing, plan ical.Plan) error {
	for _, it := range plan.Add {
		r, err := s.desk.Reservation(ctx, booking.Ref{Unit: flat, ID: booking.ReservationID(site.name + "/" + it.Key)})
		if err != nil {
			return err
		}
		if r.State == booking.StateQueued {
			s.waited++
			fmt.Fprintf(s.out, "%-18s for the manager: %s clashes and waits, call the guest\n", "", r.ID)
		}
	}
	return nil
}

// sitesImport is the sites' own sync, at night: one shows our bookings as they are, one under UIDs of
// its own, and one does not show them.
func (s *listings) sitesImport(ctx context.Context) error {
	for _, site := range s.sites {
		poll := ical.Get(ctx, s.server.Client(), s.server.URL+"/export/"+site.name, ical.State{}, ical.Options{Now: s.clock.Now})
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
	fmt.Fprintln(s.out, "\nJune      123456789 123456789 123456789 ")
	fmt.Fprintf(s.out, "%s   %s   A airbnb, B booking, V vrbo, P by phone, . free\n\n", flat, row)
	return nil
}

// account checks the calendar by the notes and by the sites' own books.
func (s *listings) account(ctx context.Context, checks *show.Checks) error {
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
	wrong := 0
	for _, day := range cal.Days(june(10), june(1)+499) {
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
	checks.Add("calendars: polls that failed or were empty", s.faults == 8, "%d", s.faults)
	checks.Add("calendars: false cancellations", s.falseCancels == 0, "%d", s.falseCancels)
	checks.Add("calendars: bookings made by echo", s.strange == 0, "%d", s.strange)
	checks.Add("calendars: nights that differ from the sites' books", wrong == 0, "%d", wrong)
	checks.Add("calendars: nights given twice", twice == 0, "%d", twice)
	checks.Add("calendars: a clash waited and was shown", s.waited == 1, "%d", s.waited)
	checks.Add("calendars: bookings of a closure that slid ten days", closures == 1, "%d", closures)

	fresh, echoes, leaks := 0, 0, 0
	for _, site := range s.sites {
		poll := ical.Get(ctx, s.server.Client(), s.server.URL+"/export/"+site.name, ical.State{}, ical.Options{Now: s.clock.Now})
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
		echoes += len(plan.Echo)
	}
	checks.Add("calendars: exports read back as new", fresh == 0 && echoes > 0, "%d of %d events", fresh, echoes)
	checks.Add("calendars: a site's own bookings or a guest in its export", leaks == 0, "%d", leaks)
	return nil
}
