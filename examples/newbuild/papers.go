package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/pdf"
)

// A file is a flat's sale on its way through contract, escrow and electronic registration.
type file struct {
	*world
	pack      voucher.Pack
	templates []voucher.Template
	dossier   voucher.Dossier
	today     date.Date
}

// papers prepares the contract package of a flat: what is wrong before anybody signs, and whose
// move it is.
func papers(_ context.Context, w *world) error {
	pack, templates, err := voucher.ReadyPack("flat_sale")
	if err != nil {
		return err
	}
	rub := func(amount int64) voucher.Value { return voucher.Amount(decimal.New(amount, 0), "RUB") }
	f := &file{world: w, pack: pack, templates: templates, today: date.New(2026, 3, 2)}
	f.dossier = voucher.Dossier{
		Values: voucher.Values{
			"buyer": voucher.Text("Орлова Мария Сергеевна"), "buyer_passport": voucher.Text("4510 12345"), "buyer_tax_id": voucher.Text("770123456789"),
			"seller": voucher.Text("ООО «Новый дом»"), "flat": voucher.Text("корпус 2, квартира 41"), "cadastral": voucher.Text("77:01:0001001:41"),
			"price": rub(9_500_000), "own_funds": rub(2_500_000), "mortgage": rub(6_900_000), "payment": voucher.Text("mortgage"),
			"handover": voucher.Day(date.New(2027, 3, 31)), "escrow_bank": voucher.Text("Банк «Столичный»"), "escrow_account": voucher.Text("40824810000000000041"),
			"escrow_until": voucher.Day(date.New(2027, 3, 1)), "signature_until": voucher.Day(f.today + 5), "fee_paid": voucher.Yes(false),
		},
		Confirmed: map[voucher.FieldID]date.Date{"buyer_passport": f.today - 45},
		Done:      map[voucher.StepID]date.Date{},
	}
	fmt.Println("\n-- A contract package, before anybody signs")
	report, err := f.inspect()
	if err != nil {
		return err
	}
	before := map[voucher.Party]int{}
	for _, r := range report.Reasons {
		before[r.Party]++
	}
	w.checks.Add("faults are told by party", len(report.Reasons) == 8 && before[voucher.PartyClient] == 4 && before[voucher.PartyBank] == 2 &&
		before[voucher.PartyRegistrar] == 1 && before[voucher.PartyAccounts] == 1, "%d: client %d, bank %d, registrar %d, accounts %d",
		len(report.Reasons), before["client"], before["bank"], before["registrar"], before["accounts"])

	// Each party does its part.
	f.dossier.Values["buyer_passport"] = voucher.Text("4510 123456")
	f.dossier.Values["buyer_email"] = voucher.Text("orlova@example.com")
	f.dossier.Confirmed["buyer_passport"] = f.today
	f.dossier.Values["mortgage"] = rub(7_000_000)
	f.dossier.Values["escrow_until"] = voucher.Day(date.New(2027, 9, 30))
	f.dossier.Values["signature_until"] = voucher.Day(f.today + 365)
	f.dossier.Values["fee_paid"] = voucher.Yes(true)
	if report, err = f.inspect(); err != nil {
		return err
	}
	w.checks.Add("with all of it mended nothing stands in the way", report.Ready && report.Turn == voucher.PartyManager, "ready %v, turn: %s", report.Ready, report.Turn)
	whole, err := f.print()
	if err != nil {
		return err
	}
	w.checks.Add("every paper names the buyer, none has a blank", whole == 3, "%d of 3", whole)
	wording := f.dossier.Papers[0].Printed.Template.String()
	w.checks.Add("the contract is in the wording of 2026", wording == "contract.v2", "%s", wording)
	return f.sign()
}

// inspect prints the report.
func (f *file) inspect() (voucher.Report, error) {
	report, err := f.pack.Inspect(f.dossier, f.templates, f.today)
	if err != nil {
		return report, err
	}
	for _, r := range report.Reasons {
		fmt.Println("   " + r.Text(f.lang))
	}
	fmt.Printf("   ready: %v, next: %s, turn: %s\n", report.Ready, report.Next, report.Turn.Text(f.lang))
	return report, nil
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
		var page, drawn bytes.Buffer
		printed, err := d.Render(&page, values)
		if err != nil {
			return 0, err
		}
		if newest.Kind == voucher.KindSheet {
			sheet, err := d.Sheet(values)
			if err != nil {
				return 0, err
			}
			if err := pdf.Render(&drawn, sheet, pdf.Options{}); err != nil {
				return 0, err
			}
		}
		f.dossier.Papers = append(f.dossier.Papers, voucher.PaperState{Paper: paper.ID, Printed: printed})
		if strings.Contains(page.String(), buyer) && !strings.Contains(page.String(), "no value") {
			whole++
		}
		if err := f.write(string(paper.ID), page.Bytes(), drawn.Bytes()); err != nil {
			return 0, err
		}
	}
	return whole, nil
}

func (f *file) write(name string, page, drawn []byte) error {
	if f.out == "" {
		return nil
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return err
	}
	path := filepath.Join(f.out, name)
	err := os.WriteFile(path+".html", page, 0o644)
	if len(drawn) > 0 {
		err = errors.Join(err, os.WriteFile(path+".pdf", drawn, 0o644))
	}
	return err
}

// sign walks the checklist. In the middle of it the buyer's name changes, and the papers that were
// printed with the old one are told.
func (f *file) sign() error {
	fmt.Println("\n-- Signing, escrow, registration")
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
			f.dossier.Values["buyer"] = voucher.Text("Соколова Мария Сергеевна")
			fmt.Println("   the buyer has married:")
			if report, err = f.inspect(); err != nil {
				return err
			}
			outdated := slices.IndexFunc(report.Reasons, func(r voucher.Reason) bool { return r.Code != "paper_outdated" || r.Field != "buyer" }) < 0
			f.checks.Add("three papers were printed with her old name", outdated && len(report.Reasons) == 3 && !report.Ready, "%d reasons", len(report.Reasons))
			whole, err := f.print()
			if err != nil {
				return err
			}
			f.checks.Add("printed again they name her as she is", whole == 3, "%d of 3", whole)
		}
		fmt.Printf("   %s: %s\n", report.Turn.Text(f.lang), report.Next)
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
	f.checks.Add("the checklist is walked in order, to its end", strings.Join(walked, " ") == want, "%d steps", len(walked))
	return nil
}
