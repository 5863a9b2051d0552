package notify

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/notify/sms"
)

// An Engine is compiled rules: the pure core. It decides and does nothing, and is safe for
// concurrent use.
type Engine struct {
	channels   map[ChannelID]*channel
	categories map[CategoryID]*Category
	templates  map[TemplateID]*template
	reminders  map[string][]Reminder // by kind of occasion
	zone       *time.Location
	zones      sync.Map      // *time.Location by name: loading one reads a file
	lease      time.Duration // after which a claim without an answer is an unknown outcome
}

type channel struct {
	ChannelSpec
	prices []price
}

// A price has the amounts of 1, 2, ... parts ready.
type price struct {
	Price
	times [12]decimal.Decimal
	free  *price // what it is in an open window, if that is free
}

type plan struct {
	Plan
	steps []planStep
}

type planStep struct {
	Step
	ch *channel
}

type template struct {
	Template
	category *Category
	plan     *plan
	texts    []text
	wordings map[string][]*text // by language, then step of the plan
}

type text struct {
	Text
	subject, body pattern
}

// DefaultSettle is how long an unanswered send may still act where a channel does not say.
const DefaultSettle = 5 * time.Minute

// Compile makes an engine of clean rules; of others it returns a [ConfigError] with all their
// problems. The engine does not refer to r.
func Compile(r Rules) (*Engine, error) {
	if problems := Check(r); len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	zone, err := loadZone(r.Zone)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		zone: zone, lease: DefaultLease,
		channels: map[ChannelID]*channel{}, categories: map[CategoryID]*Category{},
		templates: map[TemplateID]*template{}, reminders: map[string][]Reminder{},
	}
	for _, spec := range r.Channels {
		if spec.Settle == 0 {
			spec.Settle = DefaultSettle
		}
		spec.Charge, spec.Receipts = max(spec.Charge, LevelAccepted), max(spec.Receipts, LevelAccepted)
		ch := &channel{ChannelSpec: spec}
		for _, p := range spec.Prices {
			compiled := price{Price: p}
			for n := range compiled.times {
				compiled.times[n] = p.Amount.Mul(decimal.NewFromInt(int64(n + 1)))
			}
			if p.FreeInWindow && spec.Window > 0 {
				compiled.free = &price{Price: Price{Currency: p.Currency}}
			}
			ch.prices = append(ch.prices, compiled)
		}
		e.channels[spec.ID] = ch
	}
	for _, c := range r.Categories {
		e.categories[c.ID] = &c
	}
	plans := map[PlanID]*plan{}
	for _, p := range r.Plans {
		compiled := &plan{Plan: p}
		for _, s := range p.Steps {
			s.Until = s.until()
			compiled.steps = append(compiled.steps, planStep{s, e.channels[s.Channel]})
		}
		plans[p.ID] = compiled
	}
	for _, t := range r.Templates {
		t.Vars = slices.Clone(t.Vars)
		compiled := &template{Template: t, category: e.categories[t.Category], plan: plans[t.Plan]}
		for _, x := range t.Texts {
			subject, _ := parsePattern(x.Subject)
			body, _ := parsePattern(x.Body)
			compiled.texts = append(compiled.texts, text{x, subject, body})
		}
		compiled.wordings = map[string][]*text{}
		for _, x := range compiled.texts {
			words := make([]*text, len(compiled.plan.steps))
			for i, s := range compiled.plan.steps {
				words[i] = compiled.text(x.Lang, s.Channel)
			}
			compiled.wordings[x.Lang] = words
		}
		e.templates[t.ID] = compiled
	}
	for _, rem := range r.Reminders {
		e.reminders[rem.Kind] = append(e.reminders[rem.Kind], rem)
	}
	return e, nil
}

// zoneOf is the zone of a name, or the rules' own for "" and for a name nobody knows any more.
func (e *Engine) zoneOf(name string) *time.Location {
	if zone, err := e.namedZone(name); err == nil && name != "" {
		return zone
	}
	return e.zone
}

// namedZone loads a zone once: each time it would read the whole table of its changes.
func (e *Engine) namedZone(name string) (*time.Location, error) {
	if zone, ok := e.zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := loadZone(name)
	if err == nil {
		e.zones.Store(name, zone)
	}
	return zone, err
}

// A moment is what decides about a delivery at an instant.
type moment struct {
	tpl      *template // nil: the rules have it no more
	words    []*text   // in the recipient's language, by step of the plan
	category *Category
	facts    []Fact
	at       time.Time // when it would be sent
}

