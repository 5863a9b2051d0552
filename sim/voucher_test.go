package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgvoucher"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litevoucher"
	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/vouchertest"
)

// A voucherOffice is a store and how its users run a transaction on it.
type voucherOffice struct {
	name  string
	store vouchertest.Store
	inTx  vouchertest.InTx
	undo  bool // a transaction that fails leaves nothing of what it wrote
}

// TestVoucher lets 32 people issue for three dates, two of them new, while a tenth of their
// transactions is rolled back, some processes die between load and commit or before they hear the
// answer of the commit, and the clock steps back and forth. Then it counts doubles and gaps from
// what is stored, and compares it with what each of them was told.
func TestVoucher(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for _, open := range []func(*testing.T) voucherOffice{memoryVouchers, sqliteVouchers, postgresVouchers} {
		office := open(t)
		t.Run(office.name, func(t *testing.T) { runVouchers(t, office, seed) })
	}
}

func memoryVouchers(*testing.T) voucherOffice {
	memory := voucher.NewMemory()
	var retry store.Retry
	return voucherOffice{"memory", memory, func(ctx context.Context, fn func(voucher.Store) error) error {
		return retry.Do(ctx, nil, func(context.Context) error { return fn(memory) })
	}, false}
}

func sqliteVouchers(t *testing.T) voucherOffice {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "vouchers.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, sqlite.Apply(t.Context(), db, "voucher"))
	s, err := litevoucher.New(t.Context(), db)
	require.NoError(t, err)
	return voucherOffice{"sqlite", s, func(ctx context.Context, fn func(voucher.Store) error) error {
		return sqlite.InTx(ctx, db, func(tx *sql.Tx) error { return fn(litevoucher.In(tx)) })
	}, true}
}

func postgresVouchers(t *testing.T) voucherOffice {
	config, err := pgxpool.ParseConfig(pgtest.URL(t))
	require.NoError(t, err)
	config.MaxConns = 32
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.Apply(t.Context(), pool, "voucher"))
	s, err := pgvoucher.New(t.Context(), pool)
	require.NoError(t, err)
	return voucherOffice{"postgres", s, func(ctx context.Context, fn func(voucher.Store) error) error {
		return postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return fn(pgvoucher.In(tx)) })
	}, true}
}

var (
	errVoucherCrash = errors.New("the process died before the commit")
	errVoucherLost  = errors.New("the answer of the commit was lost")
	errVoucherBack  = errors.New("rolled back on purpose")
)

// A dyingVoucherStore passes Load and refuses Commit, as a process that dies between them.
type dyingVoucherStore struct {
	voucher.Store
	err error
}

func (s dyingVoucherStore) Commit(context.Context, voucher.Change) error { return s.err }

const (
	voucherWorkers = 32
	voucherEach    = 60
)

