package region

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/internal/phone"
)

// register is a made-up register: DEF as of 2026, ABC as of 2014.
const register = "АВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН\n" +
	"914;0000000;0099999;100000;ООО \"Байкал\";-;Иркутская область;1\n" +
	"914;0100000;0109999;10000;ООО \"Байкал\";-;Забайкальский край;1\n" +
	"914;2700000;2700999;1000;ООО \"Лена\";-;Республика Саха (Якутия);1\n" +
	"916;0000000;9999999;10000000;ПАО Столица;г. Москва и Московская область;Город Москва, Московская область;1\n" +
	"954;0000000;0000099;100;ПАО Страна;-;Российская Федерация;1\n" +
	"955;0000000;0000099;100;ПАО Туман;-;Туманность Андромеды;1\n" +
	"395;2210000;2219999;10000;ООО \"Байкал\";Иркутск |Иркутская область;-;1\n" +
	"395;3300000;3309999;10000;ООО \"Байкал\";-;г. Братск|г.о. город Братск|Иркутская область;1\n" +
	"411;5400000;5400999;1000;ООО \"Лена\";Оймяконский |Республика Саха /Якутия/;-;1\n" +
	"411;3600000;3600999;1000;ООО \"Лена\";Момский |Республика Саха /Якутия/;-;1\n" +
	"346;2200000;2200999;1000;ООО \"Обь\";Сургут |Тюменская область;-;1\n"

func testPlan(t testing.TB) *Plan {
	t.Helper()
	plan, _, err := ReadRegistry(RegistryConfig{Strict: true}, strings.NewReader(register))
	require.NoError(t, err)
	return plan
}

func detector(t testing.TB, c Config) *Detector {
	t.Helper()
	d, err := New(c)
	require.NoError(t, err)
	return d
}

// tell writes what a number tells in one line.
func tell(r Result) string {
	return fmt.Sprintf("%s %s %s|%s|%s|%s %s %s", r.E164, r.Country, r.Label("ru"), r.District, strings.Join(r.Zones, " "), r.Line, r.Source, r.Reason)
}

