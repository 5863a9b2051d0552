// Package postgres measures holds on PostgreSQL against what people write today: a bare INSERT that
// an exclusion constraint guards. The insert keeps no queue, no deadline, no idempotency, no event
// and no other units; the ratio says what those cost.
package postgres

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

const (
	clients = 16
	units   = 10_000
	rounds  = 9
	ops     = 1600 // of all clients in one round
)

// A rival takes holds at one place: n is unique, span is two nights.
type rival func(ctx context.Context, n int64, unit int, from int) error

// A site is a database with a desk's tables and the rival's.
type site struct {
	url     string
	pool    *pgxpool.Pool
	desk    *booking.Desk
	store   *pgbooking.Store
	trips   atomic.Int64
	numbers atomic.Int64
}

func must(b testing.TB, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}

func open(b *testing.B) *site {
	ctx := b.Context()
	s := &site{url: pgtest.URL(b)}
	s.connect(b)
	if os.Getenv("TENURE_TEST_POSTGRES") == "" {
		// The throwaway server forgets durability; here it counts.
		for _, sql := range []string{"alter system set fsync = on", "alter system set synchronous_commit = on",
			"alter system set full_page_writes = on", "select pg_reload_conf()"} {
			_, err := s.pool.Exec(ctx, sql)
			must(b, err)
		}
	}
	must(b, postgres.Apply(ctx, s.pool, "booking"))
	_, err := s.pool.Exec(ctx, `create extension if not exists btree_gist schema pg_catalog;
		create table stay (id bigint primary key, unit text not null, span daterange not null, holder text not null,
			exclude using gist (unit with =, span with &&))`)
	must(b, err)
	s.openDesk(b)
	var defs []booking.Command
	for u := range units {
		defs = append(defs, booking.Define{Unit: booking.Unit{ID: unitID(u)}})
	}
	for chunk := range slices.Chunk(defs, 500) {
		_, err := s.desk.Do(ctx, chunk...)
		must(b, err)
	}
	// Statistics of empty tables would make plans that read all of a table for ever: both rivals'
	// are of tables that have rows, as autovacuum sees to elsewhere.
	s.rate(b, hold(s.desk), clients, ops, anywhere)
	s.rate(b, s.insert, clients, ops, anywhere)
	_, err = s.pool.Exec(ctx, "vacuum analyze")
	must(b, err)
	return s
}

func (s *site) connect(b testing.TB) {
	config, err := pgxpool.ParseConfig(s.url)
	must(b, err)
	config.MaxConns = clients
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return &counted{Conn: conn, trips: &s.trips}, err
	}
	s.pool, err = pgxpool.NewWithConfig(context.Background(), config)
	must(b, err)
	b.Cleanup(s.pool.Close)
}

func (s *site) openDesk(b testing.TB) {
	var err error
	s.store, err = pgbooking.New(context.Background(), s.pool)
	must(b, err)
	s.desk, err = booking.New(booking.Config{Store: s.store})
	must(b, err)
}

// counted counts a round trip whenever something is read after something was written.
type counted struct {
	net.Conn
	trips *atomic.Int64
	wrote atomic.Bool
}

func (c *counted) Write(p []byte) (int, error) {
	c.wrote.Store(true)
	return c.Conn.Write(p)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.wrote.Swap(false) {
		c.trips.Add(1)
	}
	return n, err
}

func unitID(u int) booking.UnitID { return booking.UnitID(fmt.Sprintf("unit-%05d", u)) }

var arrival = date.Today() + 30

func nights(from int) booking.Span {
	span, err := booking.Nights(arrival+date.Date(from), arrival+date.Date(from+2))
	if err != nil {
		panic(err)
	}
	return span
}

func hold(desk *booking.Desk) rival {
	return func(ctx context.Context, n int64, unit, from int) error {
		_, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(strconv.FormatInt(n, 10)), Unit: unitID(unit), Span: nights(from), Holder: "card-9"})
		return err
	}
}

func (s *site) insert(ctx context.Context, n int64, unit, from int) error {
	day := arrival + date.Date(from)
	_, err := s.pool.Exec(ctx, "insert into stay (id, unit, span, holder) values ($1, $2, daterange($3, $4), $5)",
		n, string(unitID(unit)), day.Midnight(), (day + 2).Midnight(), "card-9")
	return err
}

// rate lets clients take holds and returns how many were granted per second. Places are drawn so
// that hardly two meet; where they do, both rivals refuse.
func (s *site) rate(b testing.TB, r rival, clients, ops int, place func(rng *rand.Rand) (unit, from int)) float64 {
	var granted atomic.Int64
	var last atomic.Value
	var all sync.WaitGroup
	begin := time.Now()
	for range clients {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(rand.Uint64(), 0))
			for range ops / clients {
				unit, from := place(rng)
				if err := r(b.Context(), s.numbers.Add(1), unit, from); err == nil {
					granted.Add(1)
				} else {
					last.Store(err.Error())
				}
			}
		})
	}
	all.Wait()
	if n := granted.Load(); n < int64(ops)*9/10 {
		b.Errorf("%d of %d granted: %v", n, ops, last.Load())
	}
	return float64(granted.Load()) / time.Since(begin).Seconds()
}

func anywhere(rng *rand.Rand) (unit, from int) { return rng.IntN(units), 2 * rng.IntN(3000) }

