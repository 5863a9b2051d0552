package region

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	may  = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	july = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
)

func testDIDs(t testing.TB) *DIDs {
	t.Helper()
	dids, err := NewDIDs("", []DID{
		{First: "8 862 555-10-01", Route: Route{Group: "sea", Place: PlaceOf("Сочи", "RU-KDA"), Page: "/sochi", Channel: "banner"}},
		{First: "8 495 555-20-00", Last: "8 495 555-20-99", To: july, Route: Route{Group: "flats", Place: PlaceOf("", "RU-MOW"), Channel: "avito"}},
		{First: "+7 (495) 555-20-50", From: july, Route: Route{Group: "flats", Place: PlaceOf("", "RU-MOW"), Channel: "radio"}},
		{First: "8 800 555-35-35", Route: Route{Group: "guests", Page: "/booked"}},
	})
	require.NoError(t, err)
	return dids
}

func TestDIDsRoute(t *testing.T) {
	t.Parallel()
	dids := testDIDs(t)
	for _, tt := range []struct {
		called string
		at     time.Time
		want   string
	}{
		{"8 862 555-10-01", may, "banner"},
		{"+78625551001", time.Time{}, "banner"},
		{"78625551001", may, "banner"},
		{"8625551001", may, "banner"},
		{"551001", may, "banner"},
		{"51001", may, "banner"},
		{"1001", may, ""},            // four digits are too few
		{"8 862 555-10-02", may, ""}, // nobody's
		{"8 495 555-20-50", may, "avito"},
		{"8 495 555-20-50", july.Add(-time.Nanosecond), "avito"},
		{"8 495 555-20-50", july, "radio"},
		{"8 495 555-20-51", july, ""},
		{"8 495 555-20-50", time.Time{}, ""}, // dated rows only
		{"52050", may, "avito"},
		{"552000", may, "avito"},
		{"552050", july, "radio"},
		{"552051", july, ""},
		{"53535", may, "/booked"},
		{"", may, ""},
		{"secretary", may, ""},
		{"8 862 555-10-01, 8 800 555-35-35", may, ""},
		{"123456789012345678901234567890", may, ""},
	} {
		r, ok := dids.Route(tt.called, tt.at)
		require.Equal(t, tt.want != "", ok, tt.called)
		require.True(t, r.Channel == tt.want || r.Page == tt.want, "%s: %+v", tt.called, r)
	}
	var none *DIDs
	_, ok := none.Route("8 862 555-10-01", may)
	require.False(t, ok)

	// A suffix of two rows is nobody's.
	two, err := NewDIDs("RU", []DID{{First: "8 495 555-10-01"}, {First: "8 499 555-10-01"}})
	require.NoError(t, err)
	_, ok = two.Route("5551001", may)
	require.False(t, ok)
	_, ok = two.Route("95 555-10-01", may)
	require.True(t, ok)

	// Elsewhere.
	us, err := NewDIDs("US", []DID{{First: "212 555 0100", Last: "212 555 0199", Route: Route{Page: "ny"}}})
	require.NoError(t, err)
	r, ok := us.Route("+1 (212) 555-0123", may)
	require.True(t, ok)
	require.Equal(t, "ny", r.Page)
	_, err = NewDIDs("Atlantis", nil)
	require.Error(t, err)
}

func TestNewDIDsProblems(t *testing.T) {
	t.Parallel()
	_, err := NewDIDs("RU", []DID{
		{First: "24-00-00"},
		{First: "8 495 555-10-00", Last: "нет"},
		{First: "8 495 555-10-00", Last: "8 495 555-09-00"},
		{First: "8 495 555-10-00", Last: "+375 29 123-45-67"},
		{First: "8 495 555-10-00", From: july, To: may},
		{First: "8 495 555-10-00", From: july, To: july},
		{First: "8 495 555-11-00", Last: "8 495 555-11-99"},
		{First: "8 495 555-11-50", From: may},
		{First: "8 495 555-12-00", To: july},
		{First: "8 495 555-12-00", From: july},
	})
	var config *ConfigError
	require.ErrorAs(t, err, &config)
	require.Equal(t, []Problem{
		{0, "first", "24-00-00", "too_short"},
		{1, "last", "нет", "not_a_number"},
		{2, "last", "8 495 555-09-00", "order"},
		{3, "last", "+375 29 123-45-67", "order"},
		{4, "to", "2026-05-01T00:00:00Z", "order"},
		{5, "to", "2026-07-01T00:00:00Z", "order"},
		{7, "first", "8 495 555-11-50 (6)", "overlaps"},
	}, config.Problems)
	require.Contains(t, config.Text("ru"), "слишком короткий")
	require.Contains(t, err.Error(), "overlaps")
}

// Law 10: one row at most answers a number at an instant, and it is the one that a scan finds.
func TestDIDsLaws(t *testing.T) {
	t.Parallel()
	instant := rapid.SampledFrom([]time.Time{{}, may, may.AddDate(0, 1, 0), july, july.AddDate(1, 0, 0)})
	rapid.Check(t, func(t *rapid.T) {
		var rows []DID
		for i := range rapid.IntRange(1, 8).Draw(t, "rows") {
			first := rapid.IntRange(0, 30).Draw(t, "first")
			rows = append(rows, DID{
				First: fmt.Sprintf("8 495 555-10-%02d", first), Last: fmt.Sprintf("+7495555%04d", 1000+first+rapid.IntRange(0, 10).Draw(t, "more")),
				From: instant.Draw(t, "from"), To: instant.Draw(t, "to"), Route: Route{Page: fmt.Sprint(i)},
			})
		}
		number := func(s string) int {
			var n int
			_, err := fmt.Sscanf(s[len(s)-2:], "%d", &n)
			require.NoError(t, err)
			return n
		}
		inForce := func(d DID, at time.Time) bool {
			if at.IsZero() {
				return d.From.IsZero() && d.To.IsZero()
			}
			return (d.From.IsZero() || !d.From.After(at)) && (d.To.IsZero() || d.To.After(at))
		}
		dids, err := NewDIDs("RU", rows)
		if err != nil {
			return
		}
		for n := range 45 {
			for _, at := range []time.Time{{}, may.Add(-1), may, july.Add(-1), july, july.AddDate(2, 0, 0)} {
				var want []string
				for _, d := range rows {
					if number(d.First) <= n && n <= number(d.Last) && inForce(d, at) {
						want = append(want, d.Route.Page)
					}
				}
				require.LessOrEqual(t, len(want), 1)
				got, ok := dids.Route(fmt.Sprintf("8495555%04d", 1000+n), at)
				require.Equal(t, len(want) == 1, ok)
				if ok {
					require.Equal(t, want[0], got.Page)
				}
			}
		}
	})
}

