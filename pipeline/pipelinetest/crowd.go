package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tenure-go/tenure/pipeline"
)

// Crowd runs f for 0 to n−1 by 16 workers and returns their errors.
func Crowd(n int, f func(i int) error) error {
	work := make(chan int)
	errs := make(chan error, 16)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			var failed error
			for i := range work {
				if failed == nil {
					failed = f(i)
				}
			}
			errs <- failed
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// LeadsOf makes a lead of each row of olist_leads.csv, but for its heading: a card of its own, for
// one pool.
func LeadsOf(rows [][]string) (leads []pipeline.Open) {
	for _, row := range rows[min(1, len(rows)):] {
		leads = append(leads, pipeline.Open{ID: pipeline.CommandID(row[0]), Pipeline: "p", Pool: "sellers", Cards: []pipeline.CardID{pipeline.CardID(row[0])},
			Form: row[2], Channel: row[3], By: gateway})
	}
	return leads
}

// Leads sends each lead twice, shuffled, by 16 workers, to a desk over the store, and checks that
// each opened one case, that no repeat did anything, and that the five members of the pool, who are
// eligible alike, got as many as one another, or one more.
func Leads(ctx context.Context, s Store, leads []pipeline.Open, seed uint64) error {
	desk, err := newDesk(s, at(start))
	if err != nil {
		return err
	}
	order := rand.New(rand.NewPCG(seed, 0)).Perm(2 * len(leads))
	opened := make([]pipeline.CaseID, 2*len(leads))
	err = Crowd(len(order), func(i int) error {
		o := leads[order[i]%len(leads)]
		res, err := desk.Open(ctx, o)
		if err != nil {
			return fmt.Errorf("lead %s: %w", o.ID, err)
		}
		opened[order[i]] = res.Case.ID
		return nil
	})
	if err != nil {
		return err
	}
	cases := make(map[pipeline.CaseID]bool)
	turns := make(map[pipeline.ActorID]int)
	for i := range leads {
		id := opened[i]
		if opened[len(leads)+i] != id {
			return fmt.Errorf("lead %s: its two sendings made %s and %s", leads[i].ID, id, opened[len(leads)+i])
		}
		cases[id] = true
		a, err := loadCase(ctx, s, id)
		if err != nil {
			return err
		}
		turns[a.Case.Owner]++
	}
	if len(cases) != len(leads) {
		return fmt.Errorf("%d leads made %d cases", len(leads), len(cases))
	}
	for _, m := range members {
		if n := turns[m.ID]; n < len(leads)/len(members) || n > len(leads)/len(members)+1 {
			return fmt.Errorf("%s got %d of %d leads shared by %d", m.ID, n, len(leads), len(members))
		}
	}
	return nil
}

// Reservations makes n reservations of an outside system with so many revisions each, sends every revision
// twice, all shuffled, by 16 workers, and checks that each field is that of the newest revision
// that has it.
func Reservations(ctx context.Context, s Store, n, revisions int, seed uint64) error {
	desk, err := newDesk(s, at(start.Add(time.Hour)))
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	prefix := mint("res")
	var all []pipeline.Open
	want := make([]map[pipeline.FieldID]string, n)
	cards := make([]pipeline.CardID, n)
	for i := range n {
		want[i] = make(map[pipeline.FieldID]string)
		for rev := 1; rev <= revisions; rev++ {
			o := pipeline.Open{
				ID: pipeline.CommandID(fmt.Sprintf("%s-%d-%d", prefix, i, rev)), Case: pipeline.CaseID(fmt.Sprintf("%s-%d", prefix, i)), Pipeline: "p",
				SourceRev: int64(rev), By: gateway, Set: make(map[pipeline.FieldID]string),
			}
			for _, f := range []pipeline.FieldID{"a", "b", "c"} {
				if rng.IntN(2) == 0 {
					o.Set[f] = fmt.Sprint(rng.IntN(3))
					if rng.IntN(5) == 0 {
						o.Set[f] = ""
					}
					want[i][f] = o.Set[f]
				}
			}
			if rng.IntN(3) == 0 {
				cards[i] = pipeline.CardID(fmt.Sprintf("%s-%d-%d", prefix, i, rng.IntN(2)))
				o.Cards = []pipeline.CardID{cards[i]}
			}
			all = append(all, o, o)
		}
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if err := Crowd(len(all), func(i int) error {
		_, err := desk.Open(ctx, all[i])
		return err
	}); err != nil {
		return err
	}
	for i := range n {
		a, err := loadCase(ctx, s, pipeline.CaseID(fmt.Sprintf("%s-%d", prefix, i)))
		if err != nil {
			return err
		}
		for f, v := range want[i] {
			if got := a.Case.Values[f].Text; got != v {
				return fmt.Errorf("reservation %d: field %s is %q, its newest revision says %q", i, f, got, v)
			}
		}
		if cards[i] != "" && (len(a.Case.Cards) != 1 || a.Case.Cards[0] != cards[i]) {
			return fmt.Errorf("reservation %d: cards %v, its newest revision says %s", i, a.Case.Cards, cards[i])
		}
	}
	return nil
}
