package dedup_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenure-go/tenure/dedup"
)

func Example() {
	ctx := context.Background()
	desk, err := dedup.New(dedup.Config{Store: dedup.NewMemory()})
	if err != nil {
		panic(err)
	}
	_, err = desk.Ingest(ctx, dedup.Touch{ID: "avito-991", Name: "Анна", Phone: "8 916 123-45-67", Source: dedup.Source{Channel: "avito"}})
	if err != nil {
		panic(err)
	}
	res, err := desk.Ingest(ctx, dedup.Touch{ID: "wa-17", Phone: "+79161234567"})
	if err != nil {
		panic(err)
	}
	card, err := desk.Card(ctx, res.Card)
	fmt.Println(len(card.Timeline), card.Timeline[0].Source.Channel, err)
	// Output: 2 avito <nil>
}

// newDesk is a desk whose clock stands at noon, with two persons who share a phone.
func newDesk() (context.Context, *dedup.Desk, *dedup.Memory) {
	ctx := context.Background()
	noon := time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)
	store := dedup.NewMemory()
	desk, err := dedup.New(dedup.Config{Store: store, Now: func() time.Time { return noon }, Claims: dedup.ClaimPolicy{OwnBlock: 14 * 24 * time.Hour}})
	if err != nil {
		panic(err)
	}
	for _, t := range []dedup.Touch{
		{ID: "site-1", Name: "Ольга", Phone: "8 495 123-45-60", Received: noon.AddDate(0, -2, 0)},
		{ID: "site-2", Name: "Пётр", Phone: "8 495 123-45-60", Received: noon.AddDate(0, -1, 0)},
	} {
		if _, err := desk.Ingest(ctx, t); err != nil {
			panic(err)
		}
	}
	return ctx, desk, store
}

func ExampleNew() {
	_, err := dedup.New(dedup.Config{MaxNames: -1, Store: dedup.NewMemory()})
	fmt.Println(err)
	// Output: dedup: MaxNames: must not be negative: "-1"
}

func ExampleDesk_Ingest() {
	ctx, desk, _ := newDesk()
	res, err := desk.Ingest(ctx, dedup.Touch{ID: "call-1", Kind: dedup.TouchCall, Phone: "+7 495 1234560"})
	fmt.Println(res.Card, res.Ambiguous, res.Previous, err)
	res, err = desk.Ingest(ctx, dedup.Touch{ID: "site-3", Phone: "8 9I6 123"})
	fmt.Println(res.Card, res.Reasons[0].Text("en"), err)
	// Output:
	// site-2 true site-2 <nil>
	// site-3 Phone: nothing can be read from it: "8 9I6 123" <nil>
}

func ExampleDesk_Import() {
	ctx, desk, _ := newDesk()
	rows := func(yield func(dedup.Touch, error) bool) {
		_ = yield(dedup.Touch{ID: "base-1", Name: "Илья", Phone: "8 903 111-00-01"}, nil) &&
			yield(dedup.Touch{ID: "base-2", Name: "Илюша", Phone: "+79031110001"}, nil) &&
			yield(dedup.Touch{}, &dedup.RowError{Line: 3, Field: "phone", Value: "", Why: "the column is missing"})
	}
	report, err := desk.Import(ctx, rows, dedup.ImportOptions{DryRun: true})
	fmt.Println(report.Created, report.Duplicates, report.Bad[0], err)
	// Output: 1 1 line 3: phone "": the column is missing <nil>
}

func ExampleDesk_Decide() {
	ctx, desk, _ := newDesk()
	_, err := desk.Decide(ctx, dedup.Decide{ID: "d1", Ruling: dedup.RulingSame, A: []dedup.TouchID{"site-1", "site-2"}, By: "manager", Why: "one voice"})
	card, _ := desk.Card(ctx, "site-2")
	fmt.Println(card.ID, card.Aliases, err)
	_, err = desk.Decide(ctx, dedup.Decide{ID: "d2", Ruling: dedup.RulingWithdraw, Undo: "d1", By: "manager"})
	card, _ = desk.Card(ctx, "site-2")
	fmt.Println(card.ID, card.Aliases, err)
	// Output:
	// site-1 [site-2] <nil>
	// site-2 [] <nil>
}

