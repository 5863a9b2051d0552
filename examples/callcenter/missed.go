package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/region"
)

// follow reads the history of all calls on from where it was, and tells of those of this run that were
// missed. It may read a piece twice, as after a crash: a message's ID is made of the event, so it is sent once.
func (c *centre) follow(ctx context.Context, s *show.Story) error {
	for {
		events, next, err := s.Pipeline.Since(ctx, c.read, 500)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return c.send(ctx, s)
		}
		for _, e := range events {
			if e.Kind == pipeline.EventMoved && e.Name == "miss" && slices.Contains(c.cases, pipeline.CaseID(e.Key.ID)) {
				if err := c.tell(ctx, s, e); err != nil {
					return err
				}
			}
		}
		c.read = next
	}
}

// tell writes to all of the group and texts the caller, all of it or nothing.
func (c *centre) tell(ctx context.Context, s *show.Story, miss pipeline.Event) error {
	missed, err := c.calls.Case(ctx, pipeline.CaseID(miss.Key.ID))
	if err != nil {
		return err
	}
	group, err := c.pool(ctx, missed.Pool)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%s|%d|", miss.Key.ID, miss.Seq)
	caller := missed.Values["phone"].Text
	var letters []notify.Message
	if known, err := c.detector.Detect(caller); err == nil && known.Line != region.LineFixed { // a landline, or a hidden number, takes no text
		letters = append(letters, notify.Message{ID: notify.MessageID(id + "caller"), Template: "missed_caller", Vars: map[string]string{"phone": missed.Values["dialled"].Text},
			To: notify.Recipient{ID: known.E164, Lang: s.Lang, Addresses: map[notify.ChannelID]string{"sms": known.E164}}})
	}
	for _, m := range group.Members {
		letters = append(letters, notify.Message{ID: notify.MessageID(id + string(m.ID)), Template: "missed_group",
			Vars: map[string]string{"phone": caller, "topic": said(s, missed.Values["topic"].Text), "when": hours(miss.At)},
			To:   notify.Recipient{ID: string(m.ID), Lang: s.Lang, Addresses: map[notify.ChannelID]string{"email": strings.ToLower(string(m.ID)) + "@example.org"}}})
	}
	_, err = c.messages.Send(ctx, letters...)
	return err
}

// send lets go what is due, and hears what became of it.
func (c *centre) send(ctx context.Context, s *show.Story) error {
	for {
		n, err := c.messages.Tick(ctx, s.Notify, 200)
		if err != nil {
			return err
		}
		if n == 0 {
			return c.messages.Receive(ctx, c.network.receipts(s.Clock.Now())...)
		}
	}
}

// A network is the SMS centre and the mail server, made up: it takes everything, delivers at once and
// keeps its own bill.
type network struct {
	run       string // what the messages of this run have in their IDs
	mu        sync.Mutex
	sent      []notify.Outgoing
	delivered int // of them, how many were reported
}

// Send implements notify.Channel.
func (n *network) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	n.mu.Lock()
	defer n.mu.Unlock()
	if strings.Contains(string(o.ID), n.run) { // what an interrupted run had left goes out, too, and is not in this one's books
		n.sent = append(n.sent, o)
	}
	return notify.Receipt{Level: notify.LevelAccepted, External: o.Key()}
}

func (n *network) receipts(now time.Time) (all []notify.Receipt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, o := range n.sent[n.delivered:] {
		if o.Channel == "sms" {
			all = append(all, notify.Receipt{Channel: o.Channel, External: o.Key(), Level: notify.LevelDelivered, At: now})
		}
	}
	n.delivered = len(n.sent)
	return all
}

// of counts what went out on a channel.
func (n *network) of(channel notify.ChannelID) (count int) {
	for _, o := range n.sent {
		if o.Channel == channel {
			count++
		}
	}
	return count
}

// bill is by the SMS centre's own price: 4.80 a part, 9.50 to Kazakhstan.
func (n *network) bill() (sum decimal.Decimal) {
	for _, o := range n.sent {
		if o.Channel != "sms" {
			continue
		}
		price := decimal.RequireFromString("4.80")
		if strings.HasPrefix(o.Address, "+77") {
			price = decimal.RequireFromString("9.50")
		}
		sum = sum.Add(price.Mul(decimal.NewFromInt(show.Parts(o.Body))))
	}
	return sum
}