func TestDetect(t *testing.T) {
	t.Parallel()
	bare, planned := detector(t, Config{}), detector(t, Config{Plan: testPlan(t)})
	for _, tt := range []struct {
		d          *Detector
		text, want string
	}{
		// Area codes.
		{bare, "8 395 221-23-45", "+73952212345 RU Иркутская область||Asia/Irkutsk|fixed area_code no_plan"},
		{planned, "8 395 221-23-45", "+73952212345 RU Иркутская область, Иркутск||Asia/Irkutsk|fixed area_code none"},
		{planned, "8 395 330-00-00", "+73953300000 RU Иркутская область, Братск||Asia/Irkutsk|fixed area_code none"},
		{planned, "8 395 440-00-00", "+73954400000 RU Иркутская область||Asia/Irkutsk|fixed area_code not_in_plan"},
		{bare, "8 (495) 123-45-67", "+74951234567 RU Москва||Europe/Moscow|fixed area_code none"},
		{bare, "8 (496) 123-45-67", "+74961234567 RU Московская область||Europe/Moscow|fixed area_code no_plan"},
		{bare, "8 818 53 1-23-45", "+78185312345 RU Ненецкий автономный округ||Europe/Moscow|fixed area_code no_plan"},
		{planned, "8 346 220-00-00", "+73462200000 RU Ханты-Мансийский автономный округ — Югра||Asia/Yekaterinburg|fixed area_code none"},
		{bare, "8 336 222-10-00", "+73362221000 RU Байконур|||fixed area_code none"},
		{bare, "8 840 222-10-00", "+78402221000 RU Абхазия|||fixed area_code no_plan"},
		// The clocks of Sakha.
		{bare, "8 411 54 2-11-00", "+74115421100 RU Республика Саха (Якутия)||Asia/Ust-Nera|fixed area_code no_plan"},
		{bare, "8 411 22 2-11-00", "+74112221100 RU Республика Саха (Якутия)||Asia/Yakutsk|fixed area_code no_plan"},
		{planned, "8 411 36 0-01-00", "+74113600100 RU Республика Саха (Якутия), Момский район|Момский|Asia/Srednekolymsk|fixed area_code none"},
		{planned, "8 914 270-01-00", "+79142700100 RU Республика Саха (Якутия)||Asia/Srednekolymsk Asia/Vladivostok Asia/Yakutsk|mobile mobile_range none"},
		// Mobiles.
		{bare, "8 914 000-00-00", "+79140000000 RU Россия|||mobile country no_plan"},
		{planned, "8 914 000-00-00", "+79140000000 RU Иркутская область||Asia/Irkutsk|mobile mobile_range none"},
		{planned, "007 914 010-00-00", "+79140100000 RU Забайкальский край||Asia/Chita|mobile mobile_range none"},
		{planned, "+8 914 011-00-00", "+79140110000 RU Россия|||mobile country not_in_plan"},
		{planned, "+7 916 123-45-67", "+79161234567 RU Москва или Московская область||Europe/Moscow|mobile mobile_range several_subdivisions"},
		{planned, "+7 954 000-00-00", "+79540000000 RU Россия|||mobile country nationwide"},
		{planned, "+7 955 000-00-00", "+79550000000 RU Россия|||mobile country unresolved"},
		// No place.
		{planned, "8 800 555-35-35", "+78005553535 RU Россия|||toll_free country non_geographic"},
		{planned, "8 804 555-35-35", "+78045553535 RU Россия|||non_geographic country non_geographic"},
		{planned, "8 344 555-35-35", "+73445553535 RU Россия|||unknown country not_in_plan"},
		// As written by people.
		{planned, "раб 846)231.60.14 *139", "+78462316014 RU Самарская область||Europe/Samara|fixed area_code no_plan"},
		{planned, "８ ３９５ ２２１２３４５", "+73952212345 RU Иркутская область, Иркутск||Asia/Irkutsk|fixed area_code none"},
		{planned, "8 395 221-23-45, 24", "+73952212345 RU Иркутская область, Иркутск||Asia/Irkutsk|fixed area_code none"},
		// Kazakhstan.
		{bare, "8 727 258-12-34", "+77272581234 KZ Алматы||Asia/Almaty|fixed area_code none"},
		{bare, "8 7172 58-12-34", "+77172581234 KZ Астана||Asia/Almaty|fixed area_code none"},
		{bare, "8 72536 4-12-34", "+77253641234 KZ Туркестанская область, Кентау||Asia/Almaty|fixed area_code none"},
		{bare, "8 71031 4-12-34", "+77103141234 KZ Карагандинская область, Шетский район|Шетский|Asia/Almaty|fixed area_code none"},
		{bare, "8 72333 4-12-34", "+77233341234 KZ область Абай, Кокпектинский район|Кокпектинский|Asia/Almaty|fixed area_code none"},
		{bare, "8 71059 4-12-34", "+77105941234 KZ область Улытау||Asia/Almaty|fixed area_code none"},
		{bare, "8 7132 41-23-45", "+77132412345 KZ Актюбинская область||Asia/Aqtobe|fixed area_code none"},
		{bare, "+7 701 234-56-78", "+77012345678 KZ Казахстан||" + strings.Join(Zones("KZ"), " ") + "|mobile country nationwide"},
		{bare, "+7 751 234-56-78", "+77512345678 KZ Казахстан|||non_geographic country non_geographic"},
		// Belarus.
		{bare, "+375 17 212-34-56", "+375172123456 BY Минск||Europe/Minsk|fixed area_code none"},
		{bare, "810 375 29 123-45-67", "+375291234567 BY Беларусь||Europe/Minsk|mobile country nationwide"},
		{bare, "+375 1643 2-34-56", "+375164323456 BY Брестская область, Береза||Europe/Minsk|fixed area_code none"},
		{bare, "+375 177 73-45-67", "+375177734567 BY Минская область, Борисов||Europe/Minsk|fixed area_code none"},
		{bare, "+375 2335 2-34-56", "+375233523456 BY Гомельская область||Europe/Minsk|fixed area_code none"},
		{bare, "8 801 555-35-35", "+78015553535 RU Россия|||non_geographic country non_geographic"},
		{bare, "+375 801 100 1234", "+3758011001234 BY Беларусь|||toll_free country non_geographic"},
		// Other countries.
		{bare, "+49 30 901820", "+4930901820 DE Германия||Europe/Berlin|fixed country no_table"},
		{bare, "+1 212 555 0123", "+12125550123 US Соединенные Штаты||America/New_York|fixed_or_mobile country no_table"},
		{bare, "+1 800 555 0123", "+18005550123 US Соединенные Штаты|||toll_free country non_geographic"},
		{bare, "+800 1234 5678", "+80012345678  неизвестно|||toll_free none non_geographic"},
		// Nothing.
		{planned, "24-00-00", "too_short"},
		{planned, "", "not_a_number"},
		{planned, "нет", "not_a_number"},
		{planned, "8 9I4 000-00-00", "not_a_number"},
		{planned, "+7 (914) ***-**-00", "not_a_number"},
		{planned, "8 914 000-00-00-00", "too_long"},
		{planned, strings.Repeat("8 914 000-00-00 ", 100), "too_long"},
		{planned, "+999 12345678", "unknown_country"},
		{planned, "+7 123 456-78-90", "invalid"},
		{planned, "8 914 000-00-00, 8 914 000-00-01", "several"},
		{planned, "8 914 000-00-00, +7 914 000 00 00", "+79140000000 RU Иркутская область||Asia/Irkutsk|mobile mobile_range none"},
	} {
		r, err := tt.d.Detect(tt.text)
		if err != nil {
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid, tt.text)
			require.Equal(t, InvalidError{"number", tt.text, tt.want}, *invalid)
			require.Equal(t, Result{Reason: ReasonBadNumber}, r)
			continue
		}
		require.Equal(t, tt.want, tell(r), tt.text)
	}
	r, err := planned.Detect("8 395 221-23-45")
	require.NoError(t, err)
	require.Equal(t, "395", r.NDC)
	require.Equal(t, `ООО "Байкал"`, r.Operator)
	require.Equal(t, PrecisionLocality, r.Precision())
}

