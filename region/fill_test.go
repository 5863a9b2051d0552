package region

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func whys(fields []Field) map[string]string {
	m := map[string]string{}
	for _, f := range fields {
		m[f.Name] = f.Value + " " + f.Source.String() + " " + f.Why.String()
	}
	return m
}

func TestFill(t *testing.T) {
	t.Parallel()
	d := detector(t, Config{Plan: testPlan(t), DIDs: testDIDs(t)})
	dir := testDirectory(t)

	bratsk := d.Resolve(Inquiry{Caller: "8 395 330-00-00"})
	got, fields := Fill(Record{Zone: " \t"}, bratsk, dir)
	require.Equal(t, Record{
		Country: "RU", Subdivision: "RU-IRK", Locality: "Братск", Zone: "Asia/Irkutsk",
		Office: "bratsk", MeetingPlace: "ул. Мира, 2", Calendar: "cal-bratsk",
	}, got)
	require.Equal(t, map[string]string{
		"country": "RU area_code written", "subdivision": "RU-IRK area_code written", "locality": "Братск area_code written",
		"zone": "Asia/Irkutsk area_code written", "office": "bratsk area_code written", "meeting_place": "ул. Мира, 2 area_code written",
		"calendar": "cal-bratsk area_code written",
		"group":    " none unknown", "page": " none unknown", "channel": " none unknown",
	}, whys(fields))

	// An ambiguous lead is left alone.
	moscow := d.Resolve(Inquiry{Caller: "8 916 123-45-67"})
	got, fields = Fill(Record{}, moscow, dir)
	require.Equal(t, Record{}, got)
	require.Equal(t, "RU-MOS,RU-MOW mobile_range ambiguous", whys(fields)["subdivision"])
	require.Equal(t, "Europe/Moscow mobile_range ambiguous", whys(fields)["zone"])
	require.Equal(t, " mobile_range ambiguous", whys(fields)["office"])

	// A record that is elsewhere keeps its own office and meeting place.
	got, fields = Fill(Record{Subdivision: "RU-MOW"}, bratsk, dir)
	require.Equal(t, Record{Subdivision: "RU-MOW", Office: "msk", MeetingPlace: "ул. Тверская, 3", Calendar: "cal-msk"}, got)
	require.Equal(t, "Братск area_code contradicts", whys(fields)["locality"])
	require.Equal(t, "Asia/Irkutsk area_code contradicts", whys(fields)["zone"])
	require.Equal(t, "msk explicit written", whys(fields)["office"])

	// An office of another place gives no meeting place.
	got, fields = Fill(Record{Office: "msk"}, bratsk, dir)
	require.Equal(t, "", got.MeetingPlace)
	require.Equal(t, "ул. Мира, 2 area_code contradicts", whys(fields)["meeting_place"])
	// It does where nothing else is known.
	got, _ = Fill(Record{Office: "msk"}, Verdict{}, dir)
	require.Equal(t, Record{Office: "msk", MeetingPlace: "ул. Тверская, 3", Calendar: "cal-msk"}, got)

	// A calendar of another office keeps this one out.
	got, fields = Fill(Record{Calendar: "cal-msk"}, bratsk, dir)
	require.Equal(t, OfficeID(""), got.Office)
	require.Equal(t, "bratsk area_code contradicts", whys(fields)["office"])

	// Whether the record's town lies in the number's region is unknown.
	irk := d.Resolve(Inquiry{Caller: "8 914 000-00-00"})
	got, fields = Fill(Record{Locality: "Москва"}, irk, dir)
	require.Equal(t, Subdivision(""), got.Subdivision)
	require.Equal(t, " none unknown", whys(fields)["subdivision"])
	got, _ = Fill(Record{Locality: "г. Братск"}, bratsk, dir)
	require.Equal(t, Subdivision("RU-IRK"), got.Subdivision)

	// The fallback office is nobody's.
	amur := d.Resolve(Inquiry{Explicit: PlaceOf("", "RU-AMU")})
	got, fields = Fill(Record{}, amur, dir)
	require.Equal(t, Record{Country: "RU", Subdivision: "RU-AMU", Zone: "Asia/Yakutsk"}, got)
	require.Equal(t, " none unknown", whys(fields)["office"])

	// The dialled number: what is wanted in Sochi, on the customer's clock.
	sochi := d.Resolve(Inquiry{Called: "8 862 555-10-01", Caller: "8 914 000-00-00"})
	got, _ = Fill(Record{}, sochi, dir)
	require.Equal(t, Record{
		Country: "RU", Subdivision: "RU-KDA", Locality: "Сочи", Zone: "Asia/Irkutsk", Group: "sea", Page: "/sochi", Channel: "banner",
	}, got)
	got, fields = Fill(Record{Group: "guests"}, sochi, dir)
	require.Equal(t, "", got.Page)
	require.Equal(t, "banner", got.Channel)
	require.Equal(t, "/sochi did contradicts", whys(fields)["page"])

	// More than one clock is none.
	sakha := d.Resolve(Inquiry{Explicit: PlaceOf("", "RU-SA")})
	got, fields = Fill(Record{}, sakha, nil)
	require.Equal(t, Record{Country: "RU", Subdivision: "RU-SA"}, got)
	require.Equal(t, "Asia/Srednekolymsk,Asia/Vladivostok,Asia/Yakutsk explicit ambiguous", whys(fields)["zone"])
}

