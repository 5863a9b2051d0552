package voucher_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing/fstest"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/voucher"
)

func exampleDesk() (*voucher.Desk, *voucher.Memory) {
	memory := voucher.NewMemory()
	desk, err := voucher.New(voucher.Config{Store: memory, Zone: "Asia/Almaty",
		Now: func() time.Time { return time.Date(2027, 5, 3, 9, 0, 0, 0, time.UTC) }})
	if err != nil {
		panic(err)
	}
	return desk, memory
}

func Example() {
	ctx := context.Background()
	desk, err := voucher.New(voucher.Config{Store: voucher.NewMemory()})
	if err != nil {
		panic(err)
	}
	item := voucher.Item{Reservation: "R-100", TripStart: date.New(2077, 6, 8), TripEnd: date.New(2077, 6, 15)}
	vs, err := desk.Issue(ctx, voucher.Issue{ID: "deal-7|voucher", Items: []voucher.Item{item}, By: "manager-3"})
	if err != nil {
		panic(err)
	}
	v, err := desk.Voucher(ctx, vs[0].ID)
	fmt.Println(v.Text, err)
	// Output: 01080677 <nil>
}

func ExampleNewFormat() {
	f, err := voucher.NewFormat("", "{seq:2}{dd}{mm}{yy}")
	if err != nil {
		panic(err)
	}
	for _, seq := range []int64{1, 99, 100} {
		n, _ := voucher.NewNumber("", date.New(2021, 6, 8), seq)
		fmt.Println(f.Format(n))
	}
	_, err = voucher.NewFormat("", "{seq:2}{dd}{mm}")
	fmt.Println(err)
	// Output:
	// 01080621
	// 99080621
	// 100080621
	// voucher: pattern "{seq:2}{dd}{mm}": place, day, month and year are all needed to read a number back, at character 16
}

func ExampleFormat_Parse() {
	f, _ := voucher.NewFormat("", "{seq:2}{dd}{mm}{yy}")
	near := date.New(2021, 5, 1)
	n, err := f.Parse("01 08-06 21", near)
	fmt.Println(n.Seq(), n.TripStart(), err)
	_, err = f.Parse("01310621", near)
	var invalid *voucher.InvalidError
	if errors.As(err, &invalid) {
		fmt.Println(invalid.Text("ru"))
	}
	// Output:
	// 1 2021-06-08 <nil>
	// number "01310621": нет такого дня, символ 3
}

func ExampleDesk_Issue() {
	desk, _ := exampleDesk()
	june8 := date.New(2027, 6, 8)
	vs, err := desk.Issue(context.Background(), voucher.Issue{ID: "group-5", By: "manager-3", Items: []voucher.Item{
		{Reservation: "R-1", TripStart: june8}, {Reservation: "R-2", TripStart: june8 + 1}, {Reservation: "R-3", TripStart: june8},
	}})
	fmt.Println(vs[0].Text, vs[1].Text, vs[2].Text, err)
	// Output: 01080627 01090627 02080627 <nil>
}

func ExampleDesk_Preview() {
	desk, _ := exampleDesk()
	reasons, err := desk.Preview(context.Background(), voucher.Issue{ID: "c", Items: []voucher.Item{
		{Reservation: "R-1", TripStart: date.New(2027, 5, 1), TripEnd: date.New(2027, 4, 30)},
	}})
	for _, r := range reasons {
		fmt.Println(r.Text("en"))
	}
	fmt.Println(err)
	// Output:
	// R-1: trip_end: the trip ends before it begins (it is: 2027-04-30; needed: ≥ 2027-05-01) [manager]
	// R-1: trip_start: the trip has begun already; mark the command as backdated if that is meant (it is: 2027-05-01; needed: ≥ 2027-05-03) [manager]
	// <nil>
}