// Law 3: neither punctuation nor the form matters.
func TestDetectForms(t *testing.T) {
	t.Parallel()
	d := detector(t, Config{Plan: testPlan(t)})
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.OneOf(rapid.SampledFrom([]int{914, 916, 395, 411, 346, 701, 727, 800}), rapid.IntRange(300, 999).Filter(phone.AssignedNDC)).Draw(t, "code")
		digits := fmt.Sprintf("%d%07d", code, rapid.IntRange(0, 9_999_999).Draw(t, "rest"))
		want, err := d.Detect("+7" + digits)
		require.NoError(t, err)
		text := rapid.SampledFrom([]string{"+7", "8", "7", "", "+7 ", "8 ", "8-", "(", " "}).Draw(t, "prefix") + digits[:3]
		for _, c := range digits[3:] {
			text += rapid.SampledFrom([]string{"", "", " ", "-", ".", ")", "\u00a0"}).Draw(t, "gap") + string(c)
		}
		got, err := d.Detect(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	})
}

// Law 5: zones are the union of the subdivisions' or narrower; a Russian mobile without a plan has none.
func TestDetectZones(t *testing.T) {
	t.Parallel()
	bare, planned := detector(t, Config{}), detector(t, Config{Plan: testPlan(t)})
	at := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	offset := func(zone string) int {
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		_, o := at.In(loc).Zone()
		return o
	}
	rapid.Check(t, func(t *rapid.T) {
		nsn := rapid.OneOf(rapid.IntRange(3000000000, 9999999999), rapid.IntRange(9140000000, 9140200000), rapid.IntRange(4110000000, 4119999999)).Draw(t, "nsn")
		number := fmt.Sprintf("+7%d", nsn)
		r, err := planned.Detect(number)
		if err != nil {
			require.Equal(t, 5, nsn/1e9)
			return
		}
		union := map[int]bool{}
		for _, s := range r.Subdivisions {
			for _, z := range s.Zones() {
				union[offset(z)] = true
			}
		}
		for _, z := range r.Zones {
			require.True(t, len(r.Subdivisions) == 0 || union[offset(z)], "%s: %s", number, z)
		}
		if nsn/1e9 == 9 {
			r, err = bare.Detect(number)
			require.NoError(t, err)
			require.Equal(t, "RU", r.Country)
			require.Empty(t, r.Zones)
			require.Equal(t, ReasonNoPlan, r.Reason)
		}
	})
}

