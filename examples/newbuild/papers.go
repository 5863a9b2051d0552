package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/pdf"
)

// A file is a flat's sale on its way through contract, escrow and electronic registration.
type file struct {
	*office
	pack      voucher.Pack
	templates []voucher.Template
	dossier   voucher.Dossier
	today     date.Date
}

// papers prepares the contract package of a flat: what is wrong before anybody signs, and whose
// move it is.
func (o *office) papers(_ context.Context) error {
	o.at(12, 10, 0)
	pack, templates, err := voucher.ReadyPack("flat_sale")
	if err != nil {
		return err
	}
	rub := func(amount int64) voucher.Value { return voucher.Amount(decimal.New(amount, 0), "RUB") }
	f := &file{office: o, pack: pack, templates: templates, today: o.today()}
	f.dossier = voucher.Dossier{
		Values: voucher.Values{
			"buyer": voucher.Text("Орлова Мария Сергеевна"), "buyer_passport": voucher.Text("4510 12345"), "buyer_tax_id": voucher.Text("770123456789"),
			"seller": voucher.Text("ООО «Новый дом»"), "flat": voucher.Text("корпус 2, квартира 12"), "cadastral": voucher.Text("77:01:0001001:12"),
			"price": rub(9_500_000), "own_funds": rub(2_500_000), "mortgage": rub(6_900_000), "payment": voucher.Text("mortgage"),
			"handover": voucher.Day(date.New(2027, 3, 31)), "escrow_bank": voucher.Text("Банк «Столичный»"), "escrow_account": voucher.Text("40824810000000000012"),
			"escrow_until": voucher.Day(date.New(2027, 3, 1)), "signature_until": voucher.Day(f.today + 5), "fee_paid": voucher.Yes(false),
		},
		Confirmed: map[voucher.FieldID]date.Date{"buyer_passport": f.today - 45},
		Done:      map[voucher.StepID]date.Date{},
	}
	o.Say("before anybody signs, the checklist finds:", "до подписания проверка находит:")
	report, err := f.inspect()
	if err != nil {
		return err
	}
	before := make(map[voucher.Party]int)
	for _, r := range report.Reasons {
		before[r.Party]++
	}
	o.Add("faults in the papers, by whose move it is", "ошибки в документах, по тому, чей ход",
		len(report.Reasons) == 8 && before["client"] == 4 && before["bank"] == 2 && before["registrar"] == 1 && before["accounts"] == 1,
		o.T("%d: client %d, bank %d, registrar %d, accounts %d", "%d: клиент %d, банк %d, регистратор %d, бухгалтерия %d"), len(report.Reasons), before["client"], before["bank"], before["registrar"], before["accounts"])

	// Each party does its part.
	f.dossier.Values["buyer_passport"] = voucher.Text("4510 123456")
	f.dossier.Values["buyer_email"] = voucher.Text("orlova@example.com")
	f.dossier.Confirmed["buyer_passport"] = f.today
	f.dossier.Values["mortgage"] = rub(7_000_000)
	f.dossier.Values["escrow_until"] = voucher.Day(date.New(2027, 9, 30))
	f.dossier.Values["signature_until"] = voucher.Day(f.today + 365)
	f.dossier.Values["fee_paid"] = voucher.Yes(true)
	o.Say("each party does its part:", "каждый делает свою часть:")
	if report, err = f.inspect(); err != nil {
		return err
	}
	whole, err := f.print()
	if err != nil {
		return err
	}
	o.Add("papers that name the buyer and have no blank", "документов с именем покупателя и без пустых мест", report.Ready && whole == len(pack.Papers), "%s", o.of(whole, len(pack.Papers)))
	return f.sign()
}

// inspect tells what the report finds.
func (f *file) inspect() (voucher.Report, error) {
	report, err := f.pack.Inspect(f.dossier, f.templates, f.today)
	if err != nil {
		return report, err
	}
	for _, r := range report.Reasons {
		f.Say("  %s", "  %s", r.Text(f.Lang))
	}
	if report.Ready {
		f.Say("  nothing stands in the way; next: %s", "  ничто не мешает; следующий шаг: %s", f.step(report.Next))
	}
	return report, nil
}

