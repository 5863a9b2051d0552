package worktime_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/internal/realdata"
	"github.com/tenure-go/tenure/pipeline/worktime"
)

func hm(h, m int) clock.Clock { return clock.New(h, m, 0, 0) }

func office(t require.TestingT, zone, country string) *worktime.Calendar {
	week := worktime.Weekdays(worktime.Hours{From: hm(9, 0), To: hm(18, 0)})
	cal, err := worktime.Compile(worktime.Spec{Zone: zone, Country: country, Week: week})
	require.NoError(t, err)
	return cal
}

// letters spells a country-year as the production calendars do.
func letters(t *testing.T, country string, year int) string {
	cal := office(t, "UTC", country)
	out := ""
	for d := date.New(year, time.January, 1); d < date.New(year+1, time.January, 1); d++ {
		kind, err := cal.Kind(d)
		require.NoError(t, err)
		out += kind.String()[:1]
	}
	return out
}

func TestCountryYearsArePinned(t *testing.T) {
	t.Parallel()
	for _, y := range []struct {
		country          string
		year, o, w, s    int
		sum              string
		workedAndShorted int
	}{
		{"RU", 2024, 118, 243, 5, "413be7a9e66b0c5b34a914ae9f454a43f1e36ccdb2caff6c303ceaa0342d7af2", 1},
		{"RU", 2025, 118, 243, 4, "3c3312b6f62b83bebd1a26c57067c1006556660ee200942acb1a92cce318c40a", 1},
		{"RU", 2026, 118, 243, 4, "eb3d860539a15e593735b994420e015557e78754fe092e23a38edd2647037fc3", 0},
		{"KZ", 2024, 115, 251, 0, "849568ab4b96be2cbbc153c7e50507abb48245b396c0ee71daee7db86cb4551d", 0},
		{"KZ", 2025, 112, 253, 0, "b6a90f8104ee8a374ad822f90d24195c8e0e9547f66ec2dcf864d17a95b663d4", 0},
		{"KZ", 2026, 119, 246, 0, "29cf4f1a0e52dadb58d1a484ab133ea3f571b96c3cc7df5557b96ba8de0526db", 0},
		{"BY", 2024, 113, 245, 8, "8a666a43431f61322db041f60fb00656a6015653305deaf643204cbebb94d617", 1},
		{"BY", 2025, 112, 243, 10, "353dbcb750c55617582678504a02dd2640203ab630f7896e6fd75990accee21e", 2},
		{"BY", 2026, 111, 246, 8, "1d1410d04c2483215d1c92967954bff7f9095863d4460a72f66325bfc2419ade", 1},
	} {
		days := letters(t, y.country, y.year)
		counts := map[rune]int{}
		both := 0
		for i, r := range days {
			counts[r]++
			if wd := date.New(y.year, time.January, 1+i).Weekday(); r == 's' && (wd == 0 || wd == 6) {
				both++
			}
		}
		require.Equal(t, map[rune]int{'o': y.o, 'w': y.w, 's': y.s}, fill(counts), "%s %d", y.country, y.year)
		require.Equal(t, y.sum, fmt.Sprintf("%x", sha256.Sum256([]byte(days))), "%s %d", y.country, y.year)
		require.Equal(t, y.workedAndShorted, both, "%s %d", y.country, y.year)
	}
}

func fill(m map[rune]int) map[rune]int { m['s'] += 0; return m }

func TestRealWorkdays(t *testing.T) {
	t.Parallel()
	var file struct {
		Years map[string]struct{ Days string }
	}
	require.NoError(t, json.Unmarshal(realdata.Read(t, "workdays/workdays.json"), &file))
	days := 0
	for _, country := range []string{"RU", "KZ", "BY"} {
		for year := 2024; year <= 2026; year++ {
			want := file.Years[fmt.Sprintf("%s-%d", map[string]string{"RU": "ru", "KZ": "kz", "BY": "by"}[country], year)].Days
			require.Equal(t, want, letters(t, country, year), "%s %d", country, year)
			days += len(want)

			// The same letters given as Spec.Years say the same.
			cal, err := worktime.Compile(worktime.Spec{Zone: "UTC", Country: country, Years: map[int]string{year: want}, First: year, Last: year,
				Week: worktime.Weekdays(worktime.Hours{From: hm(9, 0), To: hm(18, 0)})})
			require.NoError(t, err)
			for i := range want {
				kind, err := cal.Kind(date.New(year, time.January, 1+i))
				require.NoError(t, err)
				require.Equal(t, want[i:i+1], kind.String()[:1])
			}
		}
	}
	require.Equal(t, 3288, days)
	t.Logf("workdays.json: %d days agree", days)
}