// The area codes and the codes that the scanner takes for assigned are the same.
func TestAreaCodesAreAssigned(t *testing.T) {
	t.Parallel()
	for ndc := 300; ndc < 900; ndc++ {
		if first := ndc / 100; first == 3 || first == 4 || first == 8 && ndc/10 != 80 {
			require.Equal(t, phone.AssignedNDC(ndc), areaCodes[ndc] != nil, ndc)
		}
		if first := ndc / 10; first == 71 || first == 72 {
			_, area := longest(kazakhAreas, fmt.Sprintf("%d0000000", ndc))
			require.Equal(t, phone.AssignedNDC(ndc), area != nil, ndc)
		}
	}
	for ndc, p := range areaCodes {
		if p != nil && ndc != 336 {
			require.Len(t, p.Subdivisions, 1, ndc)
			require.NotNil(t, infos[p.Subdivisions[0]], ndc)
		}
	}
}

// Wherever phonenumbers would fall back to its English texts, it is not asked.
func TestPrefixesWithoutText(t *testing.T) {
	t.Parallel()
	country := map[int32]string{7: "Казахстан", 375: "Беларусь"}
	without := map[string]bool{}
	look := func(code int32, from, to, step uint64, prefix int) {
		for nsn := from; nsn < to; nsn += step {
			n := nsn + 23
			p := &phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: &n}
			if phonenumbers.GetNumberType(p) != phonenumbers.FIXED_LINE {
				continue
			}
			text, err := phonenumbers.GetGeocodingForNumber(p, "ru")
			require.NoError(t, err)
			if text == "" || text == country[code] {
				without[fmt.Sprintf("%d%d", code, n)[:prefix]] = true
			}
		}
	}
	look(7, 7100000000, 7300000000, 100_000, 6)
	look(375, 150000000, 240000000, 100_000, 7)
	require.Len(t, without, len(withoutText))
	for _, prefix := range withoutText {
		require.True(t, without[prefix], prefix)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := New(Config{DefaultCountry: "Russia"})
	require.Equal(t, &InvalidError{"country", "Russia", "unknown"}, err)

	us := detector(t, Config{DefaultCountry: "US"})
	r, err := us.Detect("212 555 0123")
	require.NoError(t, err)
	require.Equal(t, "+12125550123", r.E164)
	r, err = us.Detect("+7 395 221-23-45")
	require.NoError(t, err)
	require.Equal(t, []Subdivision{"RU-IRK"}, r.Subdivisions)
	_, err = us.Detect("8 395 221-23-45")
	require.Error(t, err)
}

func TestDetectAllocations(t *testing.T) {
	d := detector(t, Config{Plan: testPlan(t)})
	for _, text := range []string{"8 (914) 000-00-00", "+73952212345", "8 916 123-45-67"} {
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = d.Detect(text) }), 1.0, text)
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range []string{"8 395 221-23-45", "24-00-00", "007 914 010", "раб 846)231.60.14 *139", "810 375 29 1234567", "+7 916 123-45-67/68", "+49 30 901820"} {
		f.Add(s)
	}
	plan := testPlan(f)
	f.Fuzz(func(t *testing.T, text string) {
		d := detector(t, Config{Plan: plan})
		r, err := d.Detect(text)
		if err != nil {
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Text("ru"))
			return
		}
		again, err := d.Detect(r.E164)
		require.NoError(t, err, r.E164)
		require.Equal(t, r, again)
		require.NotEmpty(t, r.Label("ru"))
	})
}

// One Detector serves any number of goroutines.
func TestDetectConcurrently(t *testing.T) {
	t.Parallel()
	d := detector(t, Config{Plan: testPlan(t), DIDs: testDIDs(t)})
	dir := testDirectory(t)
	q := Inquiry{Called: "8 862 555-10-01", Caller: "8 72536 4-12-34"}
	want := d.Resolve(q)
	var wg sync.WaitGroup
	got := make([]Verdict, 8)
	for i := range got {
		wg.Go(func() {
			for range 50 {
				got[i] = d.Resolve(q)
				Fill(Record{}, got[i], dir)
				dir.Key(got[i].Place)
			}
		})
	}
	wg.Wait()
	for _, v := range got {
		require.Equal(t, want, v)
	}
}
