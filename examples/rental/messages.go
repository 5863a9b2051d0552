package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/ready"
	"github.com/tenure-go/tenure/store"
)

// messages is the chapter of what guests and listing sites hear: a season of a guest house with
// ready rules, over a network that loses and delays, where stays move and are cancelled, a desk is
// killed between a send and its answer, and a site is away for half a day.
func messages(ctx context.Context, out io.Writer, checks *show.Checks) error {
	s := &house{
		clock:  show.NewClock(time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)),
		rnd:    rand.New(rand.NewPCG(2026, 6)),
		mem:    notify.NewMemory(),
		wanted: map[string]string{},
	}
	s.net = &network{clock: s.clock, rnd: rand.New(rand.NewPCG(6, 2026)), copies: map[string]int{}, shows: map[string]string{}}
	var err error
	if s.desk, err = s.open(s.mem); err != nil {
		return err
	}
	last := s.clock.Now().AddDate(0, 0, 60)
	for ; s.clock.Now().Before(last); s.clock.Advance(15 * time.Minute) {
		if err := s.quarter(ctx, s.clock.Now().Before(last.AddDate(0, 0, -20))); err != nil {
			return err
		}
	}
	return s.account(ctx, out, checks)
}

// A visit is the program's own note of a booking: what the checks compare the network's log with.
type visit struct {
	id          string
	guest       notify.Recipient
	made        time.Time
	start, end  time.Time
	moves       []moved
	cancelledAt time.Time
	rev         int64
}

// A moved stay left a check-in behind.
type moved struct{ from, at time.Time }

type house struct {
	clock  *show.Clock
	rnd    *rand.Rand
	mem    *notify.Memory
	net    *network
	desk   *notify.Desk
	stays  []*visit
	wanted map[string]string // the last status of each unit, by its thread
	revs   int64
	killed notify.MessageID // the message whose send was never answered
}

func (s *house) open(store notify.Store) (*notify.Desk, error) {
	channels := map[notify.ChannelID]notify.Channel{}
	for _, spec := range ready.Rules().Channels {
		channels[spec.ID] = s.net
	}
	return notify.New(notify.Config{Store: store, Rules: ready.Rules(), Channels: channels, Now: s.clock.Now, Workers: 1})
}

// quarter is a quarter of an hour: somebody books, moves, cancels; a unit's status changes; the
// desk does what is due; the network delivers.
func (s *house) quarter(ctx context.Context, open bool) error {
	now := s.clock.Now()
	if open && s.rnd.IntN(8) == 0 {
		if err := s.book(ctx, now); err != nil {
			return err
		}
	}
	if len(s.stays) > 0 && s.rnd.IntN(40) == 0 {
		if err := s.change(ctx, s.stays[s.rnd.IntN(len(s.stays))], now); err != nil {
			return err
		}
	}
	if open && s.rnd.IntN(6) == 0 {
		if err := s.publish(ctx, now); err != nil {
			return err
		}
	}
	if s.killed == "" && len(s.stays) > 20 {
		if err := s.kill(ctx, now); err != nil {
			return err
		}
	}
	if err := s.desk.Receive(ctx, s.net.deliver(now)...); err != nil {
		return err
	}
	for {
		if n, err := s.desk.Tick(ctx, s.mem, 100); n == 0 || err != nil {
			return err
		}
	}
}

func (s *house) book(ctx context.Context, now time.Time) error {
	n := len(s.stays) + 1
	phone := fmt.Sprintf("+7900%07d", n)
	st := &visit{id: fmt.Sprintf("stay-%d", n), made: now, guest: notify.Recipient{ID: phone, Lang: []string{"ru", "en"}[s.rnd.IntN(2)],
		Zone: []string{"Europe/Moscow", "Asia/Novosibirsk"}[s.rnd.IntN(2)], Addresses: map[notify.ChannelID]string{"whatsapp": phone, "viber": phone, "sms": phone}}}
	st.start = now.Truncate(24*time.Hour).AddDate(0, 0, 1+s.rnd.IntN(12)).Add(11 * time.Hour)
	st.end = st.start.AddDate(0, 0, 1+s.rnd.IntN(6)).Add(-2 * time.Hour)
	s.stays = append(s.stays, st)
	return s.post(ctx, st)
}

func (s *house) change(ctx context.Context, st *visit, now time.Time) error {
	if !st.cancelledAt.IsZero() || !now.Before(st.start) {
		return nil
	}
	st.rev++
	if s.rnd.IntN(2) == 0 {
		st.cancelledAt = now
		return s.post(ctx, st)
	}
	st.moves = append(st.moves, moved{st.start, now})
	days := 1 + s.rnd.IntN(5)
	st.start, st.end = st.start.AddDate(0, 0, days), st.end.AddDate(0, 0, days)
	return s.post(ctx, st)
}

