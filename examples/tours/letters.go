package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/ready"
)

// letters is the chapter of voucher letters: each leaves two days before the trip at 10:00 in the
// office's zone, with the voucher as it is at that moment. Trips move, vouchers are reissued and
// voided, some in time, some without a word to the desk.
func letters(ctx context.Context, out io.Writer, checks *show.Checks) error {
	office, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		return err
	}
	o := &letterOffice{
		zone: office, rnd: rand.New(rand.NewPCG(8, 6)), post: &mailbox{}, mem: notify.NewMemory(),
		clock: show.NewClock(time.Date(2026, 6, 1, 9, 0, 0, 0, office)),
	}
	o.post.now = o.clock.Now
	rules := ready.Rules()
	rules.Zone = office.String()
	channels := map[notify.ChannelID]notify.Channel{}
	for _, spec := range rules.Channels {
		channels[spec.ID] = o.post
	}
	o.desk, err = notify.New(notify.Config{Store: o.mem, Rules: rules, Channels: channels, Now: o.clock.Now, Attach: o.print})
	if err != nil {
		return err
	}
	for hour := range 24 * 50 {
		if hour < 24*30 {
			if err := o.work(ctx); err != nil {
				return err
			}
		}
		for {
			n, err := o.desk.Tick(ctx, o.mem, 100)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
		o.clock.Advance(time.Hour)
	}
	return o.account(ctx, out, checks)
}

// A trip is the program's own note of a sale, with all that became of its voucher.
type trip struct {
	reservation string
	client      notify.Recipient
	history     []issue
	voidedAt    time.Time
	told        bool // the desk heard of the voiding
}

// An issue is one revision of a voucher.
type issue struct {
	number string
	start  time.Time // 00:00 of the trip's first day
	at     time.Time
}

func (t *trip) last() issue { return t.history[len(t.history)-1] }

type letterOffice struct {
	clock *show.Clock
	zone  *time.Location
	rnd   *rand.Rand
	desk  *notify.Desk
	mem   *notify.Memory
	post  *mailbox

	mu    sync.Mutex // print is called by the desk's workers
	trips []*trip
}

// work is an hour in the office.
func (o *letterOffice) work(ctx context.Context) error {
	now := o.clock.Now()
	if o.rnd.IntN(6) == 0 {
		n := len(o.trips) + 1
		t := &trip{reservation: fmt.Sprintf("R-%03d", n), client: notify.Recipient{ID: fmt.Sprintf("card-%d", n), Lang: []string{"en", "ru"}[o.rnd.IntN(2)],
			Addresses: map[notify.ChannelID]string{"email": fmt.Sprintf("client-%d@example.com", n)}}}
		o.trips = append(o.trips, t)
		return o.issue(ctx, t, o.day(now, 1+o.rnd.IntN(12)))
	}
	if len(o.trips) == 0 || o.rnd.IntN(8) > 0 {
		return nil
	}
	t := o.trips[o.rnd.IntN(len(o.trips))]
	if !t.voidedAt.IsZero() || !now.Before(t.last().start) {
		return nil
	}
	switch o.rnd.IntN(4) {
	case 0: // the client changes something: a reissue for the same day
		return o.issue(ctx, t, t.last().start)
	case 1: // the trip moves
		return o.issue(ctx, t, o.day(t.last().start, 1+o.rnd.IntN(5)))
	case 2: // void, and nobody tells the desk
		o.void(t, now)
		return nil
	}
	o.void(t, now)
	t.told = true
	occasion := o.occasion(t)
	occasion.Cancelled = true
	_, err := o.desk.Post(ctx, occasion)
	return err
}

// day is 00:00 in the office, some days on.
func (o *letterOffice) day(t time.Time, days int) time.Time {
	y, m, d := t.In(o.zone).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, o.zone)
}

func (o *letterOffice) issue(ctx context.Context, t *trip, start time.Time) error {
	o.mu.Lock()
	t.history = append(t.history, issue{number: fmt.Sprintf("%s/%s", start.Format("020106"), t.reservation), start: start, at: o.clock.Now()})
	o.mu.Unlock()
	_, err := o.desk.Post(ctx, o.occasion(t))
	return err
}

func (o *letterOffice) void(t *trip, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t.voidedAt = now
}

