package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

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
func (n *numbers) carLoans(_ context.Context, s *show.Story) error {
	detector, err := region.New(region.Config{Plan: n.plan})
	if err != nil {
		return err
	}
	branches, err := region.NewDirectory([]region.Office{
		{ID: "irkutsk", Name: s.T("Irkutsk", "Иркутск"), Address: s.T("1 Lenin Street, Irkutsk", "Иркутск, ул. Ленина, 1"), Calendar: "cal-irkutsk", Zone: "Asia/Irkutsk", Serves: []region.Area{{Subdivision: "RU-IRK"}, {Subdivision: "RU-BU"}}},
		{ID: "bratsk", Name: s.T("Bratsk", "Братск"), Address: s.T("2 Mir Street, Bratsk", "Братск, ул. Мира, 2"), Calendar: "cal-bratsk", Zone: "Asia/Irkutsk", Serves: []region.Area{{Subdivision: "RU-IRK", Locality: "Братск"}}},
		{ID: "chita", Name: s.T("Chita", "Чита"), Address: s.T("3 Butin Street, Chita", "Чита, ул. Бутина, 3"), Calendar: "cal-chita", Zone: "Asia/Chita", Serves: []region.Area{{Subdivision: "RU-ZAB"}}},
		{ID: "blag", Name: s.T("Blagoveshchensk", "Благовещенск"), Address: s.T("4 Zeyskaya Street, Blagoveshchensk", "Благовещенск, ул. Зейская, 4"), Calendar: "cal-blag", Zone: "Asia/Yakutsk", Serves: []region.Area{{Subdivision: "RU-AMU"}}},
		{ID: "moscow", Name: s.T("Moscow", "Москва"), Address: s.T("5 Tverskaya Street, Moscow", "Москва, ул. Тверская, 5"), Calendar: "cal-moscow", Zone: "Europe/Moscow", Serves: []region.Area{{Subdivision: "RU-MOW"}}},
	}, "")
	if err != nil {
		return err
	}
	// Who looks after the loan: another directory, over the same places.
	credit, err := region.NewDirectory([]region.Office{
		{ID: "credit-east", Name: s.T("Credit department, Chita", "Кредитный отдел, Чита"), Serves: []region.Area{{Subdivision: "RU-ZAB"}, {Subdivision: "RU-AMU"}}},
		{ID: "credit-baikal", Name: s.T("Credit department, Irkutsk", "Кредитный отдел, Иркутск"), Serves: []region.Area{{Subdivision: "RU-IRK"}}},
	}, "")
	if err != nil {
		return err
	}

	ruble := func(v int64) decimal.Decimal { return decimal.New(v, 0) }
	filledByHand := region.Record{Country: "RU", Subdivision: "RU-AMU", Office: "blag", MeetingPlace: s.T("at the client's", "у клиента")}
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
	now := s.Clock.Now()
	tw := tabwriter.NewWriter(s.W, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, s.T("PHONE\tREGION\tMEETING PLACE\tCREDIT DEPARTMENT\tTHEIR HOUR", "ТЕЛЕФОН\tРЕГИОН\tМЕСТО ВСТРЕЧИ\tКРЕДИТНЫЙ ОТДЕЛ\tУ НИХ ВРЕМЯ"))
	rightPlaces, changed, twice := 0, 0, 0
	var left []string
	for i := range deals {
		d := &deals[i]
		before := d.record
		v := resolve(detector, region.Inquiry{Explicit: placeOf(before), Caller: d.phone, At: now})
		var fields []region.Field
		d.record, fields = region.Fill(before, v.Verdict, branches)
		d.place = v.Place
		if again, _ := region.Fill(d.record, v.Verdict, branches); again != d.record {
			twice++
		}
		department, _ := credit.Office(placeOf(d.record))
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", d.phone, d.place.Label(s.Lang), d.record.MeetingPlace, department.Name, v.hour(s))
		if d.record.Office == "" || before.Office != "" {
			left = append(left, d.phone+": "+reasons(s, v.Verdict, fields))
		}
		if d.record.Subdivision == d.subdivision && d.record.Office == d.office {
			rightPlaces++
		}
		if before.Subdivision != "" && (d.record.Subdivision != before.Subdivision || d.record.MeetingPlace != before.MeetingPlace) {
			changed++
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	s.Say("What was left, and why:", "Что оставлено и почему:")
	for _, line := range left {
		s.Say("  %s", "  %s", line)
	}
	s.Add("each deal has the region and the branch that the story names", "у каждой сделки регион и филиал, названные в истории", rightPlaces == len(deals), s.T("%d of %d", "%d из %d"), rightPlaces, len(deals))
	s.Add("the ambiguous deal was left alone", "неоднозначная сделка не тронута", written(deals[5].record) == 0, s.T("%d of its fields written", "записано полей: %d"), written(deals[5].record))
	s.Add("what was filled in by hand stands", "заполненное вручную осталось", changed == 0 && deals[6].record.MeetingPlace == filledByHand.MeetingPlace, s.T("%d deals changed, meeting place: %s", "изменено сделок %d, место встречи: %s"), changed, deals[6].record.MeetingPlace)
	s.Add("to fill twice is to fill once", "заполнить дважды — то же, что один раз", twice == 0, s.T("%d of %d differ", "различаются %d из %d"), twice, len(deals))
	return report(s, deals, branches)
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
func reasons(s *show.Story, v region.Verdict, fields []region.Field) string {
	var left []string
	say := func(text string) {
		if text != "" && !slices.Contains(left, text) {
			left = append(left, text)
		}
	}
	for _, f := range fields {
		switch f.Why {
		case region.WhyAmbiguous:
			say(s.T("more than one place is possible", "возможно больше одного места"))
		case region.WhyContradicts:
			say(s.T("the number says another place than the record", "номер говорит о другом месте, чем запись"))
		case region.WhyAlreadySet:
			say(s.T("it was filled in by hand", "заполнено вручную"))
		}
	}
	say(v.Caller.Reason.Text(s.Lang))
	if v.Conflict {
		say(s.T("the number is of ", "номер выдан: ") + v.Caller.Label(s.Lang))
	}
	return strings.Join(left, "; ")
}

// report counts sales per branch and city.
func report(s *show.Story, deals []deal, branches *region.Directory) error {
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
	tw := tabwriter.NewWriter(s.W, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, s.T("CITY OR REGION\tDEALS\tRUB", "ГОРОД ИЛИ РЕГИОН\tСДЕЛОК\tРУБ."))
	count, sum := 0, decimal.Zero
	for _, key := range slices.SortedFunc(maps.Keys(lines), region.Key.Compare) {
		l := lines[key]
		fmt.Fprintf(tw, "%s\t%d\t%s\n", cmp.Or(key.Label(s.Lang), s.T("not known", "неизвестно")), l.count, l.sum)
		count, sum = count+l.count, sum.Add(l.sum)
	}
	fmt.Fprintf(tw, "%s\t%d\t%s\n", s.T("total", "всего"), count, sum)
	total := decimal.Zero
	for _, d := range deals {
		total = total.Add(d.amount)
	}
	s.Add("sales per branch and city add up", "продажи по филиалам и городам сходятся", count == len(deals) && sum.Equal(total), s.T("%d deals, %s RUB", "сделок %d, рублей %s"), count, total)
	return tw.Flush()
}
