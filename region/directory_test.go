package region

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func testOffices() []Office {
	return []Office{
		{ID: "irk", Name: "Иркутск", Address: "ул. Ленина, 1", Calendar: "cal-irk", Zone: "Asia/Irkutsk", Serves: []Area{{"RU-IRK", ""}, {"RU-BU", ""}}},
		{ID: "bratsk", Name: "Братск", Address: "ул. Мира, 2", Calendar: "cal-bratsk", Zone: "Asia/Irkutsk", Serves: []Area{{"RU-IRK", "г. Братск"}}},
		{ID: "msk", Name: "Москва", Address: "ул. Тверская, 3", Calendar: "cal-msk", Serves: []Area{{"RU-MOW", ""}}},
		{ID: "khimki", Name: "Химки", Serves: []Area{{"RU-MOS", "Химки"}, {"RU-MOS", ""}}},
		{ID: "spb", Name: "Петербург", Address: "Невский пр., 4", Serves: []Area{{"RU-SPE", "Санкт-Петербург"}, {"RU-LEN", ""}}},
		{ID: "head", Name: "Центр"},
	}
}

func testDirectory(t testing.TB) *Directory {
	t.Helper()
	d, err := NewDirectory(testOffices(), "head")
	require.NoError(t, err)
	return d
}

func TestDirectoryOffice(t *testing.T) {
	t.Parallel()
	d := testDirectory(t)
	for _, tt := range []struct {
		place  Place
		office OfficeID
		match  Match
	}{
		{PlaceOf("", "RU-IRK"), "irk", MatchSubdivision},
		{PlaceOf("Ангарск", "RU-IRK"), "irk", MatchSubdivision},
		{PlaceOf("братск", "RU-IRK"), "bratsk", MatchLocality},
		{PlaceOf("", "RU-MOW"), "msk", MatchSubdivision},
		{PlaceOf("", "RU-MOS", "RU-MOW"), "", MatchAmbiguous},
		{PlaceOf("", "RU-LEN", "RU-SPE"), "spb", MatchSubdivision},
		{Place{Subdivisions: []Subdivision{"RU-SPE"}}, "spb", MatchLocality},
		{PlaceOf("", "RU-BU", "RU-IRK"), "irk", MatchSubdivision},
		{PlaceOf("", "RU-AMU", "RU-IRK"), "", MatchAmbiguous},
		{PlaceOf("", "RU-AMU"), "head", MatchFallback},
		{PlaceOf("", "RU-AMU", "RU-ZAB"), "head", MatchFallback},
		{Place{Country: "RU"}, "head", MatchFallback},
		{Place{}, "head", MatchFallback},
	} {
		o, m := d.Office(tt.place)
		require.Equal(t, tt.match, m, tt.place)
		require.Equal(t, tt.office, o.ID, tt.place)
	}
	none, err := NewDirectory(testOffices(), "")
	require.NoError(t, err)
	o, m := none.Office(PlaceOf("", "RU-AMU"))
	require.Equal(t, MatchNone, m)
	require.Empty(t, o)
	var empty *Directory
	_, m = empty.Office(PlaceOf("", "RU-AMU"))
	require.Equal(t, MatchNone, m)
	require.Nil(t, empty.In("RU-IRK"))

	// What is returned is the caller's.
	o, _ = d.Office(PlaceOf("", "RU-IRK"))
	o.Serves[0].Subdivision = "RU-AMU"
	o, _ = d.Office(PlaceOf("", "RU-IRK"))
	require.Equal(t, Subdivision("RU-IRK"), o.Serves[0].Subdivision)
}

func TestDirectoryIn(t *testing.T) {
	t.Parallel()
	var ids []OfficeID
	for _, o := range testDirectory(t).In("RU-IRK") {
		ids = append(ids, o.ID)
	}
	require.Equal(t, []OfficeID{"bratsk", "irk"}, ids)
	require.Empty(t, testDirectory(t).In("RU-AMU"))
}