func ExampleDesk_Reissue() {
	ctx := context.Background()
	desk, _ := exampleDesk()
	item := voucher.Item{Reservation: "R-1", TripStart: date.New(2027, 6, 8)}
	vs, _ := desk.Issue(ctx, voucher.Issue{ID: "c1", Items: []voucher.Item{item}})

	item.Partner = "hotel-9" // the same day: the same number, its next revision
	v, err := desk.Reissue(ctx, voucher.Reissue{Ref: vs[0].Ref(), ID: "c2", Item: item})
	fmt.Println(v.Text, v.Rev, err)

	item.TripStart++ // another day: a new number, linked to the old
	v, err = desk.Reissue(ctx, voucher.Reissue{Ref: v.Ref(), ID: "c3", Item: item})
	fmt.Println(v.Text, v.Rev, "replaces", v.Replaces, err)
	// Output:
	// 01080627 2 <nil>
	// 01090627 1 replaces 2027-06-08//1 <nil>
}

func ExampleDesk_Void() {
	ctx := context.Background()
	desk, _ := exampleDesk()
	item := voucher.Item{Reservation: "R-1", TripStart: date.New(2027, 6, 8)}
	vs, _ := desk.Issue(ctx, voucher.Issue{ID: "c1", Items: []voucher.Item{item}})
	v, err := desk.Void(ctx, voucher.Void{Ref: vs[0].Ref(), By: "manager-3", Why: "the client cancelled"})
	fmt.Println(v.Text, v.State, err)
	vs, err = desk.Issue(ctx, voucher.Issue{ID: "c2", Items: []voucher.Item{item}})
	fmt.Println(vs[0].Text, vs[0].State, err)
	// Output:
	// 01080627 void <nil>
	// 02080627 issued <nil>
}

func ExampleDesk_Adopt() {
	ctx := context.Background()
	desk, _ := exampleDesk()
	june8 := date.New(2027, 6, 8)
	_, err := desk.Adopt(ctx, voucher.Adopt{ID: "import-17", Number: "17080627", Issued: date.New(2027, 4, 2),
		Item: voucher.Item{Reservation: "R-1", TripStart: june8}})
	fmt.Println(err)
	vs, err := desk.Issue(ctx, voucher.Issue{ID: "c2", Items: []voucher.Item{{Reservation: "R-2", TripStart: june8}}})
	fmt.Println(vs[0].Text, err)
	// Output:
	// <nil>
	// 18080627 <nil>
}

func ExampleAll() {
	ctx := context.Background()
	desk, memory := exampleDesk()
	for i, manager := range []voucher.ManagerID{"anna", "boris", "anna"} {
		item := voucher.Item{Reservation: voucher.ReservationID(fmt.Sprint("R-", i)), TripStart: date.New(2027, 6, 8+i), TripEnd: date.New(2027, 6, 12), Manager: manager}
		if _, err := desk.Issue(ctx, voucher.Issue{ID: "c", Items: []voucher.Item{item}}); err != nil {
			panic(err)
		}
	}
	june11 := date.New(2027, 6, 11)
	for v, err := range voucher.All(ctx, memory, voucher.Filter{Manager: "anna", Valid: voucher.Dates{First: june11, Last: june11}}) {
		fmt.Println(v.Text, v.Item.Reservation, err)
	}
	// Output:
	// 01080627 R-0 <nil>
	// 01100627 R-2 <nil>
}

func ExampleFold() {
	ctx := context.Background()
	desk, memory := exampleDesk()
	vs, _ := desk.Issue(ctx, voucher.Issue{ID: "c", Items: []voucher.Item{{Reservation: "R-1", TripStart: date.New(2027, 6, 8)}}})
	_, _ = desk.Void(ctx, voucher.Void{Ref: vs[0].Ref()})
	events, _, _ := memory.Since(ctx, "", 100)
	for _, e := range events {
		fmt.Println(e.Seq, e.Kind, e.Voucher.Text)
	}
	vouchers, counters := voucher.Fold(events)
	fmt.Println(vouchers[0].State, counters[0].Last)
	// Output:
	// 1 issued 01080627
	// 2 voided 01080627
	// void 1
}

