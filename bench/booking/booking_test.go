// Package booking measures package booking beside what people use today.
//
//	go test -run '^$' -bench Booking -benchmem ./bench/...
package booking

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	gbtree "github.com/google/btree"
	"github.com/rickb777/date/v2"
	tbtree "github.com/tidwall/btree"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/index"
)

var (
	june = date.New(2027, time.June, 1)
	noon = time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)
)

func nights(from, to int) booking.Span {
	s, err := booking.Nights(june+date.Date(from), june+date.Date(to))
	if err != nil {
		panic(err)
	}
	return s
}

const stays = 64 // on the flat

// flat is a desk with one flat that has 64 confirmed stays, every second half a week.
func flat(b *testing.B) *booking.Desk {
	ctx := context.Background()
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	cmds := []booking.Command{booking.Define{Unit: booking.Unit{ID: "flat-12"}}}
	for i := range stays {
		id := booking.ReservationID("stay-" + strconv.Itoa(i))
		cmds = append(cmds, booking.Hold{ID: id, Unit: "flat-12", Span: nights(6*i, 6*i+3)}, booking.Confirm{Ref: booking.Ref{Unit: "flat-12", ID: id}})
	}
	if _, err := desk.Do(ctx, cmds...); err != nil {
		b.Fatal(err)
	}
	return desk
}

// BenchmarkBookingHold holds a flat with 64 stays; each hold is cancelled, off the clock.
func BenchmarkBookingHold(b *testing.B) {
	desk, ctx := flat(b), context.Background()
	span := nights(6*30+3, 6*30+6)
	var times []time.Duration
	for n := 0; b.Loop(); n++ {
		hold := booking.Hold{ID: booking.ReservationID("lead-" + strconv.Itoa(n)), Unit: "flat-12", Span: span, Holder: "card-9"}
		start := time.Now()
		h, err := desk.Hold(ctx, hold)
		times = append(times, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		if _, err = desk.Cancel(ctx, booking.Cancel{Ref: h.Ref()}); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[0].Nanoseconds()), "ns/hold(best)")
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds()), "ns/hold(median)")
	b.ReportMetric(0, "ns/op")
}

type stay struct{ from, to int }

// BenchmarkBookingFree asks whether a flat with 64 stays is free: the calendar's sorted slice, and
// two B-trees of stays by arrival, which answer by the last stay that arrives before departure.
func BenchmarkBookingFree(b *testing.B) {
	cals, err := flat(b).Calendar(context.Background(), nights(0, 400), "flat-12")
	if err != nil {
		b.Fatal(err)
	}
	cal := &cals[0]
	less := func(a, b stay) bool { return a.from < b.from }
	google, tidwall := gbtree.NewG(32, less), tbtree.NewBTreeGOptions(less, tbtree.Options{NoLocks: true})
	for i := range stays {
		google.ReplaceOrInsert(stay{6 * i, 6*i + 3})
		tidwall.Set(stay{6 * i, 6*i + 3})
	}
	const asked = 512
	spans, froms := make([]booking.Span, asked), make([]int, asked)
	for i := range asked {
		froms[i] = i * 101 % 380
		spans[i] = nights(froms[i], froms[i]+2)
	}
	ways := []struct {
		name string
		free func(i int) bool
	}{
		{"tenure", func(i int) bool { n, _ := cal.Free(spans[i]); return n > 0 }},
		{"google-btree", func(i int) bool {
			free := true
			google.DescendLessOrEqual(stay{from: froms[i] + 1}, func(s stay) bool { free = s.to <= froms[i]; return false })
			return free
		}},
		{"tidwall-btree", func(i int) bool {
			free := true
			tidwall.Descend(stay{from: froms[i] + 1}, func(s stay) bool { free = s.to <= froms[i]; return false })
			return free
		}},
	}
	for i := range asked {
		for _, w := range ways[1:] {
			if w.free(i) != ways[0].free(i) {
				b.Fatalf("%s disagrees on %s", w.name, spans[i])
			}
		}
	}
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				w.free(i % asked)
			}
		})
	}
	b.Run("ratio", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(0, "ns/op")
		for _, w := range ways[1:] {
			b.ReportMetric(ratio(func() { each(asked, w.free) }, func() { each(asked, ways[0].free) }), w.name+"/tenure")
		}
	})
}

func each(n int, f func(int) bool) {
	for range 40 {
		for i := range n {
			f(i)
		}
	}
}

// ratio is how many times as long peer takes, the median of 9 rounds in turns.
func ratio(peer, ours func()) float64 {
	clock := func(f func()) float64 { start := time.Now(); f(); return float64(time.Since(start)) }
	ratios := make([]float64, 9)
	for i := range ratios {
		ratios[i] = clock(peer) / clock(ours)
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

const (
	units = 100_000
	days  = 730
)

// BenchmarkBookingSearch looks for five free nights among 100,000 flats over 730 days: the index, a
// scan of calendars in memory, and a roaring bitmap for each day.
func BenchmarkBookingSearch(b *testing.B) {
	x := index.New(june, days)
	cals := make([]booking.Calendar, 0, units)
	bitmaps := make([]*roaring.Bitmap, days)
	for d := range bitmaps {
		bitmaps[d] = roaring.New()
		bitmaps[d].AddRange(0, units)
	}
	for i := range units {
		c := booking.Calendar{Head: booking.Head{Unit: booking.Unit{ID: booking.UnitID(fmt.Sprint("u", i)), Capacity: 1, Zone: "UTC"}, Clock: noon}, Version: 1, Window: nights(0, days)}
		for j := range 8 {
			from := (i*37 + j*90) % (days - 10)
			s := nights(from, from+1+i%9)
			c.Reservations = append(c.Reservations, booking.Reservation{ID: booking.ReservationID(strconv.Itoa(j)), State: booking.StateConfirmed,
				Claims: []booking.Claim{{Unit: c.Unit.ID, Span: s, Count: 1, Busy: s}}})
			for d := from; d < from+1+i%9; d++ {
				bitmaps[d].Remove(uint32(i))
			}
		}
		cals = append(cals, c)
	}
	if err := x.Load(cals...); err != nil {
		b.Fatal(err)
	}
	shown, need := booking.At(noon, cals...)
	if need != nil {
		b.Fatal("not closed")
	}
	for _, m := range bitmaps {
		m.RunOptimize()
	}
	span := nights(300, 305)
	var set index.Set
	indexed := func() int { x.Free(&set, span, 1, noon); return set.Len() }
	scan := func() int {
		n := 0
		for i := range shown {
			if free, _ := shown[i].Free(span); free > 0 {
				n++
			}
		}
		return n
	}
	bitmap := func() int { return int(roaring.FastAnd(bitmaps[300:305]...).GetCardinality()) }
	if a, c, d := indexed(), scan(), bitmap(); a != c || a != d {
		b.Fatalf("index %d, scan %d, roaring %d", a, c, d)
	}
	for _, w := range []struct {
		name string
		find func()
	}{{"tenure", func() { x.Free(&set, span, 1, noon) }}, {"scan", func() { scan() }}, {"roaring", func() { roaring.FastAnd(bitmaps[300:305]...) }}} {
		b.Run(w.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.find()
			}
		})
	}
	b.Run("ratio", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(0, "ns/op")
		ours := func() {
			for range 20 {
				x.Free(&set, span, 1, noon)
			}
		}
		b.ReportMetric(20*ratio(func() { scan() }, ours), "scan/tenure")
		b.ReportMetric(ratio(func() {
			for range 20 {
				roaring.FastAnd(bitmaps[300:305]...)
			}
		}, ours), "roaring/tenure")
	})
}
