package main

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/notify"
)

type messagesPage struct {
	Plugs   []plugLine
	Filter  string
	Letters []letterLine
	Coming  []letterLine
	Clients []cardLine
	Request string
	Totals  map[string]int
}

type plugLine struct {
	Channel       notify.ChannelID
	Out           bool
	Sent, Reached int
	Cost          string
}

type letterLine struct {
	ID       notify.MessageID
	Name     string
	Template notify.TemplateID
	State    notify.State
	At       time.Time // of the last thing that happened, or of the next
	Steps    []stepLine
	Cost     string
}

// A stepLine is one channel of a letter's way.
type stepLine struct {
	Channel notify.ChannelID
	State   string // skipped, failed, quoted, unknown, accepted, sent, delivered, read
	Why     string
	Cost    string
}

var letterFilters = []string{"all", "unread", "dead"}

// messages shows what went on which channel, at what cost, and what goes when.
func (s *server) messages(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "messages")
	filter := cmp.Or(r.FormValue("show"), "all")
	if !slices.Contains(letterFilters, filter) {
		return badField("show", filter, "must be all, unread or dead", "должно быть all, unread или dead")
	}
	return s.showMessages(w, r, p, filter)
}

func (s *server) showMessages(w http.ResponseWriter, r *http.Request, p page, filter string) error {
	m := messagesPage{Filter: filter, Clients: s.h.view.find("", 30), Request: newRequest(), Totals: map[string]int{}}
	v := s.h.view
	v.mu.RLock()
	letters := slices.Collect(maps.Values(v.letters))
	v.mu.RUnlock()
	plugs, err := s.plugs(letters)
	if err != nil {
		return err
	}
	m.Plugs = plugs
	var told, coming []notify.Delivery
	for _, d := range letters {
		m.Totals[d.State.String()]++
		if d.State == notify.StatePending && !slices.ContainsFunc(d.Steps, func(st notify.StepReport) bool { return !st.Sent.IsZero() }) {
			coming = append(coming, d)
		} else if filter == "all" && d.State != notify.StateCancelled && d.State != notify.StateSuperseded || filter == d.State.String() {
			told = append(told, d)
		}
	}
	slices.SortFunc(told, func(a, b notify.Delivery) int {
		return cmp.Or(lastTime(b).Compare(lastTime(a)), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(coming, func(a, b notify.Delivery) int { return cmp.Or(a.Wake.Compare(b.Wake), cmp.Compare(a.ID, b.ID)) })
	for _, d := range told[:min(len(told), 40)] {
		m.Letters = append(m.Letters, s.letter(d, lastTime(d), p))
	}
	for _, d := range coming[:min(len(coming), 12)] {
		m.Coming = append(m.Coming, s.letter(d, d.Wake, p))
	}
	return s.show(w, r, p.with(m))
}

// letter shows a letter's way over its channels: what each step came to, or why it was skipped.
func (s *server) letter(d notify.Delivery, at time.Time, p page) letterLine {
	l := letterLine{ID: d.ID, Name: cmp.Or(d.Vars["name"], s.h.view.person(d.To.ID)), Template: d.Template, State: d.State, At: at}
	var cost decimal.Decimal
	for _, step := range d.Steps {
		line := stepLine{Channel: step.Channel, State: "quoted"}
		switch {
		case step.Skipped != nil:
			line.State, line.Why = "skipped", step.Skipped.Text(p.Lang)
		case step.Failed != notify.FailureNone && step.Level < notify.LevelDelivered:
			line.State, line.Why = "failed", step.Failed.String()+" "+step.Code
		case !step.Sent.IsZero():
			line.State = step.Level.String()
		}
		if step.Settled {
			cost = cost.Add(step.Amount)
		}
		if step.Currency != "" {
			line.Cost = step.Amount.StringFixed(2)
		}
		l.Steps = append(l.Steps, line)
	}
	l.Cost = cost.StringFixed(2)
	return l
}

// plugs adds up what each channel did and cost.
func (s *server) plugs(letters []notify.Delivery) ([]plugLine, error) {
	report, err := notify.Report(forecast.All(letters))
	if err != nil {
		return nil, err
	}
	var lines []plugLine
	for _, channel := range []notify.ChannelID{"whatsapp", "viber", "sms", "email"} {
		line := plugLine{Channel: channel, Out: s.h.net.isPulled(channel)}
		var cost decimal.Decimal
		for _, row := range report {
			if row.Channel == channel {
				line.Sent += row.Tried
				line.Reached += row.Reached
				cost = cost.Add(row.Cost)
			}
		}
		line.Cost = cost.StringFixed(2)
		lines = append(lines, line)
	}
	return lines, nil
}

// lastTime is when something last happened to a letter.
func lastTime(d notify.Delivery) time.Time {
	last := d.NotBefore
	for _, step := range d.Steps {
		for _, t := range []time.Time{step.Sent, step.Delivered, step.Read} {
			if t.After(last) {
				last = t
			}
		}
	}
	return last
}

// plug pulls a channel's plug, or puts it back.
func (s *server) plug(w http.ResponseWriter, r *http.Request) error {
	channel := notify.ChannelID(r.PostForm.Get("channel"))
	if _, known := s.h.net.channels()[channel]; !known {
		return badField("channel", string(channel), "there is no such channel", "такого канала нет")
	}
	out := r.PostForm.Get("out")
	if out != "yes" && out != "no" {
		return badField("out", out, "must be yes or no", "должно быть yes или no")
	}
	s.h.net.pull(channel, out == "yes")
	s.h.view.hub.tell(changed{})
	if isPart(r) {
		return s.showMessages(w, r, s.page(r, "messages"), "all")
	}
	return back(w, r)
}

// write sends a client a letter at once, so that its way can be watched.
func (s *server) write(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "messages")
	c, err := s.h.client(r.Context(), r.PostForm.Get("client"), p.Lang)
	if err != nil {
		return err
	}
	id, err := requestID(r)
	if err != nil {
		return err
	}
	_, err = s.h.post.Send(r.Context(), notify.Message{ID: notify.MessageID(id), Template: "inquiry_received", To: c.to,
		Vars: map[string]string{"name": c.name, "place": "Tenure House"}, By: string(p.Who.ID)})
	if err != nil {
		return err
	}
	if err := s.h.sendDue(r.Context()); err != nil {
		return err
	}
	if isPart(r) {
		return s.showMessages(w, r, p, "all")
	}
	return back(w, r)
}
