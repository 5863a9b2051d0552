package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/store"
)

// rotation: leads in turn, with a vacation in the middle.
func (d *dealer) rotation(ctx context.Context, s *show.Story) error {
	got := map[pipeline.ActorID][3]int{} // before, during, after
	for i, start := range []time.Time{irkutsk(14, 10, 0), irkutsk(16, 10, 0), irkutsk(22, 10, 0)} {
		s.Clock.Set(start)
		for n := range 12 {
			s.Clock.Advance(time.Minute)
			res, _, err := d.take(ctx, s, fmt.Sprintf("r%d-turn-%d-%d", s.Run, i, n), lead{name: "Marat", phone: fmt.Sprintf("+7 914 0%02d-70-%02d", 10+i, n), form: "auto"})
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
		n := got[m.ID]
		s.Say("%s: %d leads before Lena's vacation, %d during, %d after.", "%s: заявок до отпуска Лены %d, во время %d, после %d.", words.In(s.Lang, string(m.ID)), n[0], n[1], n[2])
	}
	l, o, r := got["Lena"], got["Oleg"], got["Rita"]
	s.Add("turns are even while all are there", "пока все на месте, поровну", spread(l[0], o[0], r[0]) <= 1 && l[0]+o[0]+r[0] == 12, "%d, %d, %d", l[0], o[0], r[0])
	s.Add("nobody on vacation gets a lead", "кто в отпуске, тому заявок нет", l[1] == 0 && o[1] == 6 && r[1] == 6, "%d, %d, %d", l[1], o[1], r[1])
	s.Add("who comes back is not made to catch up", "кто вернулся, того не заставляют догонять", spread(l[2], o[2], r[2]) <= 1 && l[2]+o[2]+r[2] == 12, "%d, %d, %d", l[2], o[2], r[2])
	return d.audit(ctx, s)
}

func spread(n ...int) int { return slices.Max(n) - slices.Min(n) }

// audit: the histories say what the deals say.
func (d *dealer) audit(ctx context.Context, s *show.Story) error {
	same := 0
	var all []pipeline.Event
	for _, id := range d.cases {
		deal, err := s.Pipeline.Load(ctx, pipeline.Query{Keys: []store.Key{{Kind: pipeline.KeyCase, ID: string(id)}}})
		if err != nil {
			return err
		}
		history, err := s.Pipeline.History(ctx, id, 0, 10_000)
		if err != nil {
			return err
		}
		folded, err := d.deals.Engine().Replay(history)
		if err != nil {
			return err
		}
		kept := deal[0].Case
		if folded.Stage == kept.Stage && folded.Owner == kept.Owner && folded.Rev == kept.Rev && folded.Wake.Equal(kept.Wake) {
			same++
		}
		all = append(all, history...)
	}
	s.Add("every history folds to its deal", "каждая история складывается в свою сделку", same == len(d.cases) && same > 40, s.T("%d of %d", "%d из %d"), same, len(d.cases))
	won, lost := 0, 0
	for _, f := range pipeline.Facts(all, nil) {
		if f.Kind == pipeline.FactOutcome && f.Name == pipeline.Won {
			won++
		} else if f.Kind == pipeline.FactOutcome {
			lost++
		}
	}
	s.Add("the report knows one sale and one loss", "отчёт знает одну продажу и один отказ", won == 1 && lost == 1, "%d, %d", won, lost)
	return page(s, all)
}