func runVouchers(t *testing.T, office voucherOffice, seed uint64) {
	ctx := t.Context()
	start := time.Date(2027, 5, 1, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	drift := rand.New(rand.NewPCG(seed, 1))
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return start.Add(time.Duration(drift.Int64N(int64(2*time.Hour))) - time.Hour)
	}
	desk, err := voucher.New(voucher.Config{Store: office.store, Now: clock})
	require.NoError(t, err)
	days := []date.Date{date.New(2027, 6, 8), date.New(2027, 6, 9), date.New(2027, 6, 10)}
	var early []voucher.Item // the first day is not new
	for i := range 10 {
		early = append(early, voucher.Item{Reservation: voucher.ReservationID(fmt.Sprint("early-", i)), TripStart: days[0]})
	}
	_, err = desk.Issue(ctx, voucher.Issue{ID: "early", Items: early})
	require.NoError(t, err)

	type told struct {
		granted                     map[voucher.VoucherID]voucher.Voucher
		rolledBack, crashed, losses int
		failures                    []error
	}
	workers := make([]told, voucherWorkers)
	var wg sync.WaitGroup
	for w := range voucherWorkers {
		wg.Go(func() {
			me := &workers[w]
			me.granted = map[voucher.VoucherID]voucher.Voucher{}
			chance := rand.New(rand.NewPCG(seed, uint64(100+w)))
			for i := range voucherEach {
				cmd := voucher.Issue{ID: "voucher", By: fmt.Sprint("m-", w), Items: []voucher.Item{{
					Reservation: voucher.ReservationID(fmt.Sprintf("R-%d-%d", w, i)), TripStart: days[chance.IntN(3)]}}}
				fault := chance.IntN(20)
				for {
					var vs []voucher.Voucher
					err := office.inTx(ctx, func(in voucher.Store) (err error) {
						switch {
						case fault == 2:
							in = dyingVoucherStore{in, errVoucherCrash}
						case fault >= 0 && fault < 2 && !office.undo:
							in = dyingVoucherStore{in, errVoucherBack}
						}
						vs, err = desk.In(in).Issue(ctx, cmd)
						if err == nil && fault >= 0 && fault < 2 {
							err = errVoucherBack // the number was taken, and goes back
						}
						return err
					})
					if err == nil && fault == 3 {
						err = errVoucherLost
					}
					fault = -1
					switch {
					case errors.Is(err, errVoucherBack):
						me.rolledBack++
					case errors.Is(err, errVoucherCrash):
						me.crashed++
						continue // whoever comes up again repeats with the same ID
					case errors.Is(err, errVoucherLost):
						me.losses++
						continue
					case err != nil:
						me.failures = append(me.failures, err)
					default:
						me.granted[vs[0].ID] = vs[0]
					}
					break
				}
			}
		})
	}
	wg.Wait()

	granted := map[voucher.VoucherID]int{}
	var rolledBack, crashed, losses, lost, unasked, doubles, gaps int
	var failures []error
	for _, w := range workers {
		rolledBack, crashed, losses = rolledBack+w.rolledBack, crashed+w.crashed, losses+w.losses
		failures = append(failures, w.failures...)
		for id := range w.granted {
			if granted[id]++; granted[id] > 1 {
				doubles++
			}
		}
	}
	stored := map[voucher.VoucherID]bool{}
	places := map[date.Date]map[int64]int{}
	texts := map[string]bool{}
	for v, err := range voucher.All(ctx, office.store, voucher.Filter{}) {
		require.NoError(t, err)
		stored[v.ID] = true
		day := v.Number.TripStart()
		if places[day] == nil {
			places[day] = map[int64]int{}
		}
		if places[day][v.Number.Seq()]++; places[day][v.Number.Seq()] > 1 || texts[v.Text] {
			doubles++
		}
		texts[v.Text] = true
		if granted[v.ID] == 0 && v.Revisions[0].Command != "early" {
			unasked++
		}
	}
	for _, seqs := range places {
		highest := int64(0)
		for seq := range seqs {
			highest = max(highest, seq)
		}
		gaps += int(highest) - len(seqs)
	}
	for id := range granted {
		if !stored[id] {
			lost++
		}
	}
	t.Logf("%s, seed %d: %d transactions by %d workers for %d dates, %d rolled back, %d crashes, %d lost answers; vouchers %d: doubles %d, gaps %d, failures %d, lost %d, unasked %d",
		office.name, seed, voucherWorkers*voucherEach, voucherWorkers, len(places), rolledBack, crashed, losses, len(stored), doubles, gaps, len(failures), lost, unasked)
	require.Empty(t, failures)
	require.Zero(t, doubles+gaps+lost+unasked)
	require.Len(t, places, len(days))
	require.Equal(t, len(early)+voucherWorkers*voucherEach-rolledBack, len(stored))
	require.Positive(t, rolledBack)
	require.Positive(t, crashed)
	require.Positive(t, losses)

	var events []voucher.Event
	var after store.Cursor
	for {
		page, next, err := office.store.Since(ctx, after, 500)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		events, after = append(events, page...), next
	}
	folded, _ := voucher.Fold(events)
	require.Len(t, folded, len(stored), "the feed tells the same")
}