func at(t require.TestingT, s string) time.Time {
	out, err := time.Parse(time.RFC3339Nano, s)
	require.NoError(t, err)
	return out.UTC()
}

func TestNamedDays(t *testing.T) {
	t.Parallel()
	cal := office(t, "Asia/Irkutsk", "RU")
	for _, c := range []struct{ name, from, to, want string }{
		{"half a minute before the evening runs into the morning", "2025-06-10T17:59:45+08:00", "2025-06-11T09:00:15+08:00", "30s"},
		{"the eve of a holiday ends an hour early", "2025-06-11T16:00:00+08:00", "2025-06-16T09:30:00+08:00", "1h30m0s"},
		{"the new year's holidays", "2024-12-28T12:00:00+08:00", "2025-01-09T10:00:00+08:00", "7h0m0s"},
		{"a Saturday both worked and short", "2025-11-01T09:00:00+08:00", "2025-11-05T09:00:00+08:00", "8h0m0s"},
		{"backwards", "2025-06-10T12:00:00+08:00", "2025-06-10T11:00:00+08:00", "-1h0m0s"},
	} {
		got, err := cal.Between(at(t, c.from), at(t, c.to))
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got.String(), c.name)
	}
	// An answer at the end of a span is that end, not the next beginning.
	due, err := cal.Add(at(t, "2025-06-10T17:00:00+08:00"), time.Hour)
	require.NoError(t, err)
	require.Equal(t, at(t, "2025-06-10T18:00:00+08:00"), due)
	open, err := cal.NextOpen(due)
	require.NoError(t, err)
	require.Equal(t, at(t, "2025-06-11T09:00:00+08:00"), open)
}

// A shop open on Saturdays closes on a public holiday that falls on one.
func TestHolidaysOnWeekends(t *testing.T) {
	t.Parallel()
	var week [7][]worktime.Hours
	for d := range week {
		week[d] = []worktime.Hours{{From: hm(10, 0), To: hm(20, 0)}}
	}
	cal, err := worktime.Compile(worktime.Spec{Zone: "Europe/Moscow", Country: "RU", Week: week})
	require.NoError(t, err)
	for day, want := range map[string]worktime.Kind{"2025-03-01": worktime.KindWork, "2025-03-08": worktime.KindOff, "2025-02-23": worktime.KindOff, "2025-03-09": worktime.KindWork} {
		got, err := cal.Kind(date.MustParseISO(day))
		require.NoError(t, err)
		require.Equal(t, want, got, day)
	}
}

func TestNightShifts(t *testing.T) {
	t.Parallel()
	cal, err := worktime.Compile(worktime.Spec{Zone: "Europe/Berlin", First: 2025, Last: 2025,
		Week: worktime.Weekdays(worktime.Hours{From: hm(22, 0), To: hm(6, 0)}),
		Dates: map[date.Date]worktime.Day{
			date.New(2025, time.March, 29):   {Hours: []worktime.Hours{{From: hm(22, 0), To: hm(6, 0)}}}, // the night the clocks go forward
			date.New(2025, time.October, 25): {Hours: []worktime.Hours{{From: hm(22, 0), To: hm(6, 0)}}},
			date.New(2025, time.May, 2):      {Off: true},
		}})
	require.NoError(t, err)
	for day, want := range map[string]time.Duration{
		"2025-03-28": 8 * time.Hour, "2025-03-29": 7 * time.Hour, "2025-10-25": 9 * time.Hour, "2025-05-02": 0, "2025-05-03": 0,
	} {
		d := date.MustParseISO(day)
		cards, err := cal.Timecard(d, d, nil)
		require.NoError(t, err)
		require.Equal(t, want, cards[0].Planned, day)
	}
	// Friday's shift runs into Saturday.
	open, err := cal.Open(at(t, "2025-03-15T05:59:59+01:00"))
	require.NoError(t, err)
	require.True(t, open)
}