// Law 6: Fill writes blank fields only, never from an ambiguous place, never the fallback office,
// never against what is there; twice is once.
func TestFillLaws(t *testing.T) {
	t.Parallel()
	d := detector(t, Config{Plan: testPlan(t), DIDs: testDIDs(t)})
	dir := testDirectory(t)
	served := map[OfficeID]Office{}
	for _, o := range testOffices() {
		served[o.ID] = o
	}
	rapid.Check(t, func(t *rapid.T) {
		blankOr := func(label string, values ...string) string {
			return rapid.SampledFrom(append([]string{"", "", " "}, values...)).Draw(t, label)
		}
		r := Record{
			Country: blankOr("country", "RU", "KZ"), Subdivision: Subdivision(blankOr("subdivision", "RU-IRK", "RU-MOW", "KZ-75", "UA-43")),
			Locality: blankOr("locality", "Братск", "Москва", "Химки"), Zone: blankOr("zone", "Asia/Chita"), Office: OfficeID(blankOr("office", "irk", "msk", "gone")),
			MeetingPlace: blankOr("meeting", "у банка"), Calendar: blankOr("calendar", "cal-irk", "cal-x"), Group: GroupID(blankOr("group", "sea", "hills")),
			Page: blankOr("page", "/p"), Channel: blankOr("channel", "tv"),
		}
		v := d.Resolve(Inquiry{
			Explicit: rapid.SampledFrom([]Place{{}, {}, {Country: "RU"}, PlaceOf("", "RU-AMU"), PlaceOf("", "RU-MOS", "RU-MOW"), PlaceOf("Братск", "RU-IRK")}).Draw(t, "explicit"),
			Called:   rapid.SampledFrom([]string{"", "8 862 555-10-01", "8 800 555-35-35"}).Draw(t, "called"),
			Caller:   rapid.SampledFrom([]string{"", "8 914 000-00-00", "8 395 330-00-00", "8 916 123-45-67", "8 727 258-12-34", "8 869 255-12-34", "+49 30 901820", "нет"}).Draw(t, "caller"),
		})
		got, fields := Fill(r, v, dir)
		require.Len(t, fields, 10)

		twice, _ := Fill(got, v, dir)
		require.Equal(t, got, twice)

		before, after := recordValues(r), recordValues(got)
		for i, f := range fields {
			if before[i] != after[i] {
				require.True(t, isBlank(before[i]), f.Name)
				require.Equal(t, WhyWritten, f.Why, f.Name)
				require.Equal(t, after[i], f.Value)
				if v.Ambiguous() && i < 4 {
					require.Fail(t, "written from an ambiguous place", f.Name)
				}
			} else {
				require.NotEqual(t, WhyWritten, f.Why, f.Name)
			}
			require.Equal(t, !isBlank(before[i]), f.Why == WhyAlreadySet)
		}
		if isBlank(r.Office) && !isBlank(got.Office) {
			require.NotEqual(t, OfficeID("head"), got.Office)
			ok := false
			for _, a := range served[got.Office].Serves {
				ok = ok || a.Subdivision == got.Subdivision
			}
			require.True(t, ok, "%s does not serve %s", got.Office, got.Subdivision)
		}
		if isBlank(r.MeetingPlace) && !isBlank(got.MeetingPlace) && !isBlank(got.Office) {
			require.Equal(t, served[got.Office].Address, got.MeetingPlace)
		}
		if isBlank(r.Subdivision) && !isBlank(got.Subdivision) {
			require.Equal(t, []Subdivision{got.Subdivision}, v.Subdivisions)
			require.True(t, isBlank(r.Country) || r.Country == v.Country)
			require.True(t, isBlank(r.Locality) || r.Locality == v.Locality)
		}
	})
}

func recordValues(r Record) []string {
	return []string{
		r.Country, string(r.Subdivision), r.Locality, r.Zone, string(r.Office), r.MeetingPlace, r.Calendar, string(r.Group), r.Page, r.Channel,
	}
}