func templateFiles() fstest.MapFS {
	return fstest.MapFS{
		"receipt.v1.en.sheet": {Data: []byte("# Receipt\nReceived from :: {{.client}}\nAmount :: {{money .amount}}\nIn words :: {{words .amount}}\n{{with .note}}{{.}}{{end}}\n")},
		"receipt.v1.json": {Data: []byte(`{"first": "2027-01-01", "fields": [
			{"id": "client", "required": true, "party": "client", "title": {"en": "Client", "ru": "Клиент"}},
			{"id": "amount", "type": "amount", "required": true, "party": "accounts", "title": {"en": "Amount", "ru": "Сумма"}},
			{"id": "note", "party": "manager", "title": {"en": "Note", "ru": "Примечание"}}]}`)},
	}
}

func ExampleReadTemplates() {
	templates, err := voucher.ReadTemplates(templateFiles())
	fmt.Println(templates[0].Ref(), templates[0].Kind, len(templates[0].Fields), err)
	// Output: receipt.v1 sheet 3 <nil>
}

func ExampleCheck() {
	templates, _ := voucher.ReadTemplates(templateFiles())
	t := templates[0]
	t.Body = "# Receipt\nReceived from :: {{.client}}, {{.note}}\n"
	fmt.Println(voucher.Check(t).Text("en"))
	// Output: 1:1: amount: a required field may go unprinted; 2:33: note: an optional field may print a blank (needed: {{with .note}})
}

func ExampleDocument_Sheet() {
	templates, _ := voucher.ReadTemplates(templateFiles())
	document, err := voucher.Compile(templates[0])
	if err != nil {
		panic(err)
	}
	sheet, err := document.Sheet(voucher.Values{
		"client": voucher.Text("Anna\nTotal :: 0.00"), // no value adds a line
		"amount": voucher.Amount(decimal.RequireFromString("1250.50"), "USD"),
	})
	for _, line := range sheet.Lines {
		fmt.Printf("%-5s %s: %s\n", line.Kind, line.Label, strings.ReplaceAll(line.Text, "\u00a0", " "))
	}
	fmt.Println(err)
	// Output:
	// title : Receipt
	// entry Received from: Anna Total :: 0.00
	// entry Amount: 1,250.50 USD
	// entry In words: One thousand two hundred fifty US dollars 50 cents
	// <nil>
}

func ExampleDocument_Render() {
	document, err := voucher.Compile(voucher.Template{ID: "note", Version: 3, Lang: "en", Body: "<p>Dear {{.client}}!</p>\n",
		Fields: []voucher.Field{{ID: "client", Required: true, Label: voucher.Label{Party: "client", Title: map[string]string{"en": "Client", "ru": "Клиент"}}}}})
	if err != nil {
		panic(err)
	}
	printed, err := document.Render(os.Stdout, voucher.Values{"client": voucher.Text("<b>Anna</b>")})
	fmt.Println(printed.Template, err)
	_, err = document.Render(os.Stdout, voucher.Values{"client": voucher.Text(" ")})
	fmt.Println(err)
	// Output:
	// <p>Dear &lt;b&gt;Anna&lt;/b&gt;!</p>
	// note.v3 <nil>
	// voucher: refused: «Client» (client): is missing (needed: text) [client]
}

func ExampleReadPack() {
	_, err := voucher.ReadPack(strings.NewReader("{\"id\": \"rent\",\n \"verion\": 1}"))
	fmt.Println(err)
	// Output: voucher: 2:2: verion: means nothing here (it is: verion)
}

func ExamplePack_Inspect() {
	pack, templates, err := voucher.ReadyPack("flat_sale")
	if err != nil {
		panic(err)
	}
	pack.Validators = pack.Validators[5:6] // the sum alone, to be short
	pack.Papers = nil
	report, err := pack.Inspect(voucher.Dossier{Values: voucher.Values{
		"own_funds": voucher.Amount(decimal.New(2_500_000, 0), "RUB"),
		"mortgage":  voucher.Amount(decimal.New(6_900_000, 0), "RUB"),
		"price":     voucher.Amount(decimal.New(9_500_000, 0), "RUB"),
	}}, templates, date.New(2026, 9, 1))
	fmt.Println(report.Ready, report.Next, report.Turn, err)
	for _, r := range report.Reasons {
		fmt.Println(r.Text("ru"))
	}
	// Output:
	// false checked manager <nil>
	// «Собственные средства и ипотека» (price): части не складываются в сумму (сейчас: 9500000 RUB; нужно: 9400000 RUB) [банк]
}