func TestTimecardOfOneOperator(t *testing.T) {
	t.Parallel()
	cal := office(t, "Asia/Irkutsk", "RU")
	tue := date.New(2025, time.June, 10)
	cards, err := cal.Timecard(tue, tue+2, []worktime.Span{
		{From: at(t, "2025-06-10T10:00:00+08:00"), To: at(t, "2025-06-10T19:00:00+08:00")},
		{From: at(t, "2025-06-10T11:00:00+08:00"), To: at(t, "2025-06-10T12:00:00+08:00")}, // the second telephone
		{From: at(t, "2025-06-12T10:00:00+08:00"), To: at(t, "2025-06-12T11:00:00+08:00")}, // Russia Day
	})
	require.NoError(t, err)
	require.Equal(t, []worktime.DayCard{
		{Date: tue, Planned: 9 * time.Hour, Worked: 9 * time.Hour, Overtime: time.Hour, Absent: time.Hour},
		{Date: tue + 1, Planned: 8 * time.Hour, Absent: 8 * time.Hour},
		{Date: tue + 2, Worked: time.Hour, Overtime: time.Hour},
	}, cards)
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	week := worktime.Weekdays(worktime.Hours{From: hm(9, 0), To: hm(18, 0)})
	for name, c := range map[string]struct {
		spec  worktime.Spec
		field string
	}{
		"no zone":           {worktime.Spec{Country: "RU"}, "zone"},
		"machine's zone":    {worktime.Spec{Zone: "Local", Country: "RU"}, "zone"},
		"unknown zone":      {worktime.Spec{Zone: "Mars/Olympus", Country: "RU"}, "zone"},
		"unknown country":   {worktime.Spec{Zone: "UTC", Country: "XX"}, "country"},
		"no years":          {worktime.Spec{Zone: "UTC", Week: week}, "first"},
		"year not loaded":   {worktime.Spec{Zone: "UTC", Country: "RU", Last: 2027}, "years"},
		"reversed years":    {worktime.Spec{Zone: "UTC", First: 2026, Last: 2025}, "first"},
		"short year":        {worktime.Spec{Zone: "UTC", Country: "RU", Years: map[int]string{2027: "ww"}}, "years"},
		"unknown letter":    {worktime.Spec{Zone: "UTC", Country: "RU", Years: map[int]string{2027: fmt.Sprintf("%0365d", 0)}}, "years"},
		"overlapping hours": {worktime.Spec{Zone: "UTC", Country: "RU", Week: worktime.Weekdays(worktime.Hours{From: hm(9, 0), To: hm(13, 0)}, worktime.Hours{From: hm(12, 0), To: hm(18, 0)})}, "week.Monday"},
		"no such hour":      {worktime.Spec{Zone: "UTC", Country: "RU", Week: worktime.Weekdays(worktime.Hours{From: hm(25, 0), To: hm(9, 0)})}, "week.Monday"},
		"negative short":    {worktime.Spec{Zone: "UTC", Country: "RU", Short: -1}, "short"},
		"date outside":      {worktime.Spec{Zone: "UTC", Country: "RU", Dates: map[date.Date]worktime.Day{date.New(1999, 1, 1): {}}}, "dates"},
		"off with hours":    {worktime.Spec{Zone: "UTC", Country: "RU", Dates: map[date.Date]worktime.Day{date.New(2025, 1, 1): {Off: true, Hours: week[1]}}}, "dates"},
	} {
		_, err := worktime.Compile(c.spec)
		var invalid *worktime.InvalidError
		require.ErrorAs(t, err, &invalid, name)
		require.Equal(t, c.field, invalid.Field, name)
		require.NotEmpty(t, invalid.Text("en"), name)
		require.NotEqual(t, invalid.Text("en"), invalid.Text("ru"), name)
	}
	_, err := worktime.Compile(worktime.Spec{Zone: "Mars/Olympus", Country: "RU"})
	require.ErrorContains(t, err, "time/tzdata")

	cal := office(t, "UTC", "RU")
	var outside *worktime.RangeError
	var invalid *worktime.InvalidError
	noon := at(t, "2025-06-10T12:00:00Z")
	_, err = cal.Add(noon, -time.Second)
	require.ErrorAs(t, err, &invalid)
	for name, call := range map[string]func() error{
		"Add before":       func() error { _, err := cal.Add(at(t, "2023-12-31T23:59:59Z"), 0); return err },
		"Add beyond":       func() error { _, err := cal.Add(noon, 1e5*time.Hour); return err },
		"Add far away":     func() error { _, err := cal.Add(time.Unix(1<<60, 0), 0); return err },
		"Between":          func() error { _, err := cal.Between(noon, time.Time{}); return err },
		"Open at the end":  func() error { _, err := cal.Open(at(t, "2027-01-01T00:00:00Z")); return err },
		"NextOpen too far": func() error { _, err := cal.NextOpen(at(t, "2026-12-31T20:00:00Z")); return err },
		"Kind":             func() error { _, err := cal.Kind(date.New(2027, 1, 1)); return err },
		"Kind far away":    func() error { _, err := cal.Kind(date.Max()); return err },
		"Timecard": func() error {
			_, err := cal.Timecard(date.New(2026, 12, 31), date.New(2027, 1, 1), nil)
			return err
		},
	} {
		require.ErrorAs(t, call(), &outside, name)
		require.Equal(t, [2]int{2024, 2026}, [2]int{outside.First, outside.Last}, name)
		require.NotEqual(t, outside.Text("en"), outside.Text("ru"), name)
	}
	_, err = cal.Timecard(date.New(2025, 1, 2), date.New(2025, 1, 1), nil)
	require.ErrorAs(t, err, &invalid)
	_, err = cal.Timecard(date.New(2025, 1, 1), date.New(2025, 1, 1), []worktime.Span{{From: noon, To: noon.Add(-1)}})
	require.ErrorAs(t, err, &invalid)

	// A week without hours is told at once.
	never, err := worktime.Compile(worktime.Spec{Zone: "UTC", Country: "RU"})
	require.NoError(t, err)
	_, err = never.Add(noon, time.Second)
	require.ErrorAs(t, err, &outside)
}

