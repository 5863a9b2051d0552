// Package region measures how phone numbers are placed, beside what people use today.
//
//	go test -run '^$' -bench Region -benchmem ./bench/...
package region

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/armon/go-radix"
	"github.com/nyaruka/phonenumbers"

	"github.com/tenure-go/tenure/internal/realdata"
	"github.com/tenure-go/tenure/region"
)

const (
	def2026 = "numbering/DEF-9xx.2026-08.csv.gz"
	abc2014 = "numbering/ABC-3xx.2014-11.cp1251.csv.gz"
)

func readPlan(b *testing.B, names ...string) *region.Plan {
	b.Helper()
	files := make([][]byte, len(names))
	for i, name := range names {
		files[i] = realdata.Read(b, name)
	}
	plan, err := parse(files...)
	if err != nil {
		b.Fatal(err)
	}
	return plan
}

func parse(files ...[]byte) (*region.Plan, error) {
	switch len(files) {
	case 1:
		plan, _, err := region.ReadRegistry(region.RegistryConfig{}, bytes.NewReader(files[0]))
		return plan, err
	default:
		plan, _, err := region.ReadRegistry(region.RegistryConfig{}, bytes.NewReader(files[0]), bytes.NewReader(files[1]))
		return plan, err
	}
}

const drawn = 1 << 13 // numbers

// drawNumbers are numbers of the plan, each as likely as any other.
func drawNumbers(plan *region.Plan) []uint64 {
	var ranges []region.Range
	var before []uint64 // how many numbers the ranges before have
	total := uint64(0)
	for at := range plan.All() {
		ranges, before = append(ranges, at), append(before, total)
		total += at.Last - at.First + 1
	}
	r := rand.New(rand.NewPCG(5, 9))
	numbers := make([]uint64, drawn)
	for i := range numbers {
		k := r.Uint64N(total)
		at, found := slices.BinarySearch(before, k)
		if !found {
			at--
		}
		numbers[i] = ranges[at].First + k - before[at]
	}
	return numbers
}

// BenchmarkRegionLookup asks for the range of a number: the plan's index, sort.Search over the
// same ranges, and a radix tree of the decimal prefixes that make up the ranges.
func BenchmarkRegionLookup(b *testing.B) {
	plan := readPlan(b, def2026)
	numbers := drawNumbers(plan)

	var ranges []region.Range
	var allocations []region.Allocation
	tree := radix.New()
	for at, a := range plan.All() {
		for _, prefix := range prefixes(at) {
			tree.Insert(prefix, len(ranges))
		}
		ranges, allocations = append(ranges, at), append(allocations, a)
	}
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatUint(n, 10)
	}
	search := func(n uint64) (region.Allocation, bool) {
		i := sort.Search(len(ranges), func(i int) bool { return ranges[i].Last >= n })
		if i == len(ranges) || ranges[i].First > n {
			return region.Allocation{}, false
		}
		return allocations[i], true
	}
	walk := func(text string) (region.Allocation, bool) {
		_, i, ok := tree.LongestPrefix(text)
		if !ok {
			return region.Allocation{}, false
		}
		return allocations[i.(int)], true
	}
	for i, n := range numbers {
		x, _ := plan.Lookup(n)
		y, _ := search(n)
		z, _ := walk(texts[i])
		if x.Operator != y.Operator || x.Operator != z.Operator || !slices.Equal(x.Subdivisions, y.Subdivisions) {
			b.Fatalf("%d: %v, %v, %v", n, x, y, z)
		}
	}

	own := func(i int) { plan.Lookup(numbers[i%drawn]) }
	measure(b, "plan", own)
	compare(b, "sort.Search", own, func(i int) { search(numbers[i%drawn]) })
	compare(b, "go-radix", own, func(i int) { walk(texts[i%drawn]) })
}

// prefixes are the shortest decimal prefixes that make up a range of ten-digit numbers.
func prefixes(at region.Range) []string {
	var out []string
	for first := at.First; first <= at.Last; {
		size, digits := uint64(1), 10
		for first%(size*10) == 0 && first+size*10-1 <= at.Last {
			size, digits = size*10, digits-1
		}
		out = append(out, strconv.FormatUint(first, 10)[:digits])
		first += size
	}
	return out
}

