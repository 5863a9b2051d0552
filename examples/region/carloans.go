package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/region"
)

// A deal is a car loan as a small CRM keeps it.
type deal struct {
	phone  string
	amount decimal.Decimal
	record region.Record
	place  region.Place // where it is counted

	subdivision region.Subdivision // what the story expects, written by hand
	office      region.OfficeID
}

// carLoans: three branches lend on cars. A deal is born from a call; before anybody speaks, its
// region, branch, calendar and meeting place are filled in, and the customer's hour is known.
func carLoans(w io.Writer, plan *region.Plan, checks *show.Checks) error {
	fmt.Fprintln(w, "\nCAR LOANS: a deal is born from a call")
	detector, err := region.New(region.Config{Plan: plan})
	if err != nil {
		return err
	}
	branches, err := region.NewDirectory([]region.Office{
		{ID: "irkutsk", Name: "Иркутск", Address: "Иркутск, ул. Ленина, 1", Calendar: "cal-irkutsk", Zone: "Asia/Irkutsk", Serves: []region.Area{{Subdivision: "RU-IRK"}, {Subdivision: "RU-BU"}}},
		{ID: "bratsk", Name: "Братск", Address: "Братск, ул. Мира, 2", Calendar: "cal-bratsk", Zone: "Asia/Irkutsk", Serves: []region.Area{{Subdivision: "RU-IRK", Locality: "Братск"}}},
		{ID: "chita", Name: "Чита", Address: "Чита, ул. Бутина, 3", Calendar: "cal-chita", Zone: "Asia/Chita", Serves: []region.Area{{Subdivision: "RU-ZAB"}}},
		{ID: "blag", Name: "Благовещенск", Address: "Благовещенск, ул. Зейская, 4", Calendar: "cal-blag", Zone: "Asia/Yakutsk", Serves: []region.Area{{Subdivision: "RU-AMU"}}},
		{ID: "moscow", Name: "Москва", Address: "Москва, ул. Тверская, 5", Calendar: "cal-moscow", Zone: "Europe/Moscow", Serves: []region.Area{{Subdivision: "RU-MOW"}}},
	}, "")
	if err != nil {
		return err
	}
	// Who looks after the loan: another directory, over the same places.
	credit, err := region.NewDirectory([]region.Office{
		{ID: "credit-east", Name: "Кредитный отдел, Чита", Serves: []region.Area{{Subdivision: "RU-ZAB"}, {Subdivision: "RU-AMU"}}},
		{ID: "credit-baikal", Name: "Кредитный отдел, Иркутск", Serves: []region.Area{{Subdivision: "RU-IRK"}}},
	}, "")
	if err != nil {
		return err
	}

	ruble := func(v int64) decimal.Decimal { return decimal.New(v, 0) }
	filledByHand := region.Record{Country: "RU", Subdivision: "RU-AMU", Office: "blag", MeetingPlace: "у клиента"}
	deals := []deal{
		{phone: "8 (3952) 20-10-01", amount: ruble(900_000), subdivision: "RU-IRK", office: "irkutsk"},
		{phone: "+7 914 001-00-02", amount: ruble(650_000), subdivision: "RU-IRK", office: "irkutsk"},
		{phone: "8 914 430-00-03", amount: ruble(1_200_000), subdivision: "RU-ZAB", office: "chita"},
		{phone: "914 550 00 04", amount: ruble(780_000), subdivision: "RU-AMU", office: "blag"},
		{phone: "8 3022 35-00-05", amount: ruble(430_000), subdivision: "RU-ZAB", office: "chita"},
		{phone: "8 916 123-45-67", amount: ruble(2_000_000)}, // Moscow or its oblast: left alone
		{phone: "8 914 002-00-06", amount: ruble(310_000), record: filledByHand, subdivision: "RU-AMU", office: "blag"},
		{phone: "24-00-00", amount: ruble(55_000)}, // a local number: not known where
	}
	now := time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "PHONE\tREGION\tBRANCH\tMEETING PLACE\tCREDIT DEPARTMENT\tTHEIR HOUR")
	rightPlaces, untouched := 0, true
	var left []string
	for i := range deals {
		d := &deals[i]
		before := d.record
		v := detector.Resolve(region.Inquiry{Explicit: placeOf(before), Caller: d.phone, At: now})
		var fields []region.Field
		d.record, fields = region.Fill(before, v, branches)
		d.place = v.Place
		hour := "unknown"
		if loc, ok := (region.Place{Zones: v.Clock}).Location(now); ok {
			hour = now.In(loc).Format("15:04")
		}
		department, _ := credit.Office(placeOf(d.record))
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", d.phone, d.place.Label("ru"), d.record.Office, d.record.MeetingPlace, department.Name, hour)
		if d.record.Office == "" || before.Office != "" {
			left = append(left, d.phone+": "+reasons(v, fields))
		}
		if d.record.Subdivision == d.subdivision && d.record.Office == d.office {
			rightPlaces++
		}
		if before.Subdivision != "" && (d.record.Subdivision != before.Subdivision || d.record.MeetingPlace != before.MeetingPlace) {
			untouched = false
		}
	}
	_ = tw.Flush()
	fmt.Fprintln(w, "What was left, and why:")
	for _, line := range left {
		fmt.Fprintln(w, " ", line)
	}
	checks.Add("each deal has the region and the branch that the story names", rightPlaces == len(deals), "%d of %d", rightPlaces, len(deals))
	checks.Add("the ambiguous deal was left alone", written(deals[5].record) == 0, "%d of its fields written", written(deals[5].record))
	checks.Add("what was filled in by hand stands", untouched, "meeting place %q", deals[6].record.MeetingPlace)

	report(w, deals, branches, checks)
	return nil
}