// zones have clock changes of every kind, and none.
var zones = []string{
	"UTC", "Asia/Irkutsk", "Asia/Almaty", "Europe/Minsk", "Europe/Berlin", "America/New_York",
	"Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Pacific/Chatham",
}

// A world is a random calendar with the definitions it was made of.
type world struct {
	cal  *worktime.Calendar
	spec worktime.Spec
	loc  *time.Location
}

func drawWorld(t *rapid.T) world {
	spec := worktime.Spec{
		Zone:    rapid.SampledFrom(zones).Draw(t, "zone"),
		Country: rapid.SampledFrom([]string{"RU", "KZ", "BY"}).Draw(t, "country"),
		Short:   time.Duration(rapid.IntRange(1, 180).Draw(t, "short")) * time.Minute,
		Dates:   map[date.Date]worktime.Day{},
	}
	for d := range spec.Week {
		spec.Week[d] = drawHours(t)
	}
	for range rapid.IntRange(0, 3).Draw(t, "own dates") {
		d := date.New(2025, time.March, 1) + date.Date(rapid.IntRange(0, 260).Draw(t, "date"))
		spec.Dates[d] = worktime.Day{Hours: drawHours(t)}
	}
	cal, err := worktime.Compile(spec)
	require.NoError(t, err)
	loc, err := time.LoadLocation(spec.Zone)
	require.NoError(t, err)
	return world{cal, spec, loc}
}