// occasion is a voucher's: number and revision are its ID, the reservation its thread.
func (o *letterOffice) occasion(t *trip) notify.Occasion {
	v, rev := t.last(), int64(len(t.history))
	return notify.Occasion{
		ID: fmt.Sprintf("%s#%d", v.number, rev), Kind: "trip", Thread: notify.ThreadID(t.reservation), Rev: rev, Made: v.at, Start: v.start, To: t.client, By: "manager-3",
		Vars:   map[string]string{"name": t.client.ID, "number": v.number, "from": v.start.Format("2 Jan"), "to": v.start.AddDate(0, 0, 7).Format("2 Jan")},
		Attach: []notify.Attachment{{Name: "voucher.pdf", MediaType: "application/pdf", Ref: t.reservation}},
	}
}

// print makes the document when its letter leaves: as it is now, or not at all.
func (o *letterOffice) print(_ context.Context, reservation string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.trips {
		if t.reservation == reservation && t.voidedAt.IsZero() {
			return []byte("voucher " + t.last().number), nil
		}
	}
	return nil, fmt.Errorf("%s is void: %w", reservation, notify.ErrGone)
}

// account goes through the mailbox letter by letter.
func (o *letterOffice) account(ctx context.Context, out io.Writer, checks *show.Checks) error {
	byMail := map[string]*trip{}
	for _, t := range o.trips {
		byMail[t.client.Addresses["email"]] = t
	}
	var forVoid, wrongVoucher, wrongTime, late, atTen int
	letters := map[string]int{} // of each revision that was in force
	for _, m := range o.post.letters() {
		t := byMail[m.Address]
		var in issue // force when it left
		for _, v := range t.history {
			if !v.at.After(m.at) {
				in = v
			}
		}
		if !t.voidedAt.IsZero() && !m.at.Before(t.voidedAt) {
			forVoid++
		}
		if string(m.Data[0]) != "voucher "+in.number || !strings.Contains(m.Body, in.number) {
			wrongVoucher++
		}
		y, mo, d := in.start.Date()
		due := time.Date(y, mo, d-2, 10, 0, 0, 0, o.zone)
		switch {
		case m.at.Equal(due):
			atTen++
		case m.at.After(due) && m.at.Before(in.start) && in.at.After(due) && m.at.Equal(in.at):
			late++
		default:
			wrongTime++
		}
		letters[fmt.Sprint(t.reservation, len(t.history), in.at)]++
	}
	missing, doubled, live, voidTold, voidSilent := 0, 0, 0, 0, 0
	for _, t := range o.trips {
		switch {
		case t.voidedAt.IsZero():
			live++
			if letters[fmt.Sprint(t.reservation, len(t.history), t.last().at)] == 0 {
				missing++
			}
		case t.told:
			voidTold++
		default:
			voidSilent++
		}
	}
	for _, n := range letters {
		if n > 1 {
			doubled++
		}
	}
	gone := 0
	state := notify.StateDead
	dead, err := o.mem.Find(ctx, notify.Filter{State: &state}, "", 1000)
	if err != nil {
		return err
	}
	for _, d := range dead {
		if slices.ContainsFunc(d.Steps, func(s notify.StepReport) bool {
			return s.Skipped != nil && s.Skipped.Code == notify.ReasonAttachmentGone
		}) {
			gone++
		}
	}
	fmt.Fprintf(out, "letters: %d trips, %d letters (%d at 10:00 two days before, %d late sales at once), %d vouchers voided in time, %d without a word\n",
		len(o.trips), len(o.post.letters()), atTen, late, voidTold, voidSilent)
	checks.Add("letters for void vouchers: 0", forVoid == 0 && voidTold > 0 && gone > 0, "%d; %d voided in time, %d stopped at the attachment", forVoid, voidTold, gone)
	checks.Add("every live voucher's letter left", missing == 0 && live > 0, "%d of %d missing", missing, live)
	checks.Add("no revision's letter left twice", doubled == 0, "%d", doubled)
	checks.Add("letters leave at 10:00 two days before, or at once", wrongTime == 0 && atTen > 0 && late > 0, "%d at another time", wrongTime)
	checks.Add("each letter carries the voucher in force", wrongVoucher == 0, "%d of %d do not", wrongVoucher, len(o.post.letters()))
	return nil
}

// A mailbox is where letters arrive.
type mailbox struct {
	now func() time.Time

	mu  sync.Mutex
	got []letter
}

type letter struct {
	notify.Outgoing
	at time.Time
}

// Send implements notify.Channel.
func (m *mailbox) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, letter{o, m.now()})
	return notify.Receipt{Level: notify.LevelAccepted}
}

func (m *mailbox) letters() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}
