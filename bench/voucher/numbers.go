package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgvoucher"
	"github.com/tenure-go/tenure/voucher"
)

const (
	workers   = 32
	each      = 60 // transactions of a worker in a round
	otherWork = 2 * time.Millisecond
)

var errBack = errors.New("rolled back")

// handSchema is what a developer writes by hand: a counter, vouchers with an index or two.
const handSchema = `
create table hand_counter (trip date primary key, last bigint not null);
create table hand_voucher (trip date not null, seq bigint not null, reservation text not null, manager text not null, state text not null, doc text not null,
  primary key (trip, seq));
create unique index on hand_voucher (reservation) where state = 'issued';
create table max_voucher (trip date not null, seq bigint not null, reservation text not null, doc text not null, unique (trip, seq));`

// A way issues one voucher in a transaction of its own. It does the other work where it belongs.
type way struct {
	name  string
	issue func(ctx context.Context, reservation string, trip date.Date, back bool) error
}

func take(ctx context.Context, tx pgx.Tx, trip date.Date) (seq int64, err error) {
	err = tx.QueryRow(ctx, `insert into hand_counter as c (trip, last) values ($1, 1)
		on conflict (trip) do update set last = c.last + 1 returning last`, trip.MidnightUTC()).Scan(&seq)
	return seq, err
}