func drawHours(t *rapid.T) []worktime.Hours {
	quarter := func(n int) clock.Clock { return clock.Clock(n) * 15 * clock.Minute }
	switch rapid.IntRange(0, 4).Draw(t, "day") {
	case 0:
		return nil
	case 1:
		return []worktime.Hours{{}} // the whole day
	case 2: // with lunch
		from := rapid.IntRange(0, 60).Draw(t, "from")
		return []worktime.Hours{{From: quarter(from + 18), To: quarter(from + 30)}, {From: quarter(from), To: quarter(from + 16)}}
	default:
		return []worktime.Hours{{From: quarter(rapid.IntRange(0, 95).Draw(t, "from")), To: quarter(rapid.IntRange(0, 96).Draw(t, "to"))}}
	}
}

func drawInstant(t *rapid.T, name string) time.Time {
	return time.UnixMicro(rapid.Int64Range(
		time.Date(2024, 1, 3, 0, 0, 0, 0, time.UTC).UnixMicro(),
		time.Date(2026, 12, 28, 0, 0, 0, 0, time.UTC).UnixMicro()).Draw(t, name)).UTC()
}

// Laws 1 to 4.
func TestLawsOfAdd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		start := drawInstant(t, "t")
		a := time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "a")) * time.Microsecond
		b := time.Duration(rapid.Int64Range(0, 4e11).Draw(t, "b")) * time.Microsecond
		mid, err := w.cal.Add(start, a)
		if err != nil {
			var outside *worktime.RangeError
			require.ErrorAs(t, err, &outside)
			return
		}
		spent, err := w.cal.Between(start, mid)
		require.NoError(t, err)
		require.Equal(t, a, spent, "law 1")
		if a > 0 { // the earliest: a microsecond before, it was not done
			less, err := w.cal.Between(start, mid.Add(-time.Microsecond))
			require.NoError(t, err)
			require.Less(t, less, a)
		}
		end, err1 := w.cal.Add(mid, b)
		sum, err2 := w.cal.Add(start, a+b)
		require.Equal(t, err1 == nil, err2 == nil)
		if err1 == nil {
			require.Equal(t, sum, end, "law 2")
			require.False(t, end.Before(mid), "law 4")
		}
		x, y := drawInstant(t, "x"), drawInstant(t, "y")
		sx, err := w.cal.Between(start, x)
		require.NoError(t, err)
		xy, err := w.cal.Between(x, y)
		require.NoError(t, err)
		sy, err := w.cal.Between(start, y)
		require.NoError(t, err)
		require.Equal(t, sy, sx+xy, "law 3")
		if !x.Before(start) {
			if later, err := w.cal.Add(x, a); err == nil {
				require.False(t, later.Before(mid), "law 4")
			}
		}
	})
}

// wall turns a wall time into an instant by looking at every minute: the first that shows it, or,
// in a gap, as far after the gap's beginning.
func (w world) wall(d date.Date, c clock.Clock) time.Time {
	y, m, day := d.Date()
	want := time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Add(time.Duration(c)).Unix()
	shown := func(t int64) int64 {
		_, offset := time.Unix(t, 0).In(w.loc).Zone()
		return t + int64(offset)
	}
	t := want - 15*3600
	for shown(t) < want {
		t += 60
	}
	if shown(t) > want {
		t = t - 60 + want - shown(t-60)
	}
	return time.Unix(t, 0).UTC()
}