func TestNewDirectoryProblems(t *testing.T) {
	t.Parallel()
	_, err := NewDirectory([]Office{
		{ID: "a", Serves: []Area{{"RU-IRK", ""}}},
		{ID: "a", Zone: "Asia/Atlantis"},
		{ID: " "},
		{ID: "b", Serves: []Area{{"RU-IRK", ""}, {"RU-XXX", ""}, {"", "Братск"}, {"US-CA", ""}}},
		{ID: "c", Zone: "America/New_York", Serves: []Area{{"RU-KO", "Ухта"}, {"RU-KO", "г. Ухта"}}},
		{ID: "d", Serves: []Area{{"RU-KO", "УХТА"}}},
	}, "z")
	var config *ConfigError
	require.ErrorAs(t, err, &config)
	require.Equal(t, []Problem{
		{1, "id", "a", "duplicate"},
		{1, "zone", "Asia/Atlantis", "unknown"},
		{2, "id", "", "empty"},
		{3, "serves", "RU-IRK", "taken"},
		{3, "serves", "RU-XXX", "unknown"},
		{3, "serves", "", "unknown"},
		{5, "serves", "RU-KO УХТА", "taken"},
		{6, "fallback", "z", "unknown"},
	}, config.Problems)
}

func drawPlace(t *rapid.T) Place {
	s := rapid.SliceOfN(rapid.SampledFrom([]Subdivision{"RU-IRK", "RU-BU", "RU-MOW", "RU-MOS", "RU-SPE", "RU-LEN", "RU-AMU", "UA-43"}), 0, 2).Draw(t, "subdivisions")
	p := PlaceOf(rapid.SampledFrom([]string{"", "Братск", "Москва"}).Draw(t, "locality"), s...)
	if p.Country == "" {
		p.Country = rapid.SampledFrom([]string{"", "RU", "DE"}).Draw(t, "country")
	}
	return p
}

// Law 7: every place has one key, and counts by key add up. Law 8: an ambiguous place whose
// candidates share an office has that office.
func TestDirectoryLaws(t *testing.T) {
	t.Parallel()
	d := testDirectory(t)
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.SliceOfN(rapid.Custom(drawPlace), 0, 20).Draw(t, "places")
		count := map[Key]int{}
		for _, p := range places {
			k := d.Key(p)
			require.Equal(t, k, d.Key(p))
			count[k]++
			require.NotEmpty(t, k.Label("ru"))

			o, m := d.Office(p)
			require.Equal(t, o.ID, k.Office)
			alone := map[OfficeID]bool{}
			for _, s := range p.Subdivisions {
				q := p
				q.Subdivisions = []Subdivision{s}
				one, _ := d.Office(q)
				alone[one.ID] = true
			}
			if p.Ambiguous() {
				require.Equal(t, len(alone) > 1, m == MatchAmbiguous, "%v", p)
			}
			if len(alone) == 1 {
				require.True(t, alone[o.ID])
			}
		}
		sum, keys := 0, make([]Key, 0, len(count))
		for k, n := range count {
			sum += n
			keys = append(keys, k)
		}
		require.Equal(t, len(places), sum)
		slices.SortFunc(keys, Key.Compare)
		for i := range keys {
			require.True(t, i == 0 || keys[i-1].Compare(keys[i]) < 0)
		}
	})
}

func TestDirectoryKey(t *testing.T) {
	t.Parallel()
	d := testDirectory(t)
	require.Equal(t, Key{Office: "head"}, d.Key(Place{}))
	require.Equal(t, "неизвестно", d.Key(Place{}).Label("ru"))
	require.Equal(t, Key{Country: "RU", Region: "RU-MOS,RU-MOW"}, d.Key(PlaceOf("", "RU-MOW", "RU-MOS")))
	require.Equal(t, "Москва или Московская область", d.Key(PlaceOf("", "RU-MOW", "RU-MOS")).Label("ru"))
	// By its number or by its name, one key.
	r, err := detector(t, Config{}).Detect("8 869 255-12-34")
	require.NoError(t, err)
	require.Equal(t, "RU", r.Country)
	require.Equal(t, d.Key(PlaceOf("", "UA-40")), d.Key(r.Place))
}