func (s *house) post(ctx context.Context, st *visit) error {
	_, err := s.desk.Post(ctx, notify.Occasion{
		ID: st.id, Kind: "stay", Rev: st.rev, Made: st.made, Start: st.start, End: st.end, To: st.guest, Cancelled: !st.cancelledAt.IsZero(), By: "reception",
		Vars: map[string]string{"name": "Guest", "place": "Forest House", "number": st.id, "from": st.start.Format("2 Jan 15:04"), "to": st.end.Format("2 Jan"),
			"until": st.end.Format("15:04"), "address": "12 Lake St", "code": "4711", "wifi": "forest", "wifi_password": "pine2026", "rules": "quiet after 22:00",
			"link": "https://forest.example/" + st.id},
	})
	return err
}

// publish tells both listing sites a unit's status.
func (s *house) publish(ctx context.Context, now time.Time) error {
	unit := fmt.Sprintf("flat-%d", 1+s.rnd.IntN(6))
	status := []string{"free", "held", "booked"}[s.rnd.IntN(3)]
	s.revs++
	var occasions []notify.Occasion
	for _, site := range []string{"north", "south"} {
		thread := unit + "@" + site
		s.wanted[thread] = unit + " " + status
		occasions = append(occasions, notify.Occasion{ID: fmt.Sprintf("%s#%d", thread, s.revs), Kind: "unit", Thread: notify.ThreadID(thread), Rev: s.revs, Made: now,
			To: notify.Recipient{ID: site, Addresses: map[notify.ChannelID]string{"site": thread}}, Vars: map[string]string{"unit": unit, "status": status}})
	}
	_, err := s.desk.Post(ctx, occasions...)
	return err
}

// kill lets a second desk die right after a send: its answer is never committed.
func (s *house) kill(ctx context.Context, now time.Time) error {
	phone := "+79990000000"
	to := notify.Recipient{ID: phone, Addresses: map[notify.ChannelID]string{"whatsapp": phone, "sms": phone}}
	s.killed = "inquiry-1"
	if _, err := s.desk.Send(ctx, notify.Message{ID: s.killed, Template: "missed_call", To: to, Vars: map[string]string{"name": "Guest", "phone": "+74950000000"}}); err != nil {
		return err
	}
	doomed, err := s.open(&dying{Store: s.mem, left: 1})
	if err != nil {
		return err
	}
	if _, err := doomed.Tick(ctx, one(s.killed), 1); !errors.Is(err, errDead) {
		return fmt.Errorf("the desk was to die, and says %w", err)
	}
	return nil
}

// A dying store commits a few times and then never again, like that of a process that was killed.
type dying struct {
	notify.Store
	left int
}

var errDead = errors.New("the process is dead")

func (d *dying) Commit(ctx context.Context, c notify.Change) error {
	if d.left == 0 {
		return errDead
	}
	d.left--
	return d.Store.Commit(ctx, c)
}

// one is a due list of one message.
type one notify.MessageID

func (o one) Due(context.Context, time.Time, int) ([]store.Key, error) {
	return []store.Key{{Kind: notify.KindDelivery, ID: string(o)}}, nil
}