// step names a step of the checklist and whose move it is.
func (f *file) step(id voucher.StepID) string {
	i := slices.IndexFunc(f.pack.Steps, func(s voucher.Step) bool { return s.ID == id })
	if i < 0 {
		return string(id)
	}
	return fmt.Sprintf("%s (%s)", f.pack.Steps[i].Title[f.Lang], f.pack.Steps[i].Party.Text(f.Lang))
}

// print prints each paper in the wording in force, and writes it where -out says. It counts those
// that came out whole.
func (f *file) print() (whole int, err error) {
	f.dossier.Papers = nil
	buyer := f.dossier.Values["buyer"].String()
	for _, paper := range f.pack.Papers {
		var newest voucher.Template
		for _, t := range f.templates {
			if t.ID == paper.Template && t.InForce(f.today) && t.Version > newest.Version {
				newest = t
			}
		}
		d, err := voucher.Compile(newest)
		if err != nil {
			return 0, err
		}
		values := d.Select(f.dossier.Values)
		var page bytes.Buffer
		printed, err := d.Render(&page, values)
		if err != nil {
			return 0, err
		}
		if err := f.File(string(paper.ID)+".html", page.Bytes()); err != nil {
			return 0, err
		}
		if newest.Kind == voucher.KindSheet {
			sheet, err := d.Sheet(values)
			if err != nil {
				return 0, err
			}
			var drawn bytes.Buffer
			if err := pdf.Render(&drawn, sheet, pdf.Options{}); err != nil {
				return 0, err
			}
			if err := f.File(string(paper.ID)+".pdf", drawn.Bytes()); err != nil {
				return 0, err
			}
		}
		f.dossier.Papers = append(f.dossier.Papers, voucher.PaperState{Paper: paper.ID, Printed: printed})
		if strings.Contains(page.String(), buyer) && !strings.Contains(page.String(), "no value") {
			whole++
		}
	}
	return whole, nil
}

// sign walks the checklist. In the middle of it the buyer's name changes, and the papers that were
// printed with the old one are told.
func (f *file) sign() error {
	var walked []string
	for {
		report, err := f.pack.Inspect(f.dossier, f.templates, f.today)
		if err != nil {
			return err
		}
		if !report.Ready {
			return fmt.Errorf("the file is not ready: %s", report.Reasons[0].Text("en"))
		}
		if report.Next == "" {
			break
		}
		if report.Next == "contract_signed" {
			f.Say("on the day of signing the buyer has another name: she has married", "в день подписания у покупательницы другая фамилия: она вышла замуж")
			f.dossier.Values["buyer"] = voucher.Text("Соколова Мария Сергеевна")
			if report, err = f.pack.Inspect(f.dossier, f.templates, f.today); err != nil {
				return err
			}
			outdated := 0
			for _, r := range report.Reasons {
				if r.Code == "paper_outdated" && r.Field == "buyer" {
					outdated++
				}
			}
			whole, err := f.print()
			if err != nil {
				return err
			}
			f.Say("  %d papers bear the old one and are printed again", "  прежняя стоит в документах: %d, они напечатаны заново", outdated)
			f.Add("papers with her old name, found and printed again", "документов с прежней фамилией, найдено и напечатано заново", outdated == whole && whole == len(f.pack.Papers), f.T("%d and %d", "%d и %d"), outdated, whole)
		}
		f.dossier.Done[report.Next] = f.today
		walked = append(walked, string(report.Next))
		for i := range f.dossier.Papers {
			if report.Next == "contract_signed" {
				f.dossier.Papers[i].Signed = f.today
			}
		}
		f.today++
	}
	want := "checked loan contract_signed escrow_opened deposited fee registered"
	f.Add("steps of the checklist, in order to its end", "шагов по списку, по порядку и до конца", strings.Join(walked, " ") == want, "%d", len(walked))
	return nil
}
