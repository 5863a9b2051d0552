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
	rules      Rules
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
}

type template struct {
	Template
	category *Category
	plan     *Plan
	texts    []text
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
		rules: r, zone: zone, lease: DefaultLease,
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
			ch.prices = append(ch.prices, compiled)
		}
		e.channels[spec.ID] = ch
	}
	for _, c := range r.Categories {
		e.categories[c.ID] = &c
	}
	plans := map[PlanID]*Plan{}
	for _, p := range r.Plans {
		p.Steps = slices.Clone(p.Steps)
		plans[p.ID] = &p
	}
	for _, t := range r.Templates {
		t.Vars = slices.Clone(t.Vars)
		compiled := &template{Template: t, category: e.categories[t.Category], plan: plans[t.Plan]}
		for _, x := range t.Texts {
			subject, _ := parsePattern(x.Subject)
			body, _ := parsePattern(x.Body)
			compiled.texts = append(compiled.texts, text{x, subject, body})
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
	if name == "" {
		return e.zone
	}
	if zone, ok := e.zones.Load(name); ok {
		return zone.(*time.Location)
	}
	zone, err := loadZone(name)
	if err != nil {
		return e.zone
	}
	e.zones.Store(name, zone)
	return zone
}

// step is what the plan expects of a channel. One that was put in by hand, or that the plan has
// no more, waits for delivery, or for the best that the channel reports, as long as the provider
// may try, or an hour.
func (e *Engine) step(t *template, id ChannelID) Step {
	if t != nil {
		for i := range t.plan.Steps {
			if t.plan.Steps[i].Channel == id {
				return t.plan.Steps[i]
			}
		}
	}
	s := Step{Channel: id, Within: time.Hour}
	if ch := e.channels[id]; ch != nil {
		s.Until = min(LevelDelivered, ch.Receipts)
		if ch.MaxTTL > 0 {
			s.Within = ch.MaxTTL
		}
		s.Within = max(s.Within, ch.MinTTL)
	}
	return s
}

// text is the wording for a language and a channel: of the language itself, else of its base
// ("ru" for "ru-RU"), else of the first that the template has.
func (t *template) text(lang string, id ChannelID) *text {
	if len(t.texts) == 0 {
		return nil
	}
	if !t.speaks(lang) {
		base, _, _ := strings.Cut(lang, "-")
		if lang = base; !t.speaks(lang) {
			lang = t.texts[0].Lang
		}
	}
	var general *text
	for i := range t.texts {
		x := &t.texts[i]
		if x.Lang != lang {
			continue
		}
		if x.Channel == id {
			return x
		}
		if x.Channel == "" {
			general = x
		}
	}
	return general
}

func (t *template) speaks(lang string) bool {
	for i := range t.texts {
		if t.texts[i].Lang == lang {
			return true
		}
	}
	return false
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
		known := make([]string, 0, len(e.templates))
		for _, id := range slices.Sorted(maps.Keys(e.templates)) {
			known = append(known, string(id))
		}
		return nil, &UnknownError{Kind: "template", ID: string(m.Template), Nearest: nearest(string(m.Template), known)}
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
	if m.To.Zone != "" {
		if _, err := loadZone(m.To.Zone); err != nil {
			return nil, &InvalidError{Field: "to.zone", Value: m.To.Zone, Why: "not an IANA zone"}
		}
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

// A quote is what a step would be if it were sent at a moment.
type quote struct {
	reason   Reason // Code empty: the step is usable
	lasting  bool   // the reason holds whatever becomes known
	within   time.Duration
	segments int
	amount   decimal.Decimal
	currency string
	out      Outgoing
}

// quote weighs step k of d as if it were sent at t, at the end of whose time the next step's turn
// comes. Once its parts are counted the price needs no rendering, and the words are left out.
func (e *Engine) quote(d *Delivery, tpl *template, k int, facts []Fact, t, ends time.Time, counted bool) (q quote) {
	id := d.Steps[k].Channel
	no := func(code ReasonCode, lasting bool) { q.reason.Code, q.lasting = code, lasting }
	ch := e.channels[id]
	address := d.To.Addresses[id]
	switch {
	case ch == nil:
		no(ReasonNoChannel, true)
		return q
	case address == "":
		no(ReasonNoAddress, true)
		return q
	}
	kn := sumUp(facts, id, address, d.Category)
	open := kn.windowOpen(ch.Window, t)
	var words *text
	if tpl != nil {
		words = tpl.text(d.To.Lang, id)
	}
	if words != nil && !counted {
		q.out.Subject, q.out.Body = render(words.subject, words.body, d.Vars)
	}
	q.segments = d.Steps[k].Segments
	if ch.Segments && !counted {
		q.segments, _ = sms.Count(q.out.Body)
	}
	if p := ch.price(d.Category, address); p != nil {
		q.currency = p.Currency
		if !(p.FreeInWindow && ch.Window > 0 && open) {
			q.amount = p.of(q.segments)
		}
	}
	q.within = e.step(tpl, id).Within
	if ends.IsZero() {
		ends = t.Add(q.within)
	}
	ttl := ends.Sub(t)
	if !d.Deadline.IsZero() {
		ttl = min(ttl, d.Deadline.Sub(t))
	}
	if ch.MaxTTL > 0 {
		ttl = min(ttl, ch.MaxTTL)
	}
	category := e.categories[d.Category]
	switch until := kn.unreachableUntil(ch.Forget); {
	case t.Before(until):
		no(ReasonUnreachable, false)
		q.reason.Until = until
	case category != nil && category.OptOut && kn.optedOut():
		no(ReasonOptedOut, false)
		q.reason.Got = kn.optOut.Format(time.RFC3339)
	case category != nil && category.Consent && !kn.consented():
		no(ReasonNoConsent, false)
	case words == nil:
		no(ReasonNoText, true)
	case counted && d.Steps[k].Skipped != nil && d.Steps[k].Skipped.Code == ReasonTooLong:
		no(ReasonTooLong, true)
	case !counted && ch.MaxLen > 0 && utf8.RuneCountInString(q.out.Body) > ch.MaxLen:
		no(ReasonTooLong, true)
		q.reason.Got, q.reason.Limit = strconv.Itoa(utf8.RuneCountInString(q.out.Body)), strconv.Itoa(ch.MaxLen)
	case !open && words.Approved == "":
		no(ReasonWindowClosed, false)
		if !kn.inbound.IsZero() {
			q.reason.Got = kn.inbound.Format(time.RFC3339)
		}
		q.reason.Limit = ch.Window.String()
	case ttl <= 0 || ttl < ch.MinTTL:
		no(ReasonNoTime, true)
		q.reason.Got, q.reason.Limit = max(ttl, 0).String(), ch.MinTTL.String()
	}
	if q.reason.Code != "" || counted {
		return q
	}
	o := &q.out
	o.ID, o.Step, o.Channel, o.Address, o.TTL = d.ID, k, id, address, ttl
	o.Vars, o.Attach, o.Thread, o.Rev = d.Vars, d.Attach, d.Thread, d.Rev
	if ch.Window == 0 || !open {
		o.Approved = words.Approved
	}
	return q
}