// account compares what the network saw with what the program knows of its stays.
func (s *house) account(ctx context.Context, out io.Writer, checks *show.Checks) error {
	byID := map[string]*visit{}
	for _, st := range s.stays {
		byID[st.id] = st
	}
	var forCancelled, atNight, atOldDate, checkIns int
	announced := map[string]bool{} // stays whose check-in of the last date was sent
	for _, sent := range s.net.log {
		id, rest, _ := strings.Cut(string(sent.ID), "|")
		st := byID[id]
		if st == nil {
			continue
		}
		if !st.cancelledAt.IsZero() && !sent.at.Before(st.cancelledAt) {
			forCancelled++
		}
		if hour := sent.at.In(zone(st.guest.Zone)).Hour(); !strings.HasPrefix(rest, "booking_number|") && (hour < 8 || hour >= 22) {
			atNight++
		}
		if strings.HasPrefix(rest, "check_in|") {
			checkIns++
			for _, old := range st.moves {
				if sent.Vars["from"] == old.from.Format("2 Jan 15:04") && !sent.at.Before(old.at) {
					atOldDate++
				}
			}
			if sent.Vars["from"] == st.start.Format("2 Jan 15:04") && sent.at.Before(st.start) {
				announced[st.id] = true
			}
		}
	}
	var kept, movedStays, cancelled, silent int
	for _, st := range s.stays {
		if !st.cancelledAt.IsZero() {
			cancelled++
			continue
		}
		kept++
		if len(st.moves) > 0 {
			movedStays++
		}
		if !announced[st.id] {
			silent++
		}
	}
	repeated := 0
	for _, n := range s.net.copies {
		if n > 1 {
			repeated++
		}
	}
	all, err := s.deliveries(ctx)
	if err != nil {
		return err
	}
	rows, err := notify.Report(func(yield func(notify.Delivery, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	reported := decimal.Zero
	fmt.Fprintf(out, "messages: %d stays, %d moved, %d cancelled; %d sends\n", len(s.stays), movedStays, cancelled, len(s.net.log))
	for _, r := range rows {
		if r.Currency != "" {
			reported = reported.Add(r.Cost)
			fmt.Fprintf(out, "  %-9s %-9s tried %4d, reached %4d, unknown %3d, skipped %v, %s %s, each %s\n", r.Channel, r.Category, r.Tried, r.Reached, r.Unknown, r.Skipped, r.Cost, r.Currency, r.PerReached)
		}
	}
	bill, smsAlone := s.net.bill()
	fmt.Fprintf(out, "  the cascade cost %s RUB; the same messages by SMS alone %s RUB\n", bill, smsAlone)

	told := map[notify.MessageID]bool{}
	var cursor store.Cursor
	for {
		events, next, err := s.mem.Since(ctx, cursor, 1000)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if e.Kind == notify.EventUnread {
				told[e.Command] = true
			}
		}
		cursor = next
	}
	unread := len(told)

	checks.Add("messages for cancelled stays: 0", forCancelled == 0, "%d of %d sends, %d stays cancelled", forCancelled, len(s.net.log), cancelled)
	checks.Add("every stay kept is announced with its last date", silent == 0, "%d of %d not, %d reminders", silent, kept, checkIns)
	checks.Add("no reminder of a date that was moved away", atOldDate == 0, "%d, %d stays moved", atOldDate, movedStays)
	checks.Add("no reminder between 22:00 and 8:00 of the guest", atNight == 0, "%d", atNight)
	checks.Add("no step was sent twice to a guest", repeated == 0, "%d of %d", repeated, len(s.net.copies))
	checks.Add("the report's cost is the network's bill", reported.Equal(bill), "%s RUB, billed %s", reported, bill)
	checks.Add("the cascade is cheaper than SMS alone", bill.LessThan(smsAlone), "%s of %s RUB", bill, smsAlone)
	checks.Add("delivered and never read: the manager is told", unread == s.net.unread(), "%d told, %d unread for 3 h", unread, s.net.unread())
	killed, err := s.desk.Delivery(ctx, s.killed)
	if err != nil {
		return err
	}
	checks.Add("killed between send and answer: once, and it reaches", s.net.copies[string(s.killed)+"#0"] == 1 && killed.State == notify.StateReached,
		"sent %d time, %s", s.net.copies[string(s.killed)+"#0"], killed.State)
	wrong := 0
	for thread, status := range s.wanted {
		if s.net.shows[thread] != status {
			wrong++
		}
	}
	checks.Add("after an outage both sites show the last status", wrong == 0 && s.net.outages > 0, "%d wrong of %d, %d sends failed", wrong, len(s.wanted), s.net.outages)
	return nil
}

func (s *house) deliveries(ctx context.Context) ([]notify.Delivery, error) {
	var all []notify.Delivery
	var after notify.MessageID
	for {
		page, err := s.mem.Find(ctx, notify.Filter{}, after, 500)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all, after = append(all, page...), page[len(page)-1].ID
	}
}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return z
}

// A network is the messengers, the SMS centre and the listing sites. It knows nothing of package
// notify's rules: it has its own price list and its own books.
type network struct {
	clock *show.Clock
	rnd   *rand.Rand

	mu      sync.Mutex
	log     []logged
	copies  map[string]int
	post    []arriving
	heard   []heard
	shows   map[string]string // what a site shows, by address
	outages int
}

type logged struct {
	notify.Outgoing
	at time.Time
}

type arriving struct {
	at time.Time
	r  notify.Receipt
}

// A heard message is what the network told of one: delivered when, read when.
type heard struct {
	id              notify.MessageID
	channel         notify.ChannelID
	delivered, read time.Time
}

// Send implements notify.Channel.
func (n *network) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.clock.Now()
	if o.Channel == "site" {
		return n.site(o, now)
	}
	n.log = append(n.log, logged{o, now})
	n.copies[o.Key()]++
	switch guest := o.Address[len(o.Address)-1]; {
	case o.Channel == "whatsapp" && strings.ContainsRune("0369", rune(guest)) && o.Address != "+79990000000":
		return notify.Receipt{Failed: notify.FailureUnreachable, Code: "131026"} // no WhatsApp
	case o.Channel == "viber" && strings.ContainsRune("34567", rune(guest)):
		return notify.Receipt{Failed: notify.FailureUnreachable, Code: "6"}
	}
	r := notify.Receipt{Level: notify.LevelAccepted, External: "ext:" + o.Key()}
	h := heard{id: o.ID, channel: o.Channel, delivered: now.Add(time.Duration(1+n.rnd.IntN(8)) * time.Minute)}
	receipts := []arriving{{h.delivered, notify.Receipt{Channel: o.Channel, External: r.External, Level: notify.LevelDelivered, At: h.delivered}}}
	if o.Channel != "sms" && n.rnd.IntN(4) > 0 {
		h.read = h.delivered.Add(time.Duration(n.rnd.IntN(300)) * time.Minute)
		receipts = append(receipts, arriving{h.read, notify.Receipt{Channel: o.Channel, External: r.External, Level: notify.LevelRead, At: h.read}})
	}
	if o.Address == "+79990000000" { // the webhook names our key: the answer was never committed
		receipts[0].r.ID, receipts[0].r.Step = o.ID, o.Step
		receipts = receipts[:1]
		h.read = h.delivered
		read := receipts[0]
		read.r.Level = notify.LevelRead
		receipts = append(receipts, read)
	}
	n.heard = append(n.heard, h)
	n.post = append(n.post, receipts...)
	if n.rnd.IntN(3) == 0 {
		n.post = append(n.post, receipts[0]) // twice
	}
	return r
}

