package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are data of the rules, not of the machine

	"github.com/rickb777/date/v2/clock"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/internal/edits"
)

// Rules say what may be sent, to whom, how and when. They are data: [Read] takes them from JSON,
// [Check] finds what is wrong with them, [Compile] makes an [Engine].
type Rules struct {
	Channels   []ChannelSpec `json:"channels"`
	Categories []Category    `json:"categories"`
	Plans      []Plan        `json:"plans"`
	Templates  []Template    `json:"templates"`
	Reminders  []Reminder    `json:"reminders"`
	Zone       string        `json:"zone"` // IANA, where a recipient or an occasion names none; defaults to "UTC"
}

// A ChannelSpec is what is known of a channel.
type ChannelSpec struct {
	ID       ChannelID `json:"id"`
	Receipts Level     `json:"receipts"` // the highest level it reports; defaults to accepted
	Charge   Level     `json:"charge"`   // the level that costs: accepted (SMS), delivered (messengers); defaults to accepted
	Prices   []Price   `json:"prices"`   // the first that matches; none at all: free

	Window     time.Duration `json:"window"`     // free text only so long after the recipient wrote; 0: always
	MinTTL     time.Duration `json:"min_ttl"`    // the shortest validity that the provider takes
	MaxTTL     time.Duration `json:"max_ttl"`    // the longest; 0: no limit
	Settle     time.Duration `json:"settle"`     // how long an unanswered send may still act; defaults to 5 minutes
	Forget     time.Duration `json:"forget"`     // how long "unreachable" counts; 0: not at all
	Idempotent bool          `json:"idempotent"` // the provider sends once per Outgoing.Key, so an unknown outcome may be sent again
	Segments   bool          `json:"segments"`   // the price is per SMS part
	MaxLen     int           `json:"max_len"`    // characters of the body; 0: no limit
	PerMinute  int           `json:"per_minute"` // sends by one desk; 0: no limit
}

// A Price is what a message, or a part of it, costs on a channel.
type Price struct {
	Category     CategoryID      `json:"category"` // empty: any
	Prefix       string          `json:"prefix"`   // of the address; empty: any
	Amount       decimal.Decimal `json:"amount"`
	Currency     string          `json:"currency"`       // ISO 4217
	FreeInWindow bool            `json:"free_in_window"` // costs nothing while the session window is open
}

// A Category of messages has its own consent, opt-out and quiet hours.
type Category struct {
	ID        CategoryID  `json:"id"`
	Consent   bool        `json:"consent"`    // nothing without consent
	OptOut    bool        `json:"opt_out"`    // opt-outs are honoured; else the message is part of the service
	QuietFrom clock.Clock `json:"quiet_from"` // nothing is sent from here
	QuietTo   clock.Clock `json:"quiet_to"`   // to here, in the recipient's zone; equal: no quiet hours
}

// A Plan is the steps by which a message goes, one after another until one reaches.
type Plan struct {
	ID       PlanID `json:"id"`
	Steps    []Step `json:"steps"`
	Cheapest bool   `json:"cheapest"` // usable steps by price, ties as written; else as written
}

// A Step is a channel and what is expected of it.
type Step struct {
	Channel     ChannelID     `json:"channel"`
	Until       Level         `json:"until"`        // what counts as reached; defaults to delivered
	Within      time.Duration `json:"within"`       // how long to wait for that; required
	UnreadAlert time.Duration `json:"unread_alert"` // delivered and unread so long: StateUnread; 0: never
}

// A Template is a text in several languages, for several channels.
type Template struct {
	ID       TemplateID `json:"id"`
	Category CategoryID `json:"category"`
	Plan     PlanID     `json:"plan"`
	Vars     []string   `json:"vars"` // what texts may use, all required
	Texts    []Text     `json:"texts"`
}

// A Text is the wording in one language. In Subject and Body {name} is a variable, {{ and }} are
// braces.
type Text struct {
	Lang     string    `json:"lang"`
	Channel  ChannelID `json:"channel"` // empty: where no other text of the language fits
	Subject  string    `json:"subject"`
	Body     string    `json:"body"`
	Approved string    `json:"approved"` // the provider's template: may be sent while the window is closed
}

