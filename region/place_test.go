package region

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests must not depend on the host's

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSubdivisions(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	for s, in := range infos {
		count[s.country()]++
		for _, lang := range []string{"ru", "ru-RU", "en"} {
			name := s.Name(lang)
			require.NotEmpty(t, name)
			got, ok := ParseSubdivision(name)
			require.True(t, ok, name)
			require.Equal(t, s, got, name)
		}
		got, ok := ParseSubdivision(strings.ToLower(string(s)))
		require.True(t, ok)
		require.Equal(t, s, got)
		for _, zone := range in.zones {
			_, err := time.LoadLocation(zone)
			require.NoError(t, err)
		}
	}
	require.Equal(t, map[string]int{"RU": 83, "UA": 6, "GE": 1, "KZ": 20, "BY": 7}, count)
	require.Equal(t, []string{"Europe/Minsk"}, Zones("BY"))
	require.Len(t, Zones("RU"), 24)
	require.Len(t, Zones("KZ"), 7)
	require.Nil(t, Zones("FR"))
	require.Equal(t, "FR-IDF", Subdivision("FR-IDF").Name("ru"))
	require.Nil(t, Subdivision("FR-IDF").Zones())
}

func TestParseSubdivision(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Subdivision{
		"RU-IRK": "RU-IRK", " ru-irk ": "RU-IRK",
		"Иркутская обл.": "RU-IRK", "Иркутская область": "RU-IRK", "иркутская": "RU-IRK", "Irkutsk Region": "RU-IRK",
		"Республика Алтай": "RU-AL", "Алтайский край": "RU-ALT", "Altai Republic": "RU-AL", "Republic of Altai": "RU-AL", "Republic of Tatarstan": "RU-TA", "Altai Territory": "RU-ALT",
		"Кемеровская область - Кузбасс обл.": "RU-KEM", "Кузбасс": "RU-KEM",
		"Ханты - Мансийский - Югра АО": "RU-KHM", "Ханты-Мансийский Автономный округ - Югра АО": "RU-KHM", "Югра": "RU-KHM",
		"Чувашская Республика - Чувашия": "RU-CU", "Чувашия": "RU-CU",
		"Республика Саха /Якутия/": "RU-SA", "Якутия": "RU-SA", "Yakutia": "RU-SA",
		"Республика Северная Осетия - Алания": "RU-SE", "North Ossetia": "RU-SE",
		"Республика Удмуртская": "RU-UD", "Республика Марий Эл": "RU-ME",
		"г. Москва": "RU-MOW", "Город Москва": "RU-MOW", "Москва": "RU-MOW", "Moscow": "RU-MOW",
		"Московская обл.": "RU-MOS", "Moscow Region": "RU-MOS",
		"Ненецкий АО": "RU-NEN", "Ямало-Ненецкий автономный округ": "RU-YAN",
		"Читинская область": "RU-ZAB", "Забайкальский край": "RU-ZAB",
		"Республика Донецкая Народная": "UA-14", "Донецкая Народная Республика": "UA-14", "Республика Крым": "UA-43",
		"Алматы": "KZ-75", "Алматинская область": "KZ-19", "Минск": "BY-HM", "Могилевская область": "BY-MA", "St. Petersburg": "RU-SPE",
	} {
		got, ok := ParseSubdivision(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "область", "АО", "RU-MOR", "Братск", "Иркутск", "Altai", "Россия", "(Иркутская)", "\xff"} {
		got, ok := ParseSubdivision(text)
		require.False(t, ok, "%s: %s", text, got)
	}
}

func FuzzParseSubdivision(f *testing.F) {
	for _, s := range []string{"Иркутская обл.", "ru-irk", "Республика Саха /Якутия/", "Moscow Region", "((", "//", "Ё'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := ParseSubdivision(text)
		if !ok {
			require.Empty(t, s)
			return
		}
		for _, lang := range []string{"ru", "en"} {
			again, ok := ParseSubdivision(s.Name(lang))
			require.True(t, ok)
			require.Equal(t, s, again)
		}
	})
}

