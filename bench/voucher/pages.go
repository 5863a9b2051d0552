package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/johnfercher/maroto/v2"
	"github.com/johnfercher/maroto/v2/pkg/components/line"
	"github.com/johnfercher/maroto/v2/pkg/components/text"
	"github.com/johnfercher/maroto/v2/pkg/config"
	"github.com/johnfercher/maroto/v2/pkg/consts/fontstyle"
	"github.com/johnfercher/maroto/v2/pkg/props"
	"github.com/johnfercher/maroto/v2/pkg/repository"
	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"golang.org/x/net/html"

	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/pdf"
)

// page is the voucher that both draw.
func page() (voucher.Sheet, error) {
	_, templates, err := voucher.ReadyPack("tour_sale")
	if err != nil {
		return voucher.Sheet{}, err
	}
	for _, t := range templates {
		if t.ID != "voucher" || t.Lang != "ru" {
			continue
		}
		d, err := voucher.Compile(t)
		if err != nil {
			return voucher.Sheet{}, err
		}
		june8 := date.New(2021, 6, 8)
		tourist := func(name string) voucher.Values {
			return voucher.Values{"name": voucher.Text(name), "passport": voucher.Text("N1234567"), "passport_until": voucher.Day(june8 + 900)}
		}
		return d.Sheet(voucher.Values{
			"number": voucher.Text("01080621"), "issued": voucher.Day(june8 - 30), "trip_start": voucher.Day(june8), "trip_end": voucher.Day(june8 + 7),
			"tour": voucher.Text("Алтай: Телецкое озеро и Чемал"), "hotel": voucher.Text("Турбаза «Золотая», Артыбаш"), "meals": voucher.Text("HB"),
			"tourists": voucher.List(tourist("Анна Иванова"), tourist("Пётр Иванов"), tourist("Қайрат Әбілов")),
			"price":    voucher.Amount(decimal.New(18450000, -2), "RUB"), "note": voucher.Text("Встреча в аэропорту у выхода № 2, с табличкой."),
		})
	}
	return voucher.Sheet{}, fmt.Errorf("no Russian voucher in the ready pack")
}

func withTenure(s voucher.Sheet) ([]byte, error) {
	var b bytes.Buffer
	err := pdf.Render(&b, s, pdf.Options{})
	return b.Bytes(), err
}

func withMaroto(s voucher.Sheet) ([]byte, error) {
	fonts, err := repository.New().AddUTF8FontFromBytes("dejavu", fontstyle.Normal, dejavusans.TTF).Load()
	if err != nil {
		return nil, err
	}
	m := maroto.New(config.NewBuilder().WithCustomFonts(fonts).WithDefaultFont(&props.Font{Family: "dejavu", Size: 11}).Build())
	for _, l := range s.Lines {
		switch l.Kind {
		case voucher.LineTitle:
			m.AddAutoRow(text.NewCol(12, l.Text, props.Text{Size: 16}))
		case voucher.LineRule:
			m.AddRow(3, line.NewCol(12))
		case voucher.LineEntry:
			m.AddAutoRow(text.NewCol(4, l.Label), text.NewCol(8, l.Text))
		default:
			m.AddAutoRow(text.NewCol(12, l.Text))
		}
	}
	document, err := m.Generate()
	if err != nil {
		return nil, err
	}
	return document.GetBytes(), nil
}

func pages(_ context.Context, b *bars, rounds int, _ uint64) error {
	s, err := page()
	if err != nil {
		return err
	}
	const n = 10
	var ratios []float64
	took := func(draw func(voucher.Sheet) ([]byte, error)) (time.Duration, error) {
		start := time.Now()
		for range n {
			if _, err := draw(s); err != nil {
				return 0, err
			}
		}
		return time.Since(start), nil
	}
	for round := range rounds + 1 {
		ours, err := took(withTenure)
		if err != nil {
			return err
		}
		theirs, err := took(withMaroto)
		if err != nil {
			return err
		}
		if round > 0 {
			ratios = append(ratios, ours.Seconds()/theirs.Seconds())
		}
	}
	b.most("a page of PDF: time to maroto's, with the same font", median(ratios), 2)
	first, err := withTenure(s)
	if err != nil {
		return err
	}
	again, err := withTenure(s)
	if err != nil {
		return err
	}
	different := 0.0
	if !bytes.Equal(first, again) {
		different = 1
	}
	b.most("different bytes from equal input", different, 0)
	return nil
}