// missed: a call at night, when nobody is on duty anywhere.
func (c *centre) missed(ctx context.Context, s *show.Story) error {
	s.Clock.Set(at(1, 23, 30, 0))
	night := c.call(s, nightly, phone(s, nightly), c.numbers[0].number)
	res, err := c.ring(ctx, s, night)
	if err != nil {
		return err
	}
	var opens time.Time
	for _, r := range res.Trace {
		if r.Code == "opens" {
			t, err := time.Parse(time.RFC3339Nano, r.Name)
			if err != nil {
				return err
			}
			if opens.IsZero() || t.Before(opens) {
				opens = t
			}
		}
	}
	s.Say("%s %s dials %s. Nobody is on duty; somebody will be at %s.", "%s %s набирает %s. На смене никого, первые выйдут в %s.", hours(s.Clock.Now()), night.from, night.dialled, hours(opens))

	// The exchange is silent: after a minute the clock itself says that the call is missed.
	sms, letters := c.network.of("sms"), c.network.of("email")
	s.Clock.Set(at(1, 23, 31, 1))
	if err := c.tick(ctx, s); err != nil {
		return err
	}
	from := c.read
	if err := c.follow(ctx, s); err != nil {
		return err
	}
	sms, letters = c.network.of("sms")-sms, c.network.of("email")-letters
	missed, err := c.calls.Case(ctx, res.Case.ID)
	if err != nil {
		return err
	}
	text := c.network.sent[len(c.network.sent)-1]
	for _, o := range c.network.sent {
		if o.Channel == "sms" && o.Address == night.from {
			text = o
		}
	}
	d, err := c.messages.Delivery(ctx, text.ID)
	if err != nil {
		return err
	}
	s.Say("%s the call is missed: %d letters go to the group, and a text to the caller:", "%s звонок пропущен: писем группе: %d, и SMS звонившему:", hours(s.Clock.Now()), letters)
	s.Say("  «%s» (%s RUB)", "  «%s» (%s ₽)", text.Body, d.Steps[0].Amount.StringFixed(2))
	members := 0
	for i := range agents {
		if c.inGroup(i, 0) {
			members++
		}
	}
	s.Add("a missed call: a letter to each of the group, a text to the caller", "пропущенный звонок: письмо каждому в группе, SMS звонившему", missed.Stage == "callback" && sms == 1 && letters == members, s.T("%d letters, %d text", "писем %d, SMS %d"), letters, sms)

	before := len(c.network.sent)
	c.read = from
	if err := c.follow(ctx, s); err != nil {
		return err
	}
	s.Add("the news read twice, as after a crash: nothing is sent twice", "новости прочитаны дважды, как после сбоя: ничего не ушло дважды", len(c.network.sent) == before, s.T("%d sent again", "ушло снова: %d"), len(c.network.sent)-before)

	s.Clock.Set(opens)
	if err := c.tick(ctx, s); err != nil {
		return err
	}
	rung, err := c.lastRung(ctx, s, res.Case.ID)
	if err != nil {
		return err
	}
	s.Say("%s the call rings again, at: %s.", "%s звонок поступает снова: %s.", hours(s.Clock.Now()), names(s, rung))
	wrong := 0
	for _, a := range agents {
		for _, id := range rung {
			if id == a.id && !(a.onDuty(opens) && !a.onDuty(opens.Add(-time.Second))) {
				wrong++
			}
		}
	}
	s.Add("a call of the night rings when the first agents open", "ночной звонок звонит у первых, кто выходит на смену", wrong == 0 && len(rung) > 0, "%s", names(s, rung))

	s.Clock.Set(at(2, 9, 5, 0))
	if err := c.callBack(ctx, night.id, res.Case.ID, rung[0]); err != nil {
		return err
	}
	s.Say("%s %s calls back.", "%s перезванивает %s.", hours(s.Clock.Now()), words.In(s.Lang, string(rung[0])))
	return nil
}

// tick lets the clocks of all calls act that have run out.
func (c *centre) tick(ctx context.Context, s *show.Story) error {
	_, err := c.calls.Tick(ctx, s.Pipeline, 10_000)
	return err
}

// callBack is an agent who calls the guest and takes the case over with that.
func (c *centre) callBack(ctx context.Context, call string, id pipeline.CaseID, agent pipeline.ActorID) error {
	_, err := c.calls.Do(ctx, pipeline.Command{ID: pipeline.CommandID(call + "|back"), Case: id, Action: "answer", Set: fields{pipeline.FieldOwner: string(agent)},
		Touch: &pipeline.Touch{Kind: "outgoing", Channel: "phone", Out: true, Answered: true}, By: operator(agent)})
	return err
}

// lastRung tells at whom a call rang last.
func (c *centre) lastRung(ctx context.Context, s *show.Story, id pipeline.CaseID) (who []pipeline.ActorID, err error) {
	history, err := s.Pipeline.History(ctx, id, 0, 1000)
	for _, e := range history {
		if e.Kind == pipeline.EventSet && e.Name == string(pipeline.FieldOwner) && e.To == "" && len(e.Actors) > 0 {
			who = e.Actors
		}
	}
	return who, err
}