// BenchmarkRegionDetect places written numbers: region from the text, and phonenumbers by Parse,
// IsValidNumber, geocoding and time zones, which is what it takes there.
func BenchmarkRegionDetect(b *testing.B) {
	plan := readPlan(b, def2026)
	d, err := region.New(region.Config{Plan: plan})
	if err != nil {
		b.Fatal(err)
	}
	var texts []string
	for _, n := range drawNumbers(plan) {
		s := strconv.FormatUint(n, 10)
		texts = append(texts, fmt.Sprintf("8 (%s) %s-%s-%s", s[:3], s[3:6], s[6:8], s[8:]))
	}
	fast := func(i int) { _, _ = d.Detect(texts[i%drawn]) }
	measure(b, "fast", fast)
	compare(b, "phonenumbers", fast, func(i int) {
		n, err := phonenumbers.Parse(texts[i%drawn], "RU")
		if err != nil || !phonenumbers.IsValidNumber(n) {
			b.Fatal(texts[i%drawn], err)
		}
		_, _ = phonenumbers.GetGeocodingForNumber(n, "ru")
		_, _ = phonenumbers.GetTimezonesForNumber(n)
	})

	abroad := []string{"+375 29 123-45-67", "+49 30 901820", "+380 44 279-12-34", "+995 32 212-34-56", "+90 212 251 12 34", "+1 212 555 0123", "+44 20 7946 0958"}
	slow := func(i int) { _, _ = d.Detect(abroad[i%len(abroad)]) }
	measure(b, "slow", slow)
	compare(b, "phonenumbers_parse_only", slow, func(i int) {
		n, err := phonenumbers.Parse(abroad[i%len(abroad)], "RU")
		if err != nil || !phonenumbers.IsValidNumber(n) {
			b.Fatal(abroad[i%len(abroad)], err)
		}
	})
}

// BenchmarkRegionPlan reads the register and the plan file made of it.
func BenchmarkRegionPlan(b *testing.B) {
	text := realdata.Read(b, def2026)
	plan, err := parse(text)
	if err != nil {
		b.Fatal(err)
	}
	file, err := plan.AppendBinary(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ReadRegistry", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parse(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("OpenPlan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := region.OpenPlan(file); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(file))/1024, "file-KiB")
	})
}

// BenchmarkRegionAnswers prints what both say of the same numbers.
func BenchmarkRegionAnswers(b *testing.B) {
	d, err := region.New(region.Config{Plan: readPlan(b, def2026, abc2014)})
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tREGION SAYS\tTIME\tPHONENUMBERS SAYS\tTIME")
	for _, number := range []string{
		"8 914 000-10-00", "8 914 430-00-00", "8 916 123-45-67", "8 924 270-00-00", "8 395 221-23-45", "8 302 221-23-45", "8 495 123-45-67",
		"8 496 412-34-56", "8 401 255-12-34", "8 845 255-12-34", "8 800 555-35-35", "+7 727 258-12-34", "+375 17 212-34-56", "+49 30 901820",
	} {
		r, err := d.Detect(number)
		if err != nil {
			b.Fatal(number, err)
		}
		own := "-"
		if loc, ok := r.Location(at); ok {
			own = at.In(loc).Format("15:04")
		}
		n, err := phonenumbers.Parse(number, "RU")
		if err != nil {
			b.Fatal(number, err)
		}
		text, _ := phonenumbers.GetGeocodingForNumber(n, "ru")
		zones, _ := phonenumbers.GetTimezonesForNumber(n)
		theirs := fmt.Sprintf("- (%d zones)", len(zones))
		if loc, ok := (region.Place{Zones: zones}).Location(at); ok {
			theirs = at.In(loc).Format("15:04")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", number, r.Label("ru"), own, text, theirs)
	}
	_ = w.Flush()
	for b.Loop() {
		_, _ = d.Detect("8 914 000-10-00")
	}
	fmt.Fprintf(os.Stderr, "\nWho is right at 12:00 UTC on 2026-07-01:\n%s\n", table.String())
}

// measure runs op as a benchmark of its own.
func measure(b *testing.B, name string, op func(i int)) {
	b.Run(name, func(b *testing.B) { run(b, op) })
}

func run(b *testing.B, op func(i int)) {
	op(0) // phonenumbers loads its tables at first use
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		op(i)
		i++
	}
}

// compare measures a peer, and reports how many times as long as own it takes: the median of
// rounds in which both take turns, so that whatever else the machine does falls on both.
func compare(b *testing.B, name string, own, peer func(i int)) {
	b.Run(name, func(b *testing.B) {
		run(b, peer)
		ratios := make([]float64, 41)
		for r := range ratios {
			ratios[r] = perOp(peer) / perOp(own)
		}
		slices.Sort(ratios)
		b.ReportMetric(ratios[len(ratios)/2], "times-region")
	})
}

// perOp is how long op takes, over a turn of some milliseconds.
func perOp(op func(i int)) float64 {
	start, n := time.Now(), 0
	for {
		for range 64 {
			op(n)
			n++
		}
		if took := time.Since(start); took >= 4*time.Millisecond {
			return float64(took) / float64(n)
		}
	}
}