// pairs fills the documents of the ready packs with 10,000 sets of random values, half of them
// with something against them: what Check accepts has to render with as many elements as tame
// values give, and what it does not has to be refused.
func pairs(_ context.Context, b *bars, _ int, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, seed))
	var documents []*voucher.Document
	for _, id := range []voucher.PackID{"tour_sale", "flat_sale"} {
		_, templates, err := voucher.ReadyPack(id)
		if err != nil {
			return err
		}
		for _, t := range templates {
			d, err := voucher.Compile(t)
			if err != nil {
				return err
			}
			documents = append(documents, d)
		}
	}
	var accepted, broken, injected int
	for range 10_000 {
		d := documents[random.IntN(len(documents))]
		hostile, calm := values(random, d.Template().Fields)
		if random.IntN(2) == 0 {
			for id := range hostile { // drop one, whichever comes first
				delete(hostile, id)
				delete(calm, id)
				break
			}
		}
		var out, plain bytes.Buffer
		clean := len(d.Check(hostile)) == 0
		_, err := d.Render(&out, hostile)
		if clean != (err == nil) {
			broken++
		}
		if err != nil {
			continue
		}
		accepted++
		if _, err := d.Render(&plain, calm); err != nil {
			broken++
		}
		if elements(&out) != elements(&plain) {
			injected++
		}
	}
	fmt.Printf("  %d of 10,000 random (template, values) pairs accepted\n", accepted)
	b.least("accepted pairs", float64(accepted), 2000)
	b.most("accepted pairs that did not render, or refused that did", float64(broken), 0)
	b.most("values that added an element", float64(injected), 0)
	return nil
}

var spoilers = []string{"<script>alert(1)</script>", "</p><h1>x</h1>", "a :: b", "# title", "---", "x\n# y\n", "{{.price}}", "\"'><img src=x>", "<!--", "Ёлка № 1 & ₽", "\\", "javascript:1"}

// values returns random values for the fields, and calm ones of the same shape.
func values(r *rand.Rand, fields []voucher.Field) (hostile, calm voucher.Values) {
	hostile, calm = voucher.Values{}, voucher.Values{}
	for _, f := range fields {
		if !f.Required && r.IntN(2) == 0 {
			continue
		}
		var v voucher.Value
		switch f.Type {
		case voucher.TypeInt:
			v = voucher.Int(r.Int64())
		case voucher.TypeAmount:
			v = voucher.Amount(decimal.New(r.Int64N(1e14), -2), []string{"RUB", "KZT", "XTS"}[r.IntN(3)])
		case voucher.TypeDate:
			v = voucher.Day(date.New(1900+r.IntN(300), 1, 1))
		case voucher.TypeMoment:
			v = voucher.Moment(date.New(1900+r.IntN(300), 1, 1).MidnightUTC(), "Asia/Almaty")
		case voucher.TypeYes:
			v = voucher.Yes(r.IntN(2) == 0)
		case voucher.TypeList:
			var rough, smooth []voucher.Values
			for range 1 + r.IntN(3) {
				a, b := values(r, f.Fields)
				rough, smooth = append(rough, a), append(smooth, b)
			}
			hostile[f.ID], calm[f.ID] = voucher.List(rough...), voucher.List(smooth...)
			continue
		default:
			hostile[f.ID], calm[f.ID] = voucher.Text(spoilers[r.IntN(len(spoilers))]), voucher.Text("x")
			continue
		}
		hostile[f.ID], calm[f.ID] = v, v
	}
	return hostile, calm
}

// elements lists the tags of a page in order.
func elements(page io.Reader) string {
	var b strings.Builder
	tokens := html.NewTokenizer(page)
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return b.String()
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken, html.CommentToken:
			b.WriteString(tokens.Token().String())
		}
	}
}