func TestResolve(t *testing.T) {
	t.Parallel()
	d := detector(t, Config{Plan: testPlan(t), DIDs: testDIDs(t)})
	sochi := PlaceOf("Сочи", "RU-KDA")

	// A Muscovite asks about Sochi.
	v := d.Resolve(Inquiry{Called: "8 862 555-10-01", Caller: "8 495 123-45-67", At: may})
	require.Equal(t, sochi, v.Place)
	require.Equal(t, SourceDID, v.Source)
	require.True(t, v.Routed)
	require.Equal(t, GroupID("sea"), v.Route.Group)
	require.Equal(t, []string{"Europe/Moscow"}, v.Clock)
	require.True(t, v.Conflict)
	require.Equal(t, []Source{SourceDID, SourceAreaCode}, []Source{v.Evidence[0].Source, v.Evidence[1].Source})

	// A customer of Irkutsk asks about Sochi: the clock is Irkutsk's.
	v = d.Resolve(Inquiry{Called: "8 862 555-10-01", Caller: "8 914 000-00-00", At: may})
	require.Equal(t, sochi, v.Place)
	require.Equal(t, []string{"Asia/Irkutsk"}, v.Clock)

	// The line of guests who have booked names no place: the caller's number does.
	v = d.Resolve(Inquiry{Called: "8 800 555-35-35", Caller: "8 914 000-00-00", At: may})
	require.Equal(t, GroupID("guests"), v.Route.Group)
	require.Equal(t, SourceMobileRange, v.Source)
	require.Equal(t, "Иркутская область", v.Label("ru"))
	require.False(t, v.Conflict)

	// The customer's own word beats all.
	v = d.Resolve(Inquiry{Explicit: Place{Subdivisions: []Subdivision{"RU-ZAB"}}, Called: "8 862 555-10-01", Caller: "8 914 000-00-00"})
	require.Equal(t, SourceExplicit, v.Source)
	require.Equal(t, []string{"Asia/Chita"}, v.Clock)
	require.True(t, v.Conflict)
	require.Len(t, v.Evidence, 3)

	// One that names the country alone is no conflict.
	v = d.Resolve(Inquiry{Explicit: Place{Country: "RU"}, Caller: "8 914 000-00-00"})
	require.False(t, v.Conflict)
	require.Equal(t, Place{Country: "RU"}, v.Place)
	require.Equal(t, []string{"Asia/Irkutsk"}, v.Clock)
	v = d.Resolve(Inquiry{Explicit: Place{Country: "BY"}, Caller: "8 914 000-00-00"})
	require.True(t, v.Conflict)
	require.Equal(t, []string{"Europe/Minsk"}, v.Clock)

	// What cannot be read is evidence that says so.
	v = d.Resolve(Inquiry{Called: "100", Caller: "нет"})
	require.Equal(t, []Evidence{{Source: SourceDID, Reason: ReasonUnresolved}, {Reason: ReasonBadNumber}}, v.Evidence)
	require.Equal(t, SourceNone, v.Source)
	require.Equal(t, ReasonBadNumber, v.Caller.Reason)
	require.Equal(t, Verdict{}, d.Resolve(Inquiry{Called: "  "}))
}

// Law 4: evidence of lower trust never changes the place, and the clock is never the dialled number's.
func TestResolveLaws(t *testing.T) {
	t.Parallel()
	d := detector(t, Config{Plan: testPlan(t), DIDs: testDIDs(t)})
	rapid.Check(t, func(t *rapid.T) {
		q := Inquiry{
			Explicit: rapid.SampledFrom([]Place{{}, {Country: "RU"}, PlaceOf("", "RU-IRK"), PlaceOf("", "RU-MOS", "RU-MOW")}).Draw(t, "explicit"),
			Called:   rapid.SampledFrom([]string{"", "100", "8 862 555-10-01", "8 800 555-35-35"}).Draw(t, "called"),
			Caller:   rapid.SampledFrom([]string{"", "нет", "8 914 000-00-00", "8 395 221-23-45", "+49 30 901820", "+800 1234 5678"}).Draw(t, "caller"),
		}
		v := d.Resolve(q)
		above := Inquiry{}
		for _, step := range []func(){func() { above.Explicit = q.Explicit }, func() { above.Called = q.Called }, func() { above.Caller = q.Caller }} {
			step()
			if w := d.Resolve(above); w.Source != SourceNone {
				require.Equal(t, w.Place, v.Place)
				require.Equal(t, w.Source, v.Source)
			}
		}
		without := q
		without.Called = ""
		require.Equal(t, d.Resolve(without).Clock, v.Clock)
		for i, e := range v.Evidence {
			require.False(t, i > 0 && e.Source > v.Evidence[i-1].Source)
		}
	})
}
