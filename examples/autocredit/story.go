package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/pipeline/worktime"
)

type fields = map[pipeline.FieldID]string

var (
	gate   = pipeline.Actor{ID: "site", Roles: []pipeline.Role{pipeline.RoleIntake}}
	oleg   = pipeline.Actor{ID: "oleg", Roles: []pipeline.Role{"seller"}}
	head   = pipeline.Actor{ID: "nina", Roles: []pipeline.Role{"head"}}
	pricer = pipeline.Actor{ID: "petr", Roles: []pipeline.Role{"pricer"}}

	irkutsk = time.FixedZone("Irkutsk", 8*3600)
)

// sellers take leads in turn; Lena is on vacation for a week in the middle of the story.
var vacation = worktime.Span{From: day(15, 0), To: day(22, 0)}

var people = map[pipeline.PoolID][]pipeline.Member{
	ready.PoolAuto:      {{ID: "lena", Away: []worktime.Span{vacation}}, {ID: "oleg"}, {ID: "rita"}},
	ready.PoolCredit:    {{ID: "bella", Regions: []string{"irkutsk"}}, {ID: "boris", Regions: []string{"moscow"}}, {ID: "bair", Regions: []string{"irkutsk", "moscow"}}},
	ready.PoolBuyout:    {{ID: "vova"}},
	ready.PoolOperators: {{ID: "op-1"}},
}

// day is an instant of June 2026 by the clock of Irkutsk.
func day(d int, hour time.Duration) time.Time {
	return time.Date(2026, time.June, d, 0, 0, 0, 0, irkutsk).Add(hour)
}

// A dealer is the desk, its clock and what was printed.
type dealer struct {
	*pipeline.Desk
	store  store
	clock  *show.Clock
	out    io.Writer
	lang   string
	n      int
	checks *show.Checks
}

func play(ctx context.Context, out io.Writer, s store, lang string, checks *show.Checks) error {
	clock := show.NewClock(day(10, 10*time.Hour))
	rules := ready.Rules()
	desk, err := pipeline.New(pipeline.Config{Store: s, Rules: rules, Pools: ready.Pools(people, "nina"), Now: clock.Now})
	if err != nil {
		return err
	}
	d := &dealer{Desk: desk, store: s, clock: clock, out: out, lang: lang, checks: checks}
	for _, chapter := range []func(context.Context) error{d.forms, d.sale, d.night, d.rotation} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return d.audit(ctx)
}

func (d *dealer) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *dealer) id() pipeline.CommandID {
	d.n++
	return pipeline.CommandID(fmt.Sprintf("cmd-%03d", d.n))
}

func (d *dealer) do(ctx context.Context, id pipeline.CaseID, by pipeline.Actor, a pipeline.Action, set fields) (pipeline.Case, error) {
	res, err := d.Do(ctx, pipeline.Command{ID: d.id(), Case: id, Action: a, Set: set, By: by})
	return res.Case, err
}

// forms: each form of the site leads to its pipeline.
func (d *dealer) forms(ctx context.Context) error {
	d.say("# Forms pick pipelines")
	right := 0
	for form, want := range map[string]pipeline.PipelineID{"auto": "auto_sales", "credit": "auto_credit", "buyout": "auto_buyout", "question": "callcenter"} {
		res, err := d.Open(ctx, pipeline.Open{ID: d.id(), Form: form, Cards: []pipeline.CardID{pipeline.CardID("visitor-" + form)}, By: gate})
		if err != nil {
			return err
		}
		if res.Case.Pipeline == want {
			right++
		}
	}
	d.checks.Add("forms lead to their pipelines", right == 4, "%d of 4", right)
	return nil
}