// interleave measures two rates in turn and returns the medians and the median of their ratios.
func interleave(one, other func() float64) (a, b, ratio float64) {
	one()
	other()
	var as, bs, ratios []float64
	for range rounds {
		x, y := one(), other()
		as, bs, ratios = append(as, x), append(bs, y), append(ratios, x/y)
	}
	return median(as), median(bs), median(ratios)
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

func (s *site) compare(b *testing.B, clients, ops int) {
	for b.Loop() {
		holds, inserts, ratio := interleave(
			func() float64 { return s.rate(b, hold(s.desk), clients, ops, anywhere) },
			func() float64 { return s.rate(b, s.insert, clients, ops, anywhere) })
		b.ReportMetric(holds, "holds/s")
		b.ReportMetric(inserts, "inserts/s")
		b.ReportMetric(ratio, "of-insert")
	}
	b.ReportMetric(0, "ns/op")
}

func BenchmarkPostgres(b *testing.B) {
	s := open(b)
	ctx := b.Context()
	b.Run("16 clients, 10000 units", func(b *testing.B) { s.compare(b, clients, ops) })
	b.Run("1 client, 10000 units", func(b *testing.B) { s.compare(b, 1, ops/4) })

	b.Run("round trips", func(b *testing.B) {
		var free atomic.Int64
		for b.Loop() {
			for _, n := range []int{1, 3} {
				h := booking.Hold{Unit: unitID(0)}
				for u := 1; u < n; u++ {
					h.And = append(h.And, booking.Claim{Unit: unitID(u)})
				}
				const holds = 100
				var before int64
				for i := range 2 * holds {
					if i == holds { // every connection has its statements
						before = s.trips.Load()
					}
					h.ID, h.Span = booking.ReservationID(fmt.Sprint(s.numbers.Add(1))), nights(8000+2*int(free.Add(1)))
					for u := range h.And {
						h.And[u].Span = h.Span
					}
					_, err := s.desk.Hold(ctx, h)
					must(b, err)
				}
				b.ReportMetric(float64(s.trips.Load()-before)/holds, fmt.Sprintf("trips/hold-%d-units", n))
			}
		}
		b.ReportMetric(0, "ns/op")
	})

	b.Run("16 writers, one unit", func(b *testing.B) {
		var unit atomic.Int64
		for b.Loop() {
			one := func(clients, ops int) float64 {
				// A unit of their own and a night of their own: nobody is refused.
				u, night := int(unit.Add(1)), atomic.Int64{}
				return s.rate(b, hold(s.desk), clients, ops, func(*rand.Rand) (int, int) { return u, 10_000 + 2*int(night.Add(1)) })
			}
			many, alone, ratio := interleave(func() float64 { return one(clients, 800) }, func() float64 { return one(1, 200) })
			b.ReportMetric(many, "holds/s")
			b.ReportMetric(alone, "alone/s")
			b.ReportMetric(ratio, "of-alone")
		}
		b.ReportMetric(0, "ns/op")
	})

	b.Run("2 processes", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(s.processes(b, 2), "holds/s")
		}
		b.ReportMetric(0, "ns/op")
	})

	b.Run("feed", func(b *testing.B) {
		for b.Loop() {
			var after store.Cursor
			n, begin := 0, time.Now()
			for {
				events, next, err := s.store.Since(ctx, after, 1000)
				must(b, err)
				if len(events) == 0 {
					break
				}
				n, after = n+len(events), next
			}
			b.ReportMetric(float64(n)/time.Since(begin).Seconds(), "events/s")
			_, err := s.pool.Exec(ctx, "update tenure_booking_event set n = null; update tenure_booking_feed set n = 0")
			must(b, err)
		}
		b.ReportMetric(0, "ns/op")
	})
}

const childURL = "TENURE_BENCH_CHILD"

// processes runs desks as processes of their own on the same database and returns their joint rate.
func (s *site) processes(b *testing.B, n int) float64 {
	rates := make([]float64, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			child := exec.CommandContext(b.Context(), os.Args[0], "-test.run", "^TestChild$", "-test.v")
			child.Env = append(os.Environ(), childURL+"="+s.url, fmt.Sprint("TENURE_BENCH_FROM=", (i+1)*1_000_000_000))
			out, err := child.Output()
			if err != nil {
				b.Errorf("%v: %s", err, out)
				return
			}
			lines := bufio.NewScanner(strings.NewReader(string(out)))
			for lines.Scan() {
				_, _ = fmt.Sscanf(strings.TrimSpace(lines.Text()), "rate %g", &rates[i])
			}
		})
	}
	all.Wait()
	total := 0.0
	for _, r := range rates {
		total += r
	}
	return total
}

// TestChild is a desk in a process of its own, for BenchmarkPostgres.
func TestChild(t *testing.T) {
	s := &site{url: os.Getenv(childURL)}
	if s.url == "" {
		return // nobody's child
	}
	from, err := strconv.ParseInt(os.Getenv("TENURE_BENCH_FROM"), 10, 64)
	must(t, err)
	s.numbers.Store(from)
	s.connect(t)
	s.openDesk(t)
	s.rate(t, hold(s.desk), clients/2, ops/4, anywhere)
	fmt.Printf("rate %g\n", s.rate(t, hold(s.desk), clients/2, ops, anywhere))
}

func BenchmarkSQLite(b *testing.B) {
	ctx := b.Context()
	db, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "office.db"))
	must(b, err)
	defer db.Close()
	must(b, sqlite.Apply(ctx, db, "booking"))
	store, err := litebooking.New(ctx, db)
	must(b, err)
	desk, err := booking.New(booking.Config{Store: store})
	must(b, err)
	var defs []booking.Command
	for u := range 1000 {
		defs = append(defs, booking.Define{Unit: booking.Unit{ID: unitID(u)}})
	}
	_, err = desk.Do(ctx, defs...)
	must(b, err)
	s := &site{desk: desk}
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprint(clients, " clients, 1000 units"), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(s.rate(b, hold(desk), clients, ops/2, func(rng *rand.Rand) (int, int) {
					return rng.IntN(1000), 2 * rng.IntN(3000)
				}), "holds/s")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