func ExampleDesk_Lookup() {
	ctx, desk, _ := newDesk()
	matches, err := desk.Lookup(ctx, dedup.Identifier{Kind: dedup.KindPhone, Raw: "84951234560"})
	for _, m := range matches {
		fmt.Println(m.Card, m.Class, m.Current)
	}
	fmt.Println(err)
	// Output:
	// site-2 contested true
	// site-1 contested false
	// <nil>
}

func ExampleDesk_Explain() {
	ctx, desk, _ := newDesk()
	x, err := desk.Explain(ctx, "site-1", "site-2")
	fmt.Println(x.Together, x.Steps[0].Text("en"), err)
	// Output: false site-1 – site-2: the given names exclude one another, in spite of tel:+74951234560 (olga, petr) <nil>
}

func ExampleDesk_Card() {
	ctx, desk, _ := newDesk()
	card, err := desk.Card(ctx, "site-1")
	fmt.Println(card.Record["name"].Value, card.Keys[0].Key, card.Keys[0].To.Format(time.DateOnly), err)
	// Output: Ольга tel:+74951234560 2026-02-10 <nil>
}

func ExampleDesk_Erase() {
	ctx, desk, _ := newDesk()
	done, err := desk.Erase(ctx, dedup.Erase{ID: "e1", Card: "site-1", By: "lawyer"})
	card, _ := desk.Card(ctx, "site-1")
	fmt.Println(done.Touches, len(card.Timeline), card.Timeline[0].Name == "", err)
	// Output: 1 1 true <nil>
}

func ExampleDesk_Probe() {
	ctx, desk, _ := newDesk()
	ask := dedup.Probe{Partner: "miel", Scope: "north-park", Identifiers: []dedup.Identifier{{Kind: dedup.KindPhone, Raw: "8 921 555-01-02"}}}
	verdict, _ := desk.Probe(ctx, ask)
	fmt.Println(verdict.Answer)
	_, err := desk.Ingest(ctx, dedup.Touch{ID: "etagi-1", Phone: "89215550102", Source: dedup.Source{Partner: "etagi", Scope: "north-park"}})
	verdict, _ = desk.Probe(ctx, ask)
	fmt.Println(verdict.Answer, verdict.To.Format(time.DateOnly), err)
	// Output:
	// free
	// taken 2026-04-09 <nil>
}

func ExampleDesk_Filings() {
	ctx, desk, store := newDesk()
	_, err := desk.Ingest(ctx, dedup.Touch{ID: "etagi-1", Phone: "89215550102", Source: dedup.Source{Partner: "etagi"}})
	if err != nil {
		panic(err)
	}
	claims, _, err := desk.Filings(ctx, store, dedup.Filter{Partner: "etagi"}, "", 20)
	fmt.Println(claims[0].Touch, claims[0].State, err)
	// Output: etagi-1 held <nil>
}

func ExampleDesk_In() {
	ctx, desk, _ := newDesk()
	inTransaction := desk.In(dedup.NewMemory()) // pgdedup.In(tx), litededup.In(tx)
	res, err := inTransaction.Ingest(ctx, dedup.Touch{ID: "site-9", Phone: "8 916 123-45-67"})
	_, unknown := desk.Card(ctx, res.Card)
	fmt.Println(res.Created, err, errors.Is(unknown, dedup.ErrUnknown))
	// Output: true <nil> true
}

func ExamplePartition() {
	groups, err := dedup.Partition([]dedup.Touch{
		{ID: "1", Name: "Саша", Phone: "8 916 123-45-67"},
		{ID: "2", Name: "Александр", Phone: "+7 (916) 123-45-67"},
		{ID: "3", Name: "Анна", Phone: "9161234567"},
	}, nil, dedup.Config{})
	fmt.Println(groups, err)
	// Output: [[1 2] [3]] <nil>
}

func ExampleNewReader() {
	r, err := dedup.NewReader(dedup.ReaderConfig{})
	if err != nil {
		panic(err)
	}
	for _, p := range r.Phones(nil, "8 (916) 123-45-67, доб. 12 или +375 29 123-45-67") {
		fmt.Println(p.Key(), p.Grade)
	}
	fmt.Println(r.Emails(nil, "Анна <Anna.K+dom@googlemail.com>")[0].Key())
	fmt.Println(r.Name("Котова Анечка Сергеевна"))
	// Output:
	// tel:+79161234567;ext=12 usable
	// tel:+375291234567 usable
	// mailto:annak@gmail.com
	// ana kotova
}