// minutes lists the working minutes of a day, in order, from the definitions.
func (w world) minutes(d date.Date) []time.Time {
	hours, cut := w.spec.Week[d.Weekday()], 0
	if own, ok := w.spec.Dates[d]; ok {
		hours = own.Hours
	} else {
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		letter := w.spec.Years[2025][d.YearDay()-1]
		if letter == 'o' && !weekend {
			hours = nil
		}
		if letter != 'o' && weekend {
			hours = w.spec.Week[time.Monday]
		}
		if letter == 's' {
			cut = int(w.spec.Short / time.Minute)
		}
	}
	var out []time.Time
	for _, h := range hours {
		end := d
		if h.To <= h.From {
			end++
		}
		until := w.wall(end, h.To)
		for m := w.wall(d, h.From); m.Before(until); m = m.Add(time.Minute) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out[:max(len(out)-cut, 0)]
}

// Law 5: all agree with counting minute by minute, in ten zones, in weeks with clock changes,
// worked and short Saturdays and moved days.
func TestAgreesWithCountingMinutes(t *testing.T) {
	t.Parallel()
	changes := []date.Date{
		date.New(2025, time.March, 28), date.New(2025, time.October, 24), date.New(2025, time.April, 4), date.New(2025, time.April, 23),
		date.New(2025, time.October, 29), date.New(2025, time.September, 4), date.New(2025, time.March, 7), date.New(2025, time.June, 9),
	}
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.spec.Years = map[int]string{2025: string(rapid.SliceOfN(rapid.SampledFrom([]byte("owws")), 365, 365).Draw(t, "letters"))}
		w.spec.Country, w.spec.First, w.spec.Last = "", 2025, 2025
		cal, err := worktime.Compile(w.spec)
		require.NoError(t, err)
		w.cal = cal
		first := rapid.SampledFrom(changes).Draw(t, "first")
		const days = 4
		open := map[time.Time]bool{}
		planned := make([]int, days)
		for i := -2; i < days+1; i++ {
			for _, m := range w.minutes(first + date.Date(i)) {
				if !open[m] && i >= 0 && i < days {
					planned[i]++
				}
				open[m] = true
			}
		}
		cards, err := w.cal.Timecard(first, first+days-1, nil)
		require.NoError(t, err)
		for i, card := range cards {
			require.Equal(t, time.Duration(planned[i])*time.Minute, card.Planned, "%s %v", card.Date, w.spec.Week)
		}
		from := w.wall(first, 0)
		end := w.wall(first+days, 0)
		x := from.Add(time.Duration(rapid.IntRange(0, days*1380).Draw(t, "x")) * time.Minute)
		count := 0
		for m := x; m.Before(end); m = m.Add(time.Minute) {
			is, err := w.cal.Open(m)
			require.NoError(t, err)
			require.Equal(t, open[m], is, "%s in %s", m.In(w.loc), w.spec.Zone)
			if open[m] {
				count++
			}
		}
		got, err := w.cal.Between(x, end)
		require.NoError(t, err)
		require.Equal(t, time.Duration(count)*time.Minute, got)
		next, err := w.cal.NextOpen(x)
		if err == nil && next.Before(end) {
			for m := x; m.Before(next); m = m.Add(time.Minute) {
				require.False(t, open[m])
			}
			require.True(t, open[next.Truncate(time.Minute)])
		}
	})
}

// Law 6.
func TestAlwaysOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var week [7][]worktime.Hours
		for d := range week {
			week[d] = []worktime.Hours{{}}
		}
		cal, err := worktime.Compile(worktime.Spec{Zone: rapid.SampledFrom(zones).Draw(t, "zone"), Week: week, First: 2024, Last: 2026})
		require.NoError(t, err)
		a, b := drawInstant(t, "a"), drawInstant(t, "b")
		got, err := cal.Between(a, b)
		require.NoError(t, err)
		require.Equal(t, b.Sub(a), got)
	})
}

// Law 7.
func TestTimecardAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		first := date.New(2025, time.March, 20) + date.Date(rapid.IntRange(0, 240).Draw(t, "first"))
		last := first + 6
		from, end := w.wall(first, 0), w.wall(last+1, 0)
		var spans []worktime.Span
		for range rapid.IntRange(0, 6).Draw(t, "spans") {
			a := from.Add(time.Duration(rapid.IntRange(0, int(end.Sub(from)/time.Minute)).Draw(t, "a")) * time.Minute)
			b := a.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "length")) * time.Minute)
			if b.After(end) {
				b = end
			}
			spans = append(spans, worktime.Span{From: a, To: b})
		}
		cards, err := w.cal.Timecard(first, last, spans)
		require.NoError(t, err)
		var planned, workedSum time.Duration
		for i, c := range cards {
			require.Equal(t, first+date.Date(i), c.Date)
			require.Equal(t, c.Planned, c.Worked-c.Overtime+c.Absent)
			require.GreaterOrEqual(t, c.Absent, time.Duration(0))
			require.GreaterOrEqual(t, c.Overtime, time.Duration(0))
			planned += c.Planned
			workedSum += c.Worked
		}
		union := time.Duration(0)
		carried := false // hours of the day before the first, worked in range
		for m := from; m.Before(end); m = m.Add(time.Minute) {
			for _, s := range spans {
				if !m.Before(s.From) && m.Before(s.To) {
					union += time.Minute
					break
				}
			}
		}
		before, err := w.cal.Timecard(first-1, first-1, spans)
		require.NoError(t, err)
		carried = before[0].Worked > 0
		after, err := w.cal.Timecard(last, last, nil)
		require.NoError(t, err)
		if !carried {
			require.Equal(t, union, workedSum)
		}
		between, err := w.cal.Between(from, end)
		require.NoError(t, err)
		openAtStart, _ := w.cal.Open(from)
		openAtEnd, _ := w.cal.Open(end)
		if !openAtStart && !openAtEnd && after[0].Planned >= 0 {
			require.Equal(t, between, planned)
		}
	})
}