// sale: from the lead to the win, by way of credit.
func (d *dealer) sale(ctx context.Context) error {
	d.say("\n# A sale")
	res, err := d.Open(ctx, pipeline.Open{ID: d.id(), Form: "auto", Cards: []pipeline.CardID{"anna"}, By: gate, Set: fields{"name": "Анна & Ко?", "phone": "+79025123456", "city": "irkutsk"}})
	if err != nil {
		return err
	}
	id := res.Case.ID
	if _, err := d.do(ctx, id, head, "", fields{pipeline.FieldOwner: "oleg"}); err != nil {
		return err
	}
	if _, err := d.do(ctx, id, oleg, "accept", nil); err != nil {
		return err
	}
	if _, err := d.do(ctx, id, oleg, "offer", fields{"car": "Lada Vesta"}); err != nil {
		return err
	}

	deal, err := d.Case(ctx, id)
	if err != nil {
		return err
	}
	link, err := url.Parse(deal.Link("debts"))
	if err != nil {
		return err
	}
	d.say("debt check: %s", link)
	q := link.Query()
	d.checks.Add("the debt link carries the name, and only that", link.Host == "fssp.gov.ru" && len(q) == 2 && q.Get("is[last_name]") == "Анна & Ко?", "%d parameters on %s", len(q), link.Host)

	_, refusal := d.do(ctx, id, oleg, "win", nil)
	var no *pipeline.RefusedError
	if !errors.As(refusal, &no) {
		return fmt.Errorf("a win at once: got %v, want a refusal", refusal)
	}
	d.say("win? %s", no.Text(d.lang))
	var codes []string
	for _, r := range no.Reasons {
		codes = append(codes, strings.TrimSpace(r.Code+" "+string(r.Field)))
	}
	d.checks.Add("a win is refused with every reason", slices.Equal(codes, []string{"role", "not_from", "unchecked passport", "unchecked paid"}), "%s", strings.Join(codes, ", "))

	way, err := deal.Path("won", []pipeline.Actor{oleg, pricer, head})
	if err != nil {
		return err
	}
	for i, step := range way {
		d.say("  %d. %s: %s %v", i+1, step.By, step.Action, step.Fill)
	}
	before := deal
	for _, step := range way {
		by := map[pipeline.ActorID]pipeline.Actor{"oleg": oleg, "petr": pricer, "nina": head}[step.By]
		if deal, _, err = deal.Apply(nil, pipeline.Command{Action: step.Action, Set: step.With, By: by}, d.clock.Now()); err != nil {
			return fmt.Errorf("a step of the path: %w", err)
		}
	}
	d.checks.Add("the path to the win can be walked", deal.Stage == "won" && before.Stage == "offer", "%d commands end at %s", len(way), deal.Stage)

	if _, err := d.do(ctx, id, pricer, "", fields{"price": "1450000"}); err != nil {
		return err
	}
	if _, err := d.do(ctx, id, oleg, "credit", fields{"payment": "credit"}); err != nil {
		return err
	}
	_, refusal = d.do(ctx, id, pricer, "", fields{"price": "1400000"})
	d.checks.Add("the pricer edits until the documents", errors.Is(refusal, pipeline.ErrRefused), "%s", text(refusal, d.lang))

	credit, err := d.Case(ctx, id+"/credit")
	if err != nil {
		return err
	}
	log, err := d.store.History(ctx, credit.ID, 0, 100)
	if err != nil {
		return err
	}
	var who []string
	for _, e := range log {
		if e.Kind == pipeline.EventConversation {
			for _, a := range e.Actors {
				who = append(who, string(a))
			}
		}
	}
	d.say("credit case %s: conversation of %s", credit.ID, strings.Join(who, ", "))
	d.checks.Add("credit of Irkutsk and the head are in the conversation", slices.Equal(who, []string{"bair", "bella", "nina"}), "%s", strings.Join(who, ", "))

	if _, err := d.do(ctx, id, oleg, "", fields{"passport": "yes", "paid": "yes"}); err != nil {
		return err
	}
	_, refusal = d.do(ctx, id, oleg, "win", nil)
	if !errors.Is(refusal, pipeline.ErrRefused) {
		return fmt.Errorf("the seller wins himself: %v", refusal)
	}
	won, err := d.do(ctx, id, head, "win", nil)
	if err != nil {
		return err
	}
	d.checks.Add("only the head wins", won.Stage == "won", "%s is at %s", id, won.Stage)
	return d.draw(won)
}

func (d *dealer) draw(c pipeline.Case) error {
	var b strings.Builder
	if err := d.Engine().WriteMermaid(&b, "auto_sales", &c, d.lang); err != nil {
		return err
	}
	d.say("\n```mermaid\n%s```", b.String())
	return nil
}

func text(err error, lang string) string {
	var no *pipeline.RefusedError
	if errors.As(err, &no) {
		return no.Text(lang)
	}
	return fmt.Sprint(err)
}

