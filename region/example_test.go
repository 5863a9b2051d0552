package region_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenure-go/tenure/region"
)

// Rows in the register's form; the ranges and operators are made up.
const rows = `АВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН
914;0000000;0149999;150000;ООО "Байкал";-;Иркутская область;0
916;0000000;9999999;10000000;ООО "Столица";-;Город Москва, Московская область;0
`

func Example() {
	d, err := region.New(region.Config{})
	if err != nil {
		panic(err)
	}
	r, err := d.Detect("8 395 221-23-45")
	if err != nil {
		panic(err)
	}
	fmt.Println(r.Label("ru"), r.Zones)
	// Output: Иркутская область [Asia/Irkutsk]
}

func ExampleReadRegistry() {
	plan, reports, err := region.ReadRegistry(region.RegistryConfig{}, strings.NewReader(rows))
	if err != nil {
		panic(err)
	}
	fmt.Println(reports[0].Rows, "rows,", reports[0].Numbers, "numbers")
	a, ok := plan.Lookup(9140001234)
	fmt.Println(a.Subdivisions, a.Operator, ok)
	// Output:
	// 2 rows, 10150000 numbers
	// [RU-IRK] ООО "Байкал" true
}

func ExampleOpenPlan() {
	plan, _, err := region.ReadRegistry(region.RegistryConfig{}, strings.NewReader(rows))
	if err != nil {
		panic(err)
	}
	file, err := plan.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	same, err := region.OpenPlan(file)
	if err != nil {
		panic(err)
	}
	for r, a := range same.All() {
		fmt.Println(r.First, r.Last, a.Subdivisions)
	}
	// Output:
	// 9140000000 9140149999 [RU-IRK]
	// 9160000000 9169999999 [RU-MOS RU-MOW]
}

func ExampleDetector_Detect() {
	plan, _, err := region.ReadRegistry(region.RegistryConfig{}, strings.NewReader(rows))
	if err != nil {
		panic(err)
	}
	d, err := region.New(region.Config{Plan: plan})
	if err != nil {
		panic(err)
	}
	for _, number := range []string{"8 914 000-12-34", "+7 916 123-45-67", "8 924 000-12-34", "24-00-00"} {
		r, err := d.Detect(number)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s: %s, %s, %s\n", r.E164, r.Label("en"), r.Line, r.Reason)
	}
	// Output:
	// +79140001234: Irkutsk Oblast, mobile, none
	// +79161234567: Moscow or Moscow Oblast, mobile, several_subdivisions
	// +79240001234: Russia, mobile, not_in_plan
	// region: number "24-00-00": too short
}

func ExampleDetector_Resolve() {
	dids, err := region.NewDIDs("RU", []region.DID{
		{First: "8 862 555-10-01", Route: region.Route{Group: "sea", Place: region.PlaceOf("Сочи", "RU-KDA"), Page: "/sochi"}},
	})
	if err != nil {
		panic(err)
	}
	d, err := region.New(region.Config{DIDs: dids})
	if err != nil {
		panic(err)
	}
	// A customer of Irkutsk asks about the sea.
	v := d.Resolve(region.Inquiry{Called: "8 862 555-10-01", Caller: "8 395 221-23-45", At: time.Now()})
	fmt.Println(v.Label("ru"), v.Route.Page, v.Source)
	fmt.Println("their clock:", v.Clock)
	// Output:
	// Краснодарский край, Сочи /sochi did
	// their clock: [Asia/Irkutsk]
}

func ExampleNewDirectory() {
	directory, err := region.NewDirectory([]region.Office{
		{ID: "irkutsk", Address: "ул. Ленина, 1", Serves: []region.Area{{Subdivision: "RU-IRK"}}},
		{ID: "bratsk", Address: "ул. Мира, 2", Serves: []region.Area{{Subdivision: "RU-IRK", Locality: "Братск"}}},
	}, "irkutsk")
	if err != nil {
		panic(err)
	}
	for _, p := range []region.Place{region.PlaceOf("г. Братск", "RU-IRK"), region.PlaceOf("", "RU-IRK"), region.PlaceOf("", "RU-AMU")} {
		office, match := directory.Office(p)
		fmt.Println(office.ID, match)
	}
	// Output:
	// bratsk locality
	// irkutsk subdivision
	// irkutsk fallback
}

func ExampleFill() {
	directory, err := region.NewDirectory([]region.Office{
		{ID: "irkutsk", Address: "ул. Ленина, 1", Calendar: "cal-1", Serves: []region.Area{{Subdivision: "RU-IRK"}}},
	}, "")
	if err != nil {
		panic(err)
	}
	d, err := region.New(region.Config{})
	if err != nil {
		panic(err)
	}
	deal := region.Record{MeetingPlace: "у клиента"}
	deal, fields := region.Fill(deal, d.Resolve(region.Inquiry{Caller: "8 395 221-23-45"}), directory)
	fmt.Println(deal.Subdivision, deal.Office, deal.Calendar, deal.MeetingPlace)
	for _, f := range fields {
		if f.Why != region.WhyWritten && f.Why != region.WhyUnknown {
			fmt.Println(f.Name, f.Why)
		}
	}
	// Output:
	// RU-IRK irkutsk cal-1 у клиента
	// meeting_place already_set
}

func ExampleTour() {
	airport := region.Point{Lat: 52.27, Lon: 104.39} // Irkutsk
	for _, s := range region.Tour(airport, []region.Stop{
		{ID: "Братск", Point: region.Point{Lat: 56.15, Lon: 101.63}},
		{ID: "Ангарск", Point: region.Point{Lat: 52.54, Lon: 103.89}},
		{ID: "Саянск", Point: region.Point{Lat: 54.11, Lon: 102.17}},
	}) {
		fmt.Println(s.ID)
	}
	// Output:
	// Ангарск
	// Саянск
	// Братск
}

func ExampleParseSubdivision() {
	for _, text := range []string{"Кемеровская область - Кузбасс обл.", "Якутия", "Moscow", "ru-irk"} {
		s, ok := region.ParseSubdivision(text)
		fmt.Println(s, s.Name("ru"), ok)
	}
	// Output:
	// RU-KEM Кемеровская область true
	// RU-SA Республика Саха (Якутия) true
	// RU-MOW Москва true
	// RU-IRK Иркутская область true
}