// moment returns what decides about d from now on, by what is known.
func (e *Engine) moment(d *Delivery, facts []Fact, now time.Time) moment {
	m := moment{tpl: e.templates[d.Template], facts: facts, at: latest(now, d.NotBefore)}
	if m.tpl != nil {
		m.words = m.tpl.wording(d.To.Lang)
	}
	if m.tpl != nil && m.tpl.Category == d.Category {
		m.category = m.tpl.category
	} else {
		m.category = e.categories[d.Category]
	}
	if c := m.category; c != nil && c.QuietFrom != c.QuietTo {
		m.at = quietEnd(c, m.at, e.zoneOf(d.To.Zone))
	}
	return m
}

// step is what the plan expects of a channel, the channel, and what it is to say; nil if the rules
// have it no more. A step that was put in by hand, or that the plan has no more, waits for
// delivery, or for the best that the channel reports, as long as the provider may try, or an hour.
func (e *Engine) step(m *moment, lang string, id ChannelID) (Step, *channel, *text) {
	if m.tpl != nil {
		for i := range m.tpl.plan.steps {
			if s := &m.tpl.plan.steps[i]; s.Channel == id {
				return s.Step, s.ch, m.words[i]
			}
		}
	}
	ch := e.channels[id]
	s := Step{Channel: id, Within: time.Hour}
	if ch == nil {
		return s, nil, nil
	}
	s.Until = min(LevelDelivered, ch.Receipts)
	if ch.MaxTTL > 0 {
		s.Within = ch.MaxTTL
	}
	s.Within = max(s.Within, ch.MinTTL)
	if m.tpl == nil {
		return s, ch, nil
	}
	return s, ch, m.tpl.text(m.tpl.language(lang), id)
}

// language is the one of the template's to use: the recipient's own, else its base ("ru" for
// "ru-RU"), else the template's first.
func (t *template) language(lang string) string {
	if t.wordings[lang] != nil {
		return lang
	}
	if base, _, _ := strings.Cut(lang, "-"); t.wordings[base] != nil {
		return base
	}
	return t.texts[0].Lang
}

// wording is what each step of the plan is to say.
func (t *template) wording(lang string) []*text {
	if words := t.wordings[lang]; words != nil {
		return words
	}
	return t.wordings[t.language(lang)]
}

// text is the wording in one of the template's languages for a channel.
func (t *template) text(lang string, id ChannelID) *text {
	var general *text
	for i := range t.texts {
		x := &t.texts[i]
		if x.Lang == lang && x.Channel == id {
			return x
		}
		if x.Lang == lang && x.Channel == "" {
			general = x
		}
	}
	return general
}

// price is the first that matches; nil: free.
func (ch *channel) price(category CategoryID, address string) *price {
	for i := range ch.prices {
		p := &ch.prices[i]
		if (p.Category == "" || p.Category == category) && strings.HasPrefix(address, p.Prefix) {
			return p
		}
	}
	return nil
}

func (p *price) of(segments int) decimal.Decimal {
	if n := max(segments, 1); n <= len(p.times) {
		return p.times[n-1]
	}
	return p.Amount.Mul(decimal.NewFromInt(int64(segments)))
}

