package dedup

import (
	"context"
	"testing"
	"time"
)

func BenchmarkPhones(b *testing.B) {
	r := russian()
	b.ReportAllocs()
	var buf [4]Phone
	for b.Loop() {
		r.Phones(buf[:0], "8 (916) 123-45-67")
	}
}

func BenchmarkName(b *testing.B) {
	r := russian()
	b.ReportAllocs()
	for b.Loop() {
		r.Name("Иванова Елена Павловна")
	}
}

func BenchmarkIngest(b *testing.B) {
	touches := touchesOf(synthetic(b))
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	i := len(touches)
	var d *Desk
	for b.Loop() {
		if i == len(touches) {
			b.StopTimer()
			i = 0
			d, _ = New(Config{Store: NewMemory(), Now: func() time.Time { return now }})
			b.StartTimer()
		}
		if _, err := d.Ingest(context.Background(), touches[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "touches/s")
}