// placeOf is where the record itself says that the customer is.
func placeOf(r region.Record) region.Place {
	if r.Subdivision == "" {
		return region.Place{}
	}
	return region.PlaceOf(r.Locality, r.Subdivision)
}

// written counts the fields of a record that are not blank.
func written(r region.Record) (n int) {
	for _, s := range []string{r.Country, string(r.Subdivision), r.Locality, r.Zone, string(r.Office), r.MeetingPlace, r.Calendar, string(r.Group), r.Page, r.Channel} {
		if s != "" {
			n++
		}
	}
	return n
}

// reasons tells why fields of a deal were left as they are.
func reasons(v region.Verdict, fields []region.Field) string {
	var left []string
	for _, f := range fields {
		if f.Why == region.WhyAmbiguous || f.Why == region.WhyContradicts || f.Why == region.WhyAlreadySet {
			left = append(left, f.Name+" "+f.Why.String())
		}
	}
	if text := v.Caller.Reason.Text("en"); text != "" {
		left = append(left, text)
	}
	if v.Conflict {
		left = append(left, "the number is of "+v.Caller.Label("en"))
	}
	return strings.Join(left, ", ")
}

// report counts sales per branch and city.
func report(w io.Writer, deals []deal, branches *region.Directory, checks *show.Checks) {
	type line struct {
		count int
		sum   decimal.Decimal
	}
	lines := map[region.Key]line{}
	for _, d := range deals {
		key := branches.Key(d.place)
		l := lines[key]
		lines[key] = line{l.count + 1, l.sum.Add(d.amount)}
	}
	keys := make([]region.Key, 0, len(lines))
	for key := range lines {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, region.Key.Compare)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nBRANCH\tCITY OR REGION\tDEALS\tRUB")
	count, sum := 0, decimal.Zero
	for _, key := range keys {
		l := lines[key]
		fmt.Fprintf(tw, "%s\t%s\t%d\t%s\n", key.Office, key.Label("ru"), l.count, l.sum)
		count, sum = count+l.count, sum.Add(l.sum)
	}
	fmt.Fprintf(tw, "total\t\t%d\t%s\n", count, sum)
	_ = tw.Flush()

	total := decimal.Zero
	for _, d := range deals {
		total = total.Add(d.amount)
	}
	checks.Add("sales per branch and city add up", count == len(deals) && sum.Equal(total), "%d deals, %s RUB", count, total)
}