// A Reminder is a message that follows from an occasion of its Kind. It is due at From + Shift, or
// else Days civil days from the date of From, at At in the occasion's zone. Days 0 at midnight is
// written as a Shift.
type Reminder struct {
	ID       string        `json:"id"`
	Kind     string        `json:"kind"`
	From     Anchor        `json:"from"`
	Until    Anchor        `json:"until"` // the deadline; defaults to none
	Shift    time.Duration `json:"shift"` // elapsed time
	Days     int           `json:"days"`
	At       clock.Clock   `json:"at"`
	Late     bool          `json:"late"` // due in the past: at once; else not at all
	Template TemplateID    `json:"template"`
}

func (r Reminder) calendar() bool { return r.Days != 0 || r.At != 0 }

// Problems are all that is wrong with rules, in their order.
type Problems []Problem

// A Problem is one thing that is wrong with rules.
type Problem struct {
	Code  ProblemCode
	Path  string   // where: "plans[0].steps[1]"
	Names []string // the offending values
}

// A ProblemCode says what is wrong.
type ProblemCode string

const (
	ProblemID            ProblemCode = "bad_id"           // empty, or with a character that IDs are joined by
	ProblemDuplicate     ProblemCode = "duplicate"        // the same ID, step or text twice
	ProblemUnknown       ProblemCode = "unknown_name"     // names something that is not there
	ProblemEmpty         ProblemCode = "empty"            // a plan without steps, a template without texts
	ProblemNumber        ProblemCode = "bad_number"       // below zero, or required and zero
	ProblemZone          ProblemCode = "bad_zone"         // not an IANA zone
	ProblemClock         ProblemCode = "bad_clock"        // not a time of day
	ProblemUntil         ProblemCode = "until_unseen"     // waits for a level that the channel never reports
	ProblemDouble        ProblemCode = "double_delivery"  // the provider would still try after the next step began
	ProblemMixed         ProblemCode = "mixed_currency"   // a plan with prices in two currencies
	ProblemPrice         ProblemCode = "no_price"         // a channel with prices, none of which fits the category
	ProblemCurrency      ProblemCode = "bad_currency"     // not an ISO 4217 code
	ProblemNever         ProblemCode = "never_runs"       // a step or a reminder that can never run
	ProblemLanguage      ProblemCode = "missing_language" // a template lacks a language that others have
	ProblemVariable      ProblemCode = "missing_variable" // a text uses a variable that is not declared
	ProblemUnused        ProblemCode = "unused_variable"  // no text uses a declared variable
	ProblemSyntax        ProblemCode = "bad_template"     // a brace that is not a variable
	ProblemLineBreak     ProblemCode = "line_break"       // CR or LF in a subject
	ProblemOffset        ProblemCode = "two_offsets"      // a reminder with both a Shift and Days or At
	ProblemNoChannel     ProblemCode = "no_channel"       // Config.Channels lacks a channel of the rules
	ProblemMissingConfig ProblemCode = "missing"          // a required field of Config
)

var problemTexts = map[ProblemCode][2]string{
	ProblemID:            {"an ID must not be empty or contain | or #", "идентификатор пуст или содержит | или #"},
	ProblemDuplicate:     {"twice", "дважды"},
	ProblemUnknown:       {"no such name", "нет такого имени"},
	ProblemEmpty:         {"nothing in it", "внутри ничего нет"},
	ProblemNumber:        {"the number must be above zero", "число должно быть больше нуля"},
	ProblemZone:          {"not an IANA time zone", "нет такого часового пояса"},
	ProblemClock:         {"not a time of day", "это не время суток"},
	ProblemUntil:         {"waits for a level that the channel never reports", "ждёт уровня, о котором канал не сообщает"},
	ProblemDouble:        {"the provider would still try after the next step began", "провайдер ещё пытался бы доставить, когда начнётся следующий шаг"},
	ProblemMixed:         {"prices in two currencies", "цены в двух валютах"},
	ProblemPrice:         {"no price fits this category", "для этой категории нет цены"},
	ProblemCurrency:      {"not an ISO 4217 code", "это не код валюты ISO 4217"},
	ProblemNever:         {"can never run", "никогда не выполнится"},
	ProblemLanguage:      {"a language is missing", "не хватает языка"},
	ProblemVariable:      {"the variable is not declared", "переменная не объявлена"},
	ProblemUnused:        {"no text uses the variable", "переменную не использует ни один текст"},
	ProblemSyntax:        {"a brace that is not a variable; write {{ or }}", "скобка не образует переменную; пишите {{ или }}"},
	ProblemLineBreak:     {"a subject must be one line", "тема должна быть в одну строку"},
	ProblemOffset:        {"both an elapsed and a calendar offset", "и сдвиг, и календарный срок"},
	ProblemNoChannel:     {"no channel is configured for it", "канал не подключён"},
	ProblemMissingConfig: {"required", "обязательное поле"},
}