// night: a lead comes 15 seconds before the office closes on the eve of a holiday.
func (d *dealer) night(ctx context.Context) error {
	d.say("\n# A clock over night and holiday")
	d.clock.Set(day(11, 17*time.Hour-15*time.Second))
	res, err := d.Open(ctx, pipeline.Open{ID: d.id(), Form: "auto", Cards: []pipeline.CardID{"late"}, By: gate})
	if err != nil {
		return err
	}
	next := res.Case.Next(d.clock.Now())
	d.say("asked %s, due %s", d.clock.Now().In(irkutsk).Format("Mon 2 15:04:05"), next.Due.In(irkutsk).Format("Mon 2 15:04:05"))
	// By hand: the 12th is Russia Day, then a weekend; the eve ends at 17.
	d.checks.Add("30 s run over the eve, the holiday and the weekend", next.Due.Equal(day(15, 9*time.Hour+15*time.Second)), "%s by %s", next.Due.In(irkutsk).Format(time.DateTime), next.Timer)

	d.clock.Set(day(14, 12*time.Hour))
	early, err := d.Tick(ctx, d.store, 100)
	if err != nil {
		return err
	}
	d.clock.Set(day(15, 9*time.Hour+5*time.Minute))
	if _, err := d.Tick(ctx, d.store, 100); err != nil {
		return err
	}
	log, err := d.store.History(ctx, res.Case.ID, 0, 100)
	if err != nil {
		return err
	}
	breached := 0
	for _, e := range log {
		if e.Kind == pipeline.EventBreached && e.Name == "answer" && e.At.Equal(next.Due) {
			breached++
		}
	}
	d.checks.Add("and are breached once, on Monday", breached == 1, "%d, and %d cases changed on Sunday", breached, early)
	return nil
}

// rotation: leads of ten days, with a vacation in the middle.
func (d *dealer) rotation(ctx context.Context) error {
	d.say("\n# A vacation in the rotation")
	got := map[pipeline.ActorID][3]int{} // before, during, after
	for i, start := range []time.Time{day(15, -14*time.Hour), day(16, 10*time.Hour), day(22, 10*time.Hour)} {
		d.clock.Set(start)
		for n := range 12 {
			d.clock.Advance(time.Minute)
			res, err := d.Open(ctx, pipeline.Open{ID: d.id(), Form: "auto", Cards: []pipeline.CardID{pipeline.CardID(fmt.Sprintf("lead-%d-%d", i, n))}, By: gate})
			if err != nil {
				return err
			}
			if len(res.To) == 1 {
				who := got[res.To[0]]
				who[i]++
				got[res.To[0]] = who
			}
		}
	}
	for _, m := range people[ready.PoolAuto] {
		d.say("%s: %d before, %d during, %d after", m.ID, got[m.ID][0], got[m.ID][1], got[m.ID][2])
	}
	l, o, r := got["lena"], got["oleg"], got["rita"]
	d.checks.Add("turns are even while all are there", spread(l[0], o[0], r[0]) <= 1, "%d, %d, %d", l[0], o[0], r[0])
	d.checks.Add("nobody on vacation gets a lead", l[1] == 0 && o[1] == 6 && r[1] == 6, "%d, %d, %d", l[1], o[1], r[1])
	d.checks.Add("who comes back is not made to catch up", spread(l[2], o[2], r[2]) <= 1, "%d, %d, %d", l[2], o[2], r[2])
	return nil
}

func spread(n ...int) int { return slices.Max(n) - slices.Min(n) }

// audit: the histories say what the cases say.
func (d *dealer) audit(ctx context.Context) error {
	cases, same := 0, 0
	var all []pipeline.Event
	for after := pipeline.CaseID(""); ; {
		page, err := d.store.Find(ctx, pipeline.Filter{}, after, 20)
		if err != nil {
			return err
		}
		for _, r := range page {
			log, err := d.store.History(ctx, r.ID, 0, 1000)
			if err != nil {
				return err
			}
			folded, err := d.Engine().Replay(log)
			if err != nil {
				return err
			}
			cases++
			if folded.Stage == r.Stage && folded.Owner == r.Owner && folded.Rev == r.Rev && folded.Wake.Equal(r.Wake) {
				same++
			}
			all = append(all, log...)
			after = r.ID
		}
		if len(page) == 0 {
			break
		}
	}
	d.checks.Add("every history folds to its case", cases == same && cases > 40, "%d of %d", same, cases)
	won := 0
	for _, f := range pipeline.Facts(all, nil) {
		if f.Kind == pipeline.FactOutcome && f.Name == pipeline.Won {
			won++
		}
	}
	d.checks.Add("the facts know one win", won == 1, "%d", won)
	return nil
}