// accept checks a message against the rules: a template, its variables, a zone, subjects of one
// line.
func (e *Engine) accept(m Message) (*template, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	t := e.templates[m.Template]
	if t == nil {
		return nil, unknown("template", m.Template, e.templates)
	}
	for _, name := range t.Vars {
		if _, ok := m.Vars[name]; !ok {
			return nil, &InvalidError{Field: "vars." + name, Why: "missing"}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Vars)) {
		if !slices.Contains(t.Vars, name) {
			return nil, &InvalidError{Field: "vars." + name, Value: m.Vars[name], Why: "the template does not declare it"}
		}
	}
	if _, err := e.namedZone(m.To.Zone); err != nil {
		return nil, &InvalidError{Field: "to.zone", Value: m.To.Zone, Why: "not an IANA zone"}
	}
	for i := range t.texts {
		for _, p := range t.texts[i].subject {
			if p.variable == "" {
				continue
			}
			if err := checkLine("vars."+p.variable, m.Vars[p.variable], maxText); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// A verdict is what a step would be if it were sent at a moment.
type verdict struct {
	reason   Reason // Code empty: the step is usable
	lasting  bool   // the reason holds whatever becomes known
	closed   bool   // the session window is: only an approved text may go
	address  string
	ch       *channel
	price    *price // nil: free
	words    *text
	within   time.Duration
	ttl      time.Duration
	segments int
}

// refuse keeps the first reason.
func (v *verdict) refuse(r Reason, lasting bool) {
	if v.reason.Code == "" {
		v.reason, v.lasting = r, lasting
	}
}

func (v *verdict) amount() decimal.Decimal {
	if v.price == nil {
		return decimal.Decimal{}
	}
	return v.price.of(v.segments)
}

// weigh judges step k of d as if it were sent at the moment, at the end of whose time the next step's
// turn comes. What takes rendering (parts, length) is as it was when compose last looked.
func (e *Engine) weigh(m *moment, d *Delivery, k int, ends time.Time) (v verdict) {
	report := &d.Steps[k]
	step, ch, words := e.step(m, d.To.Lang, report.Channel)
	v.address = d.To.Addresses[report.Channel]
	if ch == nil {
		v.refuse(Reason{Code: ReasonNoChannel}, true)
		return v
	}
	if v.address == "" {
		v.refuse(Reason{Code: ReasonNoAddress}, true)
		return v
	}
	kn := sumUp(m.facts, report.Channel, v.address, d.Category)
	v.ch, v.words, v.within, v.segments = ch, words, step.Within, report.Segments
	v.closed = !kn.windowOpen(ch.Window, m.at)
	if v.price = ch.price(d.Category, v.address); v.price != nil && v.price.free != nil && !v.closed {
		v.price = v.price.free
	}
	if until := kn.unreachableUntil(ch.Forget); m.at.Before(until) {
		v.refuse(Reason{Code: ReasonUnreachable, Until: until}, false)
	}
	if c := m.category; c != nil && c.OptOut && kn.optedOut() {
		v.refuse(Reason{Code: ReasonOptedOut, Got: kn.optOut.Format(time.RFC3339)}, false)
	} else if c != nil && c.Consent && !kn.consented() {
		v.refuse(Reason{Code: ReasonNoConsent}, false)
	}
	if words == nil {
		v.refuse(Reason{Code: ReasonNoText}, true)
		return v
	}
	if report.Skipped != nil && report.Skipped.Code == ReasonTooLong {
		v.refuse(*report.Skipped, true)
	}
	if v.closed && words.Approved == "" {
		since := ""
		if !kn.inbound.IsZero() {
			since = kn.inbound.Format(time.RFC3339)
		}
		v.refuse(Reason{Code: ReasonWindowClosed, Got: since, Limit: ch.Window.String()}, false)
	}
	v.ttl = v.within
	if !ends.IsZero() {
		v.ttl = ends.Sub(m.at)
	}
	if !d.Deadline.IsZero() {
		v.ttl = min(v.ttl, d.Deadline.Sub(m.at))
	}
	if ch.MaxTTL > 0 {
		v.ttl = min(v.ttl, ch.MaxTTL)
	}
	if v.ttl <= 0 || v.ttl < ch.MinTTL {
		v.refuse(Reason{Code: ReasonNoTime, Got: max(v.ttl, 0).String(), Limit: ch.MinTTL.String()}, true)
	}
	return v
}

// compose fills in the words of step k, counts their parts and refuses what is too long.
func (v *verdict) compose(d *Delivery, k int, o *Outgoing) {
	if v.words == nil {
		return
	}
	o.Subject, o.Body = render(v.words.subject, v.words.body, d.Vars)
	if v.ch.Segments {
		v.segments, _ = sms.Count(o.Body)
	}
	if limit := v.ch.MaxLen; limit > 0 && len(o.Body) > limit { // as many letters as bytes at most
		if n := utf8.RuneCountInString(o.Body); n > limit {
			v.refuse(Reason{Code: ReasonTooLong, Got: strconv.Itoa(n), Limit: strconv.Itoa(limit)}, true)
		}
	}
	o.ID, o.Step, o.Channel, o.Address, o.TTL = d.ID, k, v.ch.ID, v.address, v.ttl
	o.Vars, o.Attach, o.Thread, o.Rev = d.Vars, d.Attach, d.Thread, d.Rev
	if v.ch.Window == 0 || v.closed {
		o.Approved = v.words.Approved
	}
}

// quoted writes what the step would cost.
func (s *StepReport) quoted(v *verdict) {
	s.Segments, s.Amount, s.Currency = v.segments, v.amount(), ""
	if v.price != nil {
		s.Currency = v.price.Currency
	}
	s.Skipped = nil
	if v.reason.Code != "" {
		reason := v.reason
		s.Skipped = &reason
	}
}