// Text says it in English ("en") or Russian ("ru").
func (p Problem) Text(lang string) string {
	i := 0
	if lang == "ru" {
		i = 1
	}
	s := p.Path + ": " + cmp.Or(problemTexts[p.Code][i], string(p.Code))
	if len(p.Names) > 0 {
		s += ": " + strings.Join(p.Names, ", ")
	}
	return s
}

// Check returns all that is wrong with r; nil if it can be compiled. Clean rules never fail to
// render a declared variable.
func Check(r Rules) Problems {
	c := checker{rules: r, channels: map[ChannelID]*ChannelSpec{}, categories: map[CategoryID]bool{}, plans: map[PlanID]*Plan{}, templates: map[TemplateID]bool{}}
	if _, err := loadZone(r.Zone); err != nil {
		c.add(ProblemZone, "zone", r.Zone)
	}
	for i := range r.Channels {
		c.channel(fmt.Sprintf("channels[%d]", i), &r.Channels[i])
	}
	for i, cat := range r.Categories {
		path := fmt.Sprintf("categories[%d]", i)
		if c.id(path, string(cat.ID), c.categories[cat.ID]) {
			c.categories[cat.ID] = true
		}
		c.clock(path+".quiet_from", cat.QuietFrom)
		c.clock(path+".quiet_to", cat.QuietTo)
	}
	for i := range r.Channels {
		for j, p := range r.Channels[i].Prices {
			if p.Category != "" && !c.categories[p.Category] {
				c.unknown(fmt.Sprintf("channels[%d].prices[%d].category", i, j), string(p.Category), names(r.Categories, func(c Category) string { return string(c.ID) }))
			}
		}
	}
	for i := range r.Plans {
		c.plan(fmt.Sprintf("plans[%d]", i), &r.Plans[i])
	}
	langs := languages(r)
	for i := range r.Templates {
		c.template(fmt.Sprintf("templates[%d]", i), &r.Templates[i], langs)
	}
	reminders := map[string]bool{}
	for i, rem := range r.Reminders {
		path := fmt.Sprintf("reminders[%d]", i)
		if c.id(path, rem.ID, reminders[rem.ID]) {
			reminders[rem.ID] = true
		}
		c.reminder(path, rem)
	}
	return c.found
}

type checker struct {
	rules      Rules
	found      Problems
	channels   map[ChannelID]*ChannelSpec
	categories map[CategoryID]bool
	plans      map[PlanID]*Plan
	templates  map[TemplateID]bool
}

func (c *checker) add(code ProblemCode, path string, names ...string) {
	c.found = append(c.found, Problem{code, path, names})
}

func (c *checker) id(path, id string, twice bool) bool {
	if id == "" || strings.ContainsAny(id, "|#") || checkText("id", id, maxName) != nil {
		c.add(ProblemID, path+".id", id)
		return false
	}
	if twice {
		c.add(ProblemDuplicate, path+".id", id)
	}
	return !twice
}

func (c *checker) unknown(path, name string, known []string) {
	found := []string{name}
	if near := nearest(name, known); near != "" {
		found = append(found, near)
	}
	c.add(ProblemUnknown, path, found...)
}

func (c *checker) clock(path string, at clock.Clock) {
	if at < 0 || at >= clock.Day {
		c.add(ProblemClock, path, time.Duration(at).String())
	}
}

func (c *checker) positive(path string, numbers ...time.Duration) {
	for _, n := range numbers {
		if n < 0 {
			c.add(ProblemNumber, path, n.String())
		}
	}
}