func TestYearsReplaceWhatIsBuiltIn(t *testing.T) {
	t.Parallel()
	year := ""
	for d := date.New(2027, time.January, 1); d < date.New(2028, time.January, 1); d++ {
		year += map[bool]string{true: "o", false: "w"}[d.Weekday() == time.Saturday || d.Weekday() == time.Sunday]
	}
	cal, err := worktime.Compile(worktime.Spec{Zone: "Europe/Moscow", Country: "RU", Years: map[int]string{2027: year},
		Week: worktime.Weekdays(worktime.Hours{From: hm(9, 0), To: hm(18, 0)})})
	require.NoError(t, err)
	due, err := cal.Add(at(t, "2026-12-30T17:00:00+03:00"), 2*time.Hour)
	require.NoError(t, err)
	require.Equal(t, at(t, "2027-01-01T10:00:00+03:00"), due, "that year's letters list no holiday")
}

// FuzzAdd: no bytes make a calendar panic, and laws 1 and 2 hold wherever it answers.
func FuzzAdd(f *testing.F) {
	f.Add("Asia/Irkutsk", "RU", int64(1749600000000000), int64(30_000_000), uint16(540), uint16(1080), uint8(0))
	f.Add("Africa/Cairo", "", int64(1745500000000000), int64(1), uint16(0), uint16(0), uint8(3))
	f.Add("Pacific/Apia", "", int64(1325200000000000), int64(86_400_000_000), uint16(1320), uint16(360), uint8(255))
	f.Fuzz(func(t *testing.T, zone, country string, at, work int64, from, to uint16, days uint8) {
		spec := worktime.Spec{Zone: zone, Country: country}
		if country == "" {
			spec.First, spec.Last = time.UnixMicro(at).UTC().Year(), time.UnixMicro(at).UTC().Year()
		}
		for d := range spec.Week {
			if days&(1<<d) == 0 {
				spec.Week[d] = []worktime.Hours{{From: clock.Clock(from) * clock.Minute, To: clock.Clock(to) * clock.Minute}}
			}
		}
		cal, err := worktime.Compile(spec)
		if err != nil {
			return
		}
		start, d := time.UnixMicro(at).UTC(), time.Duration(work)*time.Microsecond
		mid, err := cal.Add(start, d)
		if err != nil {
			return
		}
		spent, err := cal.Between(start, mid)
		require.NoError(t, err)
		require.Equal(t, d, spent)
		half, err := cal.Add(start, d/2)
		require.NoError(t, err)
		end, err := cal.Add(half, d-(d/2).Truncate(time.Microsecond))
		require.NoError(t, err)
		require.Equal(t, mid, end)
	})
}

func BenchmarkAdd(b *testing.B) {
	cal := office(b, "Asia/Irkutsk", "RU")
	start := time.Date(2025, time.June, 11, 3, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = cal.Add(start, 30*time.Second)
	}
}

func BenchmarkBetween(b *testing.B) {
	cal := office(b, "Asia/Irkutsk", "RU")
	start := time.Date(2025, time.June, 11, 3, 0, 0, 0, time.UTC)
	end := start.AddDate(0, 3, 0)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = cal.Between(start, end)
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		office(b, "Asia/Irkutsk", "RU")
	}
}
