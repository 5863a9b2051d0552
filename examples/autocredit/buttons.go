package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
)

// offered brings a lead to an offer: Oleg sells, Nina gave it to him.
func (d *dealer) offered(ctx context.Context, s *show.Story, id string, l lead) (pipeline.Case, error) {
	res, _, err := d.take(ctx, s, id, l)
	if err != nil {
		return pipeline.Case{}, err
	}
	deal := res.Case
	for i, step := range []struct {
		by     pipeline.Actor
		action pipeline.Action
		set    fields
	}{
		{nina, "", fields{pipeline.FieldOwner: "Oleg"}},
		{oleg, "accept", nil},
		{oleg, "offer", fields{"car": "Lada Vesta"}},
	} {
		if deal, err = d.do(ctx, fmt.Sprintf("%s|%d", id, i), deal.ID, step.by, step.action, step.set); err != nil {
			return pipeline.Case{}, err
		}
	}
	return deal, nil
}

// buttons: what Oleg may do with a deal, why not the rest, and the way from there to a sale.
func (d *dealer) buttons(ctx context.Context, s *show.Story) error {
	s.Clock.Set(irkutsk(10, 11, 0))
	deal, err := d.offered(ctx, s, fmt.Sprintf("r%d-alisa", s.Run), lead{name: "Alisa & Co?", phone: "+7 914 001-50-01", form: "auto"})
	if err != nil {
		return err
	}
	d.sales = append(d.sales, deal.ID)
	s.Say("Alisa's deal is at an offer. Oleg, who sells, sees:", "Сделка Алисы на стадии предложения. Продавец Олег видит:")
	for _, button := range deal.Explain(nil, oleg) {
		title := d.titles[deal.Pipeline][button.Action][s.Lang]
		if button.OK {
			s.Say("  [%s]", "  [%s]", title)
			continue
		}
		s.Say("   %s — %s", "   %s — %s", title, show.Reasons(words, s.Lang, button.Reasons()))
	}

	link, err := url.Parse(deal.Link("debts"))
	if err != nil {
		return err
	}
	s.Say("Debts, with the bailiffs: %s", "Долги у приставов: %s", link)
	q := link.Query()
	s.Add("the link to the bailiffs carries the name and the city, and adds nothing", "ссылка к приставам несёт имя и город, и ничего сверх", link.Host == "fssp.gov.ru" && len(q) == 2 && q.Get("is[last_name]") == "Alisa & Co?" && q.Get("is[region]") == "irkutsk",
		s.T("%d parameters on %s", "параметров %d, сайт %s"), len(q), link.Host)

	way, err := deal.Path("won", []pipeline.Actor{oleg, petr, nina})
	if err != nil {
		return err
	}
	s.Say("The shortest way to a sale:", "Кратчайший путь к продаже:")
	now, buttons, lies := deal, 0, 0
	for i, step := range way {
		n, wrong := tryAll(s, now)
		buttons, lies = buttons+n, lies+wrong
		if now, _, err = now.Apply(nil, pipeline.Command{Action: step.Action, Set: step.With, By: actors[step.By]}, s.Clock.Now()); err != nil {
			return fmt.Errorf("a step of the way: %w", err)
		}
		var todo []string
		for _, f := range step.Fill {
			todo = append(todo, words.In(s.Lang, string(f)))
		}
		if title := d.titles[deal.Pipeline][step.Action][s.Lang]; title != "" {
			todo = append(todo, "["+title+"]")
		}
		s.Say("  %d. %s: %s", "  %d. %s: %s", i+1, words.In(s.Lang, string(step.By)), strings.Join(todo, ", "))
	}
	s.Add("the way to a sale can be walked", "путь к продаже можно пройти", now.Stage == "won" && deal.Stage == "offer", s.T("%d steps", "шагов: %d"), len(way))
	s.Add("every button does what it shows, pressed for a trial", "каждая кнопка ведёт себя так, как выглядит", lies == 0 && buttons > 0, s.T("%d of %d do not", "не так %d из %d"), lies, buttons)
	return nil
}

// tryAll presses every button of everybody on a copy of the deal.
func tryAll(s *show.Story, deal pipeline.Case) (buttons, lies int) {
	for _, who := range actors {
		for _, b := range deal.Explain(nil, who) {
			buttons++
			if _, _, err := deal.Apply(nil, pipeline.Command{Action: b.Action, By: who}, s.Clock.Now()); (err == nil) != b.OK || b.OK != (len(b.Reasons()) == 0) {
				lies++
			}
		}
	}
	return buttons, lies
}