func (c *checker) channel(path string, ch *ChannelSpec) {
	if c.id(path, string(ch.ID), c.channels[ch.ID] != nil) {
		c.channels[ch.ID] = ch
	}
	c.positive(path, ch.Window, ch.MinTTL, ch.MaxTTL, ch.Settle, ch.Forget, time.Duration(ch.MaxLen), time.Duration(ch.PerMinute))
	if ch.MaxTTL > 0 && ch.MinTTL > ch.MaxTTL {
		c.add(ProblemNever, path+".min_ttl", ch.MinTTL.String(), ch.MaxTTL.String())
	}
	if ch.Charge > max(ch.Receipts, LevelAccepted) {
		c.add(ProblemUntil, path+".charge", ch.Charge.String(), ch.Receipts.String())
	}
	for i, p := range ch.Prices {
		at := fmt.Sprintf("%s.prices[%d]", path, i)
		if p.Amount.IsNegative() {
			c.add(ProblemNumber, at+".amount", p.Amount.String())
		}
		if len(p.Currency) != 3 || strings.Trim(p.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			c.add(ProblemCurrency, at+".currency", p.Currency)
		}
		for j, earlier := range ch.Prices[:i] {
			if (earlier.Category == "" || earlier.Category == p.Category) && strings.HasPrefix(p.Prefix, earlier.Prefix) {
				c.add(ProblemNever, at, fmt.Sprintf("%s.prices[%d]", path, j))
				break
			}
		}
	}
}

func (c *checker) plan(path string, p *Plan) {
	if c.id(path, string(p.ID), c.plans[p.ID] != nil) {
		c.plans[p.ID] = p
	}
	if len(p.Steps) == 0 {
		c.add(ProblemEmpty, path+".steps")
	}
	var currencies []string
	seen := map[ChannelID]bool{}
	for i, s := range p.Steps {
		at := fmt.Sprintf("%s.steps[%d]", path, i)
		if seen[s.Channel] {
			c.add(ProblemDuplicate, at+".channel", string(s.Channel))
		}
		seen[s.Channel] = true
		if s.Within <= 0 {
			c.add(ProblemNumber, at+".within", s.Within.String())
		}
		c.positive(at+".unread_alert", s.UnreadAlert)
		ch := c.channels[s.Channel]
		if ch == nil {
			c.unknown(at+".channel", string(s.Channel), names(c.rules.Channels, func(c ChannelSpec) string { return string(c.ID) }))
			continue
		}
		if reports := max(ch.Receipts, LevelAccepted); s.until() > reports {
			c.add(ProblemUntil, at+".until", s.until().String(), reports.String())
		}
		if s.UnreadAlert > 0 && (ch.Receipts < LevelRead || s.until() != LevelDelivered) {
			c.add(ProblemUntil, at+".unread_alert", LevelRead.String(), ch.Receipts.String())
		}
		if ch.MinTTL > s.Within {
			c.add(ProblemDouble, at+".within", ch.MinTTL.String(), s.Within.String())
		}
		for _, price := range ch.Prices {
			if !slices.Contains(currencies, price.Currency) {
				currencies = append(currencies, price.Currency)
			}
		}
	}
	if len(currencies) > 1 {
		c.add(ProblemMixed, path, currencies...)
	}
}

func (c *checker) template(path string, t *Template, langs []string) {
	if c.id(path, string(t.ID), c.templates[t.ID]) {
		c.templates[t.ID] = true
	}
	if !c.categories[t.Category] {
		c.unknown(path+".category", string(t.Category), names(c.rules.Categories, func(c Category) string { return string(c.ID) }))
	}
	plan := c.plans[t.Plan]
	if plan == nil {
		c.unknown(path+".plan", string(t.Plan), names(c.rules.Plans, func(p Plan) string { return string(p.ID) }))
	}
	if len(t.Texts) == 0 {
		c.add(ProblemEmpty, path+".texts")
	}
	for i, name := range t.Vars {
		at := fmt.Sprintf("%s.vars[%d]", path, i)
		if strings.Trim(name, nameChars) != "" || name == "" {
			c.add(ProblemSyntax, at, name)
		}
		if slices.Contains(t.Vars[:i], name) {
			c.add(ProblemDuplicate, at, name)
		}
	}
	used, approved := map[string]bool{}, false
	for i, text := range t.Texts {
		at := fmt.Sprintf("%s.texts[%d]", path, i)
		c.text(at, t, text, used)
		approved = approved || text.Approved != ""
		for _, earlier := range t.Texts[:i] {
			if earlier.Lang == text.Lang && earlier.Channel == text.Channel {
				c.add(ProblemDuplicate, at, text.Lang, string(text.Channel))
				break
			}
		}
	}
	if !approved {
		for i, name := range t.Vars {
			if !used[name] {
				c.add(ProblemUnused, fmt.Sprintf("%s.vars[%d]", path, i), name)
			}
		}
	}
	if plan != nil {
		c.coverage(path, t, plan, langs)
	}
}