func keep(ctx context.Context, tx pgx.Tx, item voucher.Item, seq int64) error {
	doc, err := json.Marshal(item)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into hand_voucher (trip, seq, reservation, manager, state, doc) values ($1, $2, $3, $4, 'issued', $5)`,
		item.TripStart.MidnightUTC(), seq, string(item.Reservation), string(item.Manager), string(doc))
	return err
}

func numbers(ctx context.Context, b *bars, rounds int, _ uint64) error {
	url, drop, err := pgtest.Open()
	if err != nil {
		return err
	}
	defer drop()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return err
	}
	config.MaxConns = workers
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := postgres.Apply(ctx, pool, "voucher"); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, handSchema); err != nil {
		return err
	}
	s, err := pgvoucher.New(ctx, pool)
	if err != nil {
		return err
	}
	desk, err := voucher.New(voucher.Config{Store: s, Now: func() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }})
	if err != nil {
		return err
	}
	item := func(reservation string, trip date.Date) voucher.Item {
		return voucher.Item{Reservation: voucher.ReservationID(reservation), TripStart: trip, TripEnd: trip + 7, Manager: "m-1",
			Values: voucher.Values{"tour": voucher.Text("Алтай"), "tourists": voucher.Int(2)}}
	}
	finish := func(back bool) error {
		if back {
			return errBack
		}
		return nil
	}
	ways := []way{
		{"tenure", func(ctx context.Context, reservation string, trip date.Date, back bool) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
				time.Sleep(otherWork)
				if _, err := desk.In(pgvoucher.In(tx)).Issue(ctx, voucher.Issue{ID: "v", Items: []voucher.Item{item(reservation, trip)}, By: "m-1"}); err != nil {
					return err
				}
				return finish(back)
			})
		}},
		{"counter last", func(ctx context.Context, reservation string, trip date.Date, back bool) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
				time.Sleep(otherWork)
				seq, err := take(ctx, tx, trip)
				if err != nil {
					return err
				}
				if err := keep(ctx, tx, item(reservation, trip), seq); err != nil {
					return err
				}
				return finish(back)
			})
		}},
		{"counter first", func(ctx context.Context, reservation string, trip date.Date, back bool) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
				seq, err := take(ctx, tx, trip)
				if err != nil {
					return err
				}
				time.Sleep(otherWork)
				if err := keep(ctx, tx, item(reservation, trip), seq); err != nil {
					return err
				}
				return finish(back)
			})
		}},
	}
	rates := map[string][]float64{}
	var toLast, toFirst []float64
	failures := int64(0)
	for round := range rounds + 1 {
		rate := map[string]float64{}
		for i := range ways {
			w := ways[(round+i)%len(ways)]
			r, failed := run(ctx, w, round)
			failures += failed
			rate[w.name] = r
		}
		if round == 0 {
			continue // warms up
		}
		for name, r := range rate {
			rates[name] = append(rates[name], r)
		}
		toLast = append(toLast, rate["tenure"]/rate["counter last"])
		toFirst = append(toFirst, rate["tenure"]/rate["counter first"])
	}
	for _, w := range ways {
		fmt.Printf("  %-14s %6.0f tx/s (median of %d rounds of %d transactions)\n", w.name, median(rates[w.name]), rounds, workers*each)
	}
	b.least("vouchers in transactions: rate to counter last", median(toLast), 0.5)
	b.least("vouchers in transactions: rate to counter first", median(toFirst), 1.2)
	doubles, gaps, err := count(ctx, s)
	if err != nil {
		return err
	}
	b.most("doubles", float64(doubles), 0)
	b.most("gaps", float64(gaps), 0)
	b.most("failures", float64(failures), 0)

	collided, err := maxPlusOne(ctx, pool, item)
	if err != nil {
		return err
	}
	fmt.Printf("  MAX+1 with UNIQUE: %d of %d transactions failed with a number that another had taken\n", collided, workers*each)
	return batch(ctx, b, pool, desk, item, rounds)
}

// run lets all workers issue for three dates, two of them new in this round, a tenth rolled back.
func run(ctx context.Context, w way, round int) (rate float64, failed int64) {
	first := date.New(2027, 2, 1)
	days := []date.Date{first, first + date.Date(2*round+1), first + date.Date(2*round+2)}
	var wg sync.WaitGroup
	var failures atomic.Int64
	start := time.Now()
	for worker := range workers {
		wg.Go(func() {
			for i := range each {
				n := worker*each + i
				err := w.issue(ctx, fmt.Sprintf("%s-%d-%d", w.name, round, n), days[n%3], n%10 == 9)
				if err != nil && !errors.Is(err, errBack) {
					failures.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return workers * each / time.Since(start).Seconds(), failures.Load()
}

// count looks for doubles and gaps in what is stored.
func count(ctx context.Context, s voucher.Finder) (doubles, gaps int, err error) {
	seen := map[string]bool{}
	last, rows := map[date.Date]int64{}, map[date.Date]int64{}
	for v, err := range voucher.All(ctx, s, voucher.Filter{}) {
		if err != nil {
			return 0, 0, err
		}
		if seen[v.Text] {
			doubles++
		}
		seen[v.Text] = true
		trip := v.Item.TripStart
		last[trip] = max(last[trip], v.Number.Seq())
		rows[trip]++
	}
	for trip, n := range last {
		gaps += int(n - rows[trip])
	}
	return doubles, gaps, nil
}

func maxPlusOne(ctx context.Context, pool *pgxpool.Pool, item func(string, date.Date) voucher.Item) (int64, error) {
	var collided, other atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := range each {
				doc, _ := json.Marshal(item("R", date.New(2027, 6, 8)))
				err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
					var seq int64
					trip := date.New(2027, 6, 8+i%3).MidnightUTC()
					if err := tx.QueryRow(ctx, `select coalesce(max(seq), 0) + 1 from max_voucher where trip = $1`, trip).Scan(&seq); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, `insert into max_voucher values ($1, $2, $3, $4)`, trip, seq, fmt.Sprint(worker, "-", i), string(doc))
					return err
				})
				var pg *pgconn.PgError
				switch {
				case errors.As(err, &pg) && pg.Code == "23505":
					collided.Add(1)
				case err != nil:
					other.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if other.Load() > 0 {
		return 0, fmt.Errorf("MAX+1: %d other failures", other.Load())
	}
	return collided.Load(), nil
}

// batch issues 1,000 in one command and 1,000 one by one, each transaction with its other work as
// above; the bare statements, without it, are shown beside.
func batch(ctx context.Context, b *bars, pool *pgxpool.Pool, desk *voucher.Desk, item func(string, date.Date) voucher.Item, rounds int) error {
	const n = 1000
	measure := func(name string, work time.Duration) (float64, error) {
		var ratios []float64
		for round := range rounds {
			trip := date.New(2028, 1, 1) + date.Date(round)
			issue := func(way string, from, to int) error {
				cmd := voucher.Issue{ID: "v"}
				for i := from; i < to; i++ {
					cmd.Items = append(cmd.Items, item(fmt.Sprintf("%s-%s-%d-%d", name, way, round, i), trip))
				}
				return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
					time.Sleep(work)
					_, err := desk.In(pgvoucher.In(tx)).Issue(ctx, cmd)
					return err
				})
			}
			start := time.Now()
			if err := issue("batch", 0, n); err != nil {
				return 0, err
			}
			whole := time.Since(start)
			start = time.Now()
			for i := range n {
				if err := issue("single", i, i+1); err != nil {
					return 0, err
				}
			}
			ratios = append(ratios, whole.Seconds()/time.Since(start).Seconds())
		}
		return median(ratios), nil
	}
	ratio, err := measure("working", otherWork)
	if err != nil {
		return err
	}
	b.most("a batch of 1,000: time to 1,000 single issues", ratio, 0.1)
	bare, err := measure("bare", 0)
	if err != nil {
		return err
	}
	fmt.Printf("  the same without the other work of each transaction: %.3f\n", bare)
	return nil
}
