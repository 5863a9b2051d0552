package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgpipeline"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litepipeline"
)

// How many reservations the partner has, with how many revisions each.
const (
	reservationCount = 300
	revisionCount    = 5
)

// reservations: a partner's system sends every revision of its reservations three times, in no
// order, from eight connections; our operator adds what only he knows.
func reservations(ctx context.Context, o options) error {
	fmt.Fprintln(o.out, "# Reservations of a partner")
	store, closing, err := reservationStore(ctx, o)
	if err != nil {
		return err
	}
	defer closing()
	clock := show.NewClock(time.Date(2026, time.June, 1, 2, 0, 0, 0, time.UTC))
	desk, err := pipeline.New(pipeline.Config{Store: store, Rules: ready.Rules(), Now: clock.Now})
	if err != nil {
		return err
	}
	sent, newest := partner(o.seed)
	if err := deliver(ctx, desk, sent); err != nil {
		return err
	}
	operator := pipeline.Actor{ID: "olga", Roles: []pipeline.Role{"operator"}}
	first := newest[0].Case
	if _, err := desk.Do(ctx, pipeline.Command{ID: "pickup", Case: first, Set: map[pipeline.FieldID]string{"pickup": "Angara hotel", "note": "call before"}, By: operator}); err != nil {
		return err
	}
	// The partner does not know our pick-up, and would overwrite it.
	late := newest[0]
	late.ID, late.SourceRev = "late", revisionCount+1
	late.Set = map[pipeline.FieldID]string{"pickup": "railway station", "seats": "9"}
	res, err := desk.Open(ctx, late)
	if err != nil {
		return err
	}
	kept := ""
	for _, ch := range res.Changes {
		fmt.Fprintf(o.out, "%s: %s: %q -> %q, kept: %q\n", first, ch.Field, ch.From, ch.To, ch.Kept)
		if ch.Field == "pickup" {
			kept = ch.Kept
		}
	}
	o.checks.Add("our own field is kept, and reported", kept == pipeline.KeptRole && res.Case.Values["pickup"].Text == "Angara hotel" && res.Case.Values["seats"].Text == "9", "%s", kept)
	newest[0].Set["seats"] = "9"
	return compare(ctx, store, newest, o)
}

// partner makes the reservations, and what each comes to by its own account.
func partner(seed uint64) (sent, newest []pipeline.Open) {
	rng := rand.New(rand.NewPCG(seed, 0))
	gate := pipeline.Actor{ID: "partner", Roles: []pipeline.Role{pipeline.RoleIntake}}
	for i := range reservationCount {
		last := pipeline.Open{Case: pipeline.CaseID(fmt.Sprintf("TRIP-%04d", i)), Pipeline: "tours", By: gate, Set: map[pipeline.FieldID]string{}}
		for rev := range revisionCount {
			o := last
			o.ID, o.SourceRev = pipeline.CommandID(fmt.Sprintf("TRIP-%04d-%d", i, rev+1)), int64(rev+1)
			o.Set = map[pipeline.FieldID]string{
				"status": []string{"new", "new", "confirmed", "paid", "paid"}[rev],
				"seats":  fmt.Sprint(1 + rng.IntN(6)),
			}
			if rev == 0 || rng.IntN(3) == 0 {
				o.Set["tour"] = []string{"Olkhon", "Circum-Baikal", "Listvyanka"}[rng.IntN(3)]
				o.Set["date"] = time.Date(2026, time.July, 1+rng.IntN(31), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			}
			if rng.IntN(2) == 0 {
				o.Cards = []pipeline.CardID{pipeline.CardID(fmt.Sprintf("guest-%d", rng.IntN(200))), "partner-baikal"}
				last.Cards = o.Cards
			} else {
				o.Cards = nil
			}
			for f, v := range o.Set {
				last.Set[f] = v
			}
			sent = append(sent, o, o, o)
		}
		newest = append(newest, last)
	}
	rng.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
	return sent, newest
}

func deliver(ctx context.Context, desk *pipeline.Desk, sent []pipeline.Open) error {
	queue := make(chan pipeline.Open)
	failed := make(chan error, 8)
	var wg sync.WaitGroup
	for range cap(failed) {
		wg.Go(func() {
			var first error
			for o := range queue {
				if _, err := desk.Open(ctx, o); err != nil && first == nil {
					first = err
				}
			}
			failed <- first
		})
	}
	for _, o := range sent {
		queue <- o
	}
	close(queue)
	wg.Wait()
	for range cap(failed) {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

// compare sets what is kept against the partner's own account.
func compare(ctx context.Context, store tourStore, newest []pipeline.Open, o options) error {
	kept := map[pipeline.CaseID]pipeline.Record{}
	for after := pipeline.CaseID(""); ; {
		page, err := store.Find(ctx, pipeline.Filter{Pipeline: "tours"}, after, 100)
		if err != nil {
			return err
		}
		for _, r := range page {
			kept[r.ID], after = r, r.ID
		}
		if len(page) == 0 {
			break
		}
	}
	o.checks.Add("each reservation is one case", len(kept) == len(newest), "%d of %d sent %d times over", len(kept), len(newest), 3*revisionCount)
	fields, wrong, linked, links := 0, 0, 0, 0
	for _, want := range newest {
		got := kept[want.Case]
		for f, v := range want.Set {
			fields++
			if got.Values[f].Text != v {
				wrong++
			}
		}
		if len(want.Cards) > 0 {
			links++
			if len(got.Cards) == 2 && got.Cards[0] == want.Cards[0] {
				linked++
			}
		}
	}
	o.checks.Add("each field is that of its newest revision", wrong == 0, "%d of %d fields differ", wrong, fields)
	o.checks.Add("guest and partner are linked as last told", linked == links, "%d of %d", linked, links)
	view, err := store.Find(ctx, pipeline.Filter{Cards: []pipeline.CardID{"partner-baikal"}}, "", reservationCount)
	if err != nil {
		return err
	}
	o.checks.Add("the partner sees his reservations", len(view) == links, "%d of %d", len(view), links)
	events := 0
	for _, r := range view {
		log, err := store.History(ctx, r.ID, 0, 1000)
		if err != nil {
			return err
		}
		opened := 0
		for _, e := range log {
			if e.Kind == pipeline.EventOpened {
				opened++
			}
		}
		if opened == 1 {
			events++
		}
	}
	o.checks.Add("each was opened once", events == len(view), "%d of %d", events, len(view))
	return nil
}

// A tourStore is where the reservations are kept.
type tourStore interface {
	pipeline.Store
	pipeline.Find
	pipeline.History
}

func reservationStore(ctx context.Context, o options) (tourStore, func(), error) {
	switch {
	case o.postgres != "":
		pool, err := pgxpool.New(ctx, o.postgres)
		if err != nil {
			return nil, nil, err
		}
		if err := postgres.Apply(ctx, pool, "pipeline"); err != nil {
			pool.Close()
			return nil, nil, err
		}
		s, err := pgpipeline.New(ctx, pool)
		return s, pool.Close, err
	case o.db != "":
		db, err := sqlite.Open(ctx, o.db)
		if err != nil {
			return nil, nil, err
		}
		if err := sqlite.Apply(ctx, db, "pipeline"); err != nil {
			_ = db.Close()
			return nil, nil, err
		}
		s, err := litepipeline.New(ctx, db)
		return s, func() { _ = db.Close() }, err
	}
	return pipeline.NewMemory(), func() {}, nil
}