func (c *checker) text(path string, t *Template, text Text, used map[string]bool) {
	if text.Lang == "" {
		c.add(ProblemID, path+".lang", "")
	}
	if text.Channel != "" && c.channels[text.Channel] == nil {
		c.unknown(path+".channel", string(text.Channel), names(c.rules.Channels, func(c ChannelSpec) string { return string(c.ID) }))
	}
	if strings.ContainsAny(text.Subject, "\r\n") {
		c.add(ProblemLineBreak, path+".subject")
	}
	if text.Body == "" && text.Approved == "" {
		c.add(ProblemEmpty, path+".body")
	}
	for _, part := range []struct{ field, text string }{{"subject", text.Subject}, {"body", text.Body}} {
		parsed, ok := parsePattern(part.text)
		if !ok {
			c.add(ProblemSyntax, path+"."+part.field, part.text)
			continue
		}
		for _, p := range parsed {
			if p.variable == "" {
				continue
			}
			used[p.variable] = true
			if !slices.Contains(t.Vars, p.variable) {
				c.add(ProblemVariable, path+"."+part.field, p.variable)
			}
		}
	}
}

// coverage finds steps of the plan that this template can never use.
func (c *checker) coverage(path string, t *Template, plan *Plan, langs []string) {
	for i, s := range plan.Steps {
		var lacks []string
		for _, lang := range langs {
			if !slices.ContainsFunc(t.Texts, func(x Text) bool {
				return x.Lang == lang && (x.Channel == "" || x.Channel == s.Channel)
			}) {
				lacks = append(lacks, lang)
			}
		}
		switch {
		case len(lacks) == len(langs) && len(langs) > 0:
			c.add(ProblemNever, path+".texts", string(s.Channel))
		case len(lacks) > 0:
			c.add(ProblemLanguage, path+".texts", append([]string{string(s.Channel)}, lacks...)...)
		}
		ch := c.channels[s.Channel]
		if ch == nil || len(ch.Prices) == 0 {
			continue
		}
		if !slices.ContainsFunc(ch.Prices, func(p Price) bool {
			return p.Prefix == "" && (p.Category == "" || p.Category == t.Category)
		}) {
			c.add(ProblemPrice, fmt.Sprintf("%s.plan.steps[%d]", path, i), string(s.Channel), string(t.Category))
		}
	}
}

func (c *checker) reminder(path string, r Reminder) {
	if r.Kind == "" {
		c.add(ProblemID, path+".kind", "")
	}
	if !c.templates[r.Template] {
		c.unknown(path+".template", string(r.Template), names(c.rules.Templates, func(t Template) string { return string(t.ID) }))
	}
	c.clock(path+".at", r.At)
	switch {
	case r.From == AnchorNone:
		c.add(ProblemEmpty, path+".from")
	case r.Shift != 0 && r.calendar():
		c.add(ProblemOffset, path, r.Shift.String(), fmt.Sprint(r.Days), r.At.String())
	case r.From == AnchorMade && !r.calendar() && r.Shift <= 0 && !r.Late:
		c.add(ProblemNever, path, "late") // it is always posted after it was made
	case r.From == r.Until && (r.calendar() && r.Days > 0 || !r.calendar() && r.Shift >= 0):
		c.add(ProblemNever, path+".until", r.Until.String())
	}
}

func (s Step) until() Level {
	if s.Until == LevelUnknown {
		return LevelDelivered
	}
	return s.Until
}

// languages are those of any template, in order of appearance.
func languages(r Rules) []string {
	var langs []string
	for _, t := range r.Templates {
		for _, text := range t.Texts {
			if !slices.Contains(langs, text.Lang) {
				langs = append(langs, text.Lang)
			}
		}
	}
	return langs
}

func names[T any](all []T, name func(T) string) []string {
	list := make([]string, len(all))
	for i, x := range all {
		list[i] = name(x)
	}
	return list
}

// nearest is the known name that is a typing slip away from name, or "".
func nearest(name string, known []string) string {
	best, least := "", len(name)/3+1
	for _, k := range known {
		if d := edits.Distance([]byte(name), []byte(k)); d <= least && k != name {
			best, least = k, d-1
		}
	}
	return best
}