// site is a listing site. The northern one is away from the tenth day on, for half a day: at times
// it refuses, at times it acts and does not answer.
func (n *network) site(o notify.Outgoing, now time.Time) notify.Receipt {
	day := now.Sub(time.Date(2026, 6, 10, 0, 0, 0, 0, time.UTC))
	if strings.HasSuffix(o.Address, "@north") && day >= 0 && day < 12*time.Hour {
		n.outages++
		if n.rnd.IntN(2) == 0 {
			return notify.Receipt{Failed: notify.FailureBusy, Code: "503"}
		}
		n.shows[o.Address] = o.Body
		return notify.Receipt{}
	}
	n.shows[o.Address] = o.Body
	return notify.Receipt{Level: notify.LevelAccepted}
}

// deliver returns the receipts that have arrived by now, the late ones first.
func (n *network) deliver(now time.Time) []notify.Receipt {
	n.mu.Lock()
	defer n.mu.Unlock()
	var due []arriving
	n.post = slices.DeleteFunc(n.post, func(a arriving) bool {
		if a.at.After(now) {
			return false
		}
		due = append(due, a)
		return true
	})
	slices.SortStableFunc(due, func(a, b arriving) int { return b.at.Compare(a.at) })
	var receipts []notify.Receipt
	for _, a := range due {
		receipts = append(receipts, a.r)
	}
	return receipts
}

// bill adds up what was delivered, and for SMS taken, by the network's price list in kopecks, and
// what the same messages would have cost by SMS alone.
func (n *network) bill() (cascade, smsAlone decimal.Decimal) {
	parts := func(body string) int64 {
		units, alone, each := len([]rune(body)), 160, 153
		if strings.ContainsFunc(body, func(r rune) bool { return r > 127 }) {
			alone, each = 70, 67
		}
		if units <= alone {
			return 1
		}
		return int64((units + each - 1) / each)
	}
	var kopecks, alone int64
	texts := map[notify.MessageID]string{}
	delivered := map[string]bool{}
	for _, h := range n.heard {
		delivered[string(h.id)+string(h.channel)] = true
	}
	for _, l := range n.log {
		if had, ok := texts[l.ID]; !ok || l.Channel == "sms" && had != l.Body {
			texts[l.ID] = l.Body
		}
		if !delivered[string(l.ID)+string(l.Channel)] {
			continue
		}
		switch l.Channel {
		case "whatsapp":
			kopecks += 90
			if strings.Contains(string(l.ID), "|feedback|") {
				kopecks += 510
			}
		case "viber":
			kopecks += 190
		case "sms":
			kopecks += 480 * parts(l.Body)
		}
	}
	for _, body := range texts {
		alone += 480 * parts(body)
	}
	return decimal.New(kopecks, -2), decimal.New(alone, -2)
}

// unread counts messages that were delivered to a messenger and not read within its alert.
func (n *network) unread() int {
	quarter := func(t time.Time) time.Time { return t.Add(15*time.Minute - 1).Truncate(15 * time.Minute) } // when the desk hears of it
	count := 0
	for _, h := range n.heard {
		if h.channel != "sms" && (h.read.IsZero() || quarter(h.read).After(quarter(h.delivered.Add(3*time.Hour)))) {
			count++
		}
	}
	return count
}