func TestPlace(t *testing.T) {
	t.Parallel()
	p := PlaceOf("Братск", "RU-IRK")
	require.Equal(t, Place{Country: "RU", Subdivisions: []Subdivision{"RU-IRK"}, Locality: "Братск", Zones: []string{"Asia/Irkutsk"}}, p)
	require.Equal(t, "Иркутская область, Братск", p.Label("ru"))
	require.Equal(t, "Irkutsk Oblast, Братск", p.Label("en"))
	require.Equal(t, PrecisionLocality, p.Precision())
	require.False(t, p.Ambiguous())

	p = PlaceOf("", "RU-MOW", "RU-MOS", "RU-MOW")
	require.Equal(t, []Subdivision{"RU-MOS", "RU-MOW"}, p.Subdivisions)
	require.Equal(t, []string{"Europe/Moscow"}, p.Zones)
	require.True(t, p.Ambiguous())
	require.Equal(t, PrecisionSubdivision, p.Precision())
	require.Equal(t, "Москва или Московская область", p.Label("ru-RU"))
	require.Equal(t, "Moscow or Moscow Oblast", p.Label("en"))

	p = PlaceOf("", "RU-IRK", "KZ-75")
	require.Empty(t, p.Country)
	require.Equal(t, []string{"Asia/Almaty", "Asia/Irkutsk"}, p.Zones)

	require.Equal(t, "Москва", PlaceOf("", "RU-MOW").Label("ru"))
	require.Equal(t, "Москва", PlaceOf("", "RU-MOW").Locality)
	require.Equal(t, "Россия", Place{Country: "RU"}.Label("ru"))
	require.Equal(t, "Germany", Place{Country: "DE"}.Label("en"))
	require.Equal(t, "XX!", Place{Country: "XX!"}.Label("en"))
	require.Equal(t, PrecisionCountry, Place{Country: "RU"}.Precision())
	require.Equal(t, PrecisionNone, Place{}.Precision())
	require.Equal(t, "unknown", Place{}.Label("en"))
	require.Equal(t, "неизвестно", Place{}.Label("ru"))
	require.Equal(t, "Байконур", Place{Locality: "Байконур"}.Label("en"))
}

func TestPlaceLocation(t *testing.T) {
	t.Parallel()
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	loc, ok := PlaceOf("", "RU-IRK").Location(summer)
	require.True(t, ok)
	require.Equal(t, "20:00", summer.In(loc).Format("15:04"))

	// Kyiv and Moscow tell the same time in summer alone.
	_, ok = PlaceOf("", "UA-14").Location(summer)
	require.True(t, ok)
	_, ok = PlaceOf("", "UA-14").Location(summer.AddDate(0, 6, 0))
	require.False(t, ok)

	// Kazakhstan has kept one time since 2024-03-01.
	kz := Place{Country: "KZ", Zones: Zones("KZ")}
	_, ok = kz.Location(time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC))
	require.False(t, ok)
	loc, ok = kz.Location(time.Date(2024, 3, 2, 12, 0, 0, 0, time.UTC))
	require.True(t, ok)
	_, offset := summer.In(loc).Zone()
	require.Equal(t, 5*3600, offset)

	_, ok = Place{}.Location(summer)
	require.False(t, ok)
	_, ok = Place{Zones: []string{"Mars/Olympus"}}.Location(summer)
	require.False(t, ok)
}

// Values survive JSON.
func TestJSON(t *testing.T) {
	t.Parallel()
	d := detector(t, Config{Plan: testPlan(t), DIDs: testDIDs(t)})
	v := d.Resolve(Inquiry{Explicit: PlaceOf("", "RU-AMU"), Called: "8 800 555-35-35", Caller: "8 916 123-45-67"})
	b, err := json.Marshal(v)
	require.NoError(t, err)
	require.Contains(t, string(b), `"several_subdivisions"`)
	var back Verdict
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, v, back)

	_, fields := Fill(Record{}, v, nil)
	b, err = json.Marshal(fields)
	require.NoError(t, err)
	var again []Field
	require.NoError(t, json.Unmarshal(b, &again))
	require.Equal(t, fields, again)

	var m Match
	require.NoError(t, m.UnmarshalText([]byte(MatchFallback.String())))
	require.Equal(t, MatchFallback, m)
	var p Precision
	require.NoError(t, p.UnmarshalText([]byte("locality")))
	require.Equal(t, PrecisionLocality, p)
	require.Equal(t, &InvalidError{"Source", "guess", "unknown"}, new(Source).UnmarshalText([]byte("guess")))
	require.Equal(t, "9", Line(9).String())
	for r := range ReasonBadNumber + 1 {
		require.Equal(t, r == ReasonNone, r.Text("ru") == "")
		require.Equal(t, r == ReasonNone, r.Text("en") == "")
	}
	require.Equal(t, "77", Reason(77).Text("en"))
}

// Whatever is given, a place's set is sorted and its precision does not fall when more is known.
func TestPlaceOfLaws(t *testing.T) {
	t.Parallel()
	known := make([]Subdivision, 0, len(infos))
	for s := range infos {
		known = append(known, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SliceOfN(rapid.SampledFrom(known), 0, 4).Draw(t, "subdivisions")
		p := PlaceOf(rapid.SampledFrom([]string{"", "Братск"}).Draw(t, "locality"), s...)
		require.IsIncreasing(t, append([]Subdivision{""}, p.Subdivisions...))
		require.IsIncreasing(t, append([]string{""}, p.Zones...))
		require.Equal(t, p, PlaceOf(p.Locality, p.Subdivisions...))
		require.Equal(t, len(s) > 0, p.Precision() >= PrecisionSubdivision && len(p.Subdivisions) > 0)
	})
}
