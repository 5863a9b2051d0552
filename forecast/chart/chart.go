// Package chart draws forecasts and reports as SVG, and puts them with their tables on one page.
//
// A manager believes a number when it can be looked at and added up. So every chart comes with the
// table it was drawn from, on one HTML file that needs nothing else and can be sent by mail:
//
//	fan := chart.Fan("Receipts", f)
//	err := chart.Page(w, chart.Section{Title: "Receipts", Charts: []chart.SVG{fan}, Tables: []forecast.Table{f.Table()}})
//
// # Charts
//
// [Fan] shows a forecast with its band, [Bars] several series side by side (plan and fact, this year
// and last), [Steps] a funnel, [Heat] how full each day is. Each is a whole SVG document with a
// title and a description for screen readers. Equal input gives equal bytes; what is not a number is
// left out, and nothing is drawn outside the frame.
package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/forecast"
)

// An SVG is a whole SVG document.
type SVG string

// The frame of every chart, in SVG units; the drawing lies within the margins.
const (
	Width  = 720
	Height = 300

	left, right, top, bottom = 72, 16, 40, 36
	plotWidth                = Width - left - right
	plotHeight               = Height - top - bottom
)

// A Point is a bar with its label.
type Point struct {
	Label string
	Value decimal.Decimal
}

// A Series is points of one colour.
type Series struct {
	Name   string
	Points []Point
}

// A Day is one cell of a heat map. Share is how full it is: 0 empty, 1 full.
type Day struct {
	On    date.Date
	Share forecast.Ratio
}

// series colours; the page's style replaces them in the dark.
var colours = [...]string{"#2b6cb0", "#dd8833", "#5a9a57", "#8a63b3", "#b04a5a", "#6b7280"}

// Fan draws a forecast: the mean of each bucket as a line, the band from low to high around it, and
// what is on paper as a broken line.
func Fan(title string, f forecast.Forecast) SVG {
	d := newDrawing(title, fmt.Sprintf("Forecast as of %s by %s: %s %s in all, four of five outcomes from %s to %s.",
		f.AsOf, f.Method, f.Total.Mean, f.Unit, f.Total.Low, f.Total.High))
	var values []float64
	for _, b := range f.Buckets {
		values = append(values, number(b.Mean), number(b.Low), number(b.High), number(b.Contract))
	}
	n := len(f.Buckets)
	d.axis(values)
	x := func(i int) float64 {
		if n == 1 {
			return left + plotWidth/2
		}
		return left + plotWidth*float64(i)/float64(n-1)
	}
	var band, mean, paper []string
	for i, b := range f.Buckets {
		band = append(band, d.at(x(i), number(b.High)))
		mean = append(mean, d.at(x(i), number(b.Mean)))
		paper = append(paper, d.at(x(i), number(b.Contract)))
	}
	for i := n - 1; i >= 0; i-- {
		band = append(band, d.at(x(i), number(f.Buckets[i].Low)))
	}
	if n > 0 {
		d.printf(`<polygon class="band" points="%s" fill="%s" fill-opacity="0.2"/>`, strings.Join(band, " "), colours[0])
		d.printf(`<polyline class="s1" points="%s" fill="none" stroke="%s" stroke-width="1.5" stroke-dasharray="4 3"/>`, strings.Join(paper, " "), colours[1])
		d.printf(`<polyline class="s0" points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(mean, " "), colours[0])
		if n == 1 {
			d.printf(`<circle class="s0" cx="%s" cy="%s" r="3" fill="%s"/>`, coord(x(0)), coord(d.y(number(f.Buckets[0].Mean))), colours[0])
		}
	}
	labels := make([]string, n)
	for i, b := range f.Buckets {
		labels[i] = b.From.String()
	}
	d.labels(labels, x)
	d.legend("mean, band of 80 %", "on paper")
	return d.done()
}

// Bars draws the series side by side, by the labels of the longest one.
func Bars(title string, series ...Series) SVG {
	var values []float64
	var names []string
	longest := Series{}
	for _, s := range series {
		names = append(names, s.Name)
		for _, p := range s.Points {
			values = append(values, number(p.Value))
		}
		if len(s.Points) > len(longest.Points) {
			longest = s
		}
	}
	d := newDrawing(title, "Bars of "+strings.Join(names, ", ")+".")
	d.axis(values)
	n := len(longest.Points)
	if n > 0 {
		slot := float64(plotWidth) / float64(n)
		wide := slot * .8 / float64(len(series))
		for k, s := range series {
			for i, p := range s.Points {
				v := number(p.Value)
				y0, y1 := d.y(0), d.y(v)
				d.printf(`<rect class="s%d" x="%s" y="%s" width="%s" height="%s" fill="%s"><title>%s</title></rect>`, k%len(colours),
					coord(left+slot*(float64(i)+.1)+wide*float64(k)), coord(min(y0, y1)), size(wide), size(math.Abs(y0-y1)), colours[k%len(colours)],
					escape(s.Name+", "+p.Label+": "+p.Value.String()))
			}
		}
		labels := make([]string, n)
		for i, p := range longest.Points {
			labels[i] = p.Label
		}
		d.labels(labels, func(i int) float64 { return left + slot*(float64(i)+.5) })
	}
	d.legend(names...)
	return d.done()
}

// Steps draws a funnel: a bar for each step from the widest on, with its share of the first.
func Steps(title string, steps ...Point) SVG {
	d := newDrawing(title, fmt.Sprintf("Funnel of %d steps.", len(steps)))
	widest := 0.0
	for _, s := range steps {
		widest = max(widest, number(s.Value))
	}
	if widest <= 0 {
		widest = 1
	}
	row := float64(plotHeight) / float64(max(len(steps), 1))
	for i, s := range steps {
		v := max(number(s.Value), 0)
		wide := (plotWidth - 150) * v / widest
		y := top + row*float64(i)
		d.printf(`<rect class="s0" x="%s" y="%s" width="%s" height="%s" fill="%s" fill-opacity="%s"/>`, coord(left+50), coord(y+row*.1), size(wide), size(row*.8),
			colours[0], coord(1-.6*float64(i)/float64(max(len(steps), 1))))
		text := s.Value.String()
		if first := number(steps[0].Value); first > 0 {
			text += fmt.Sprintf(" (%.0f %%)", 100*v/first)
		}
		d.text(left+44, y+row*.5+4, "end", shorten(s.Label, 16))
		d.text(left+56+wide, y+row*.5+4, "start", shorten(text, 20))
	}
	return d.done()
}

// Heat draws a calendar, a column for each week and a row for each weekday, the fuller the darker.
// A day whose share is undefined is an empty frame.
func Heat(title string, days ...Day) SVG {
	d := newDrawing(title, fmt.Sprintf("Calendar of %d days, the fuller the darker.", len(days)))
	if len(days) > 0 {
		first := days[0].On
		last := first
		for _, day := range days {
			first, last = min(first, day.On), max(last, day.On)
		}
		monday := first - date.Date((int(first.Weekday())+6)%7)
		weeks := int(last-monday)/7 + 1
		cell := min(float64(plotWidth)/float64(weeks), float64(plotHeight)/7)
		for i, name := range [...]string{"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"} {
			d.text(left-6, top+cell*(float64(i)+.5)+4, "end", name)
		}
		for _, day := range days {
			x := left + cell*float64(int(day.On-monday)/7)
			y := top + cell*float64((int(day.On-monday))%7)
			label, opacity := day.On.String()+": –", 0.0
			if v, ok := day.Share.Value(); ok {
				label = day.On.String() + ": " + v.Shift(2).StringFixed(0) + " %"
				opacity = min(max(v.InexactFloat64(), 0), 1)
			}
			d.printf(`<rect class="cell" x="%s" y="%s" width="%s" height="%s" fill="%s" fill-opacity="%s" stroke="#9aa4b2" stroke-width="0.5"><title>%s</title></rect>`,
				coord(x+.5), coord(y+.5), size(cell-1), size(cell-1), colours[0], coord(opacity), escape(label))
		}
		step := int(math.Ceil(70 / cell)) // room for a date
		for w := 0; w < weeks; w += step {
			d.text(min(left+cell*float64(w), Width-right-60), top+cell*7+16, "start", (monday + date.Date(7*w)).String())
		}
	}
	return d.done()
}

// A drawing is an SVG in the making.
type drawing struct {
	out      bytes.Buffer
	low, top float64 // values at the lower and upper edge
}

func newDrawing(title, desc string) *drawing {
	d := &drawing{top: 1}
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" font-family="sans-serif" font-size="11">`, Width, Height, Width, Height)
	d.printf(`<title>%s</title><desc>%s</desc>`, escape(title), escape(desc))
	d.printf(`<text class="head" x="%d" y="20" font-size="14" fill="#1f2937">%s</text>`, left, escape(shorten(title, 70)))
	return d
}

func (d *drawing) printf(format string, args ...any) {
	fmt.Fprintf(&d.out, format, args...)
	d.out.WriteByte('\n')
}

func (d *drawing) done() SVG {
	d.out.WriteString("</svg>\n")
	return SVG(d.out.String())
}

// axis sets the scale so that zero and all values fit, and draws its lines.
func (d *drawing) axis(values []float64) {
	low, high := 0.0, 0.0
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if high-low == 0 {
		high = 1
	}
	step := niceStep((high - low) / 4)
	d.low, d.top = math.Floor(low/step)*step, math.Ceil(high/step)*step
	for i := 0; i <= 12; i++ {
		v := d.low + step*float64(i)
		if v > d.top+step/2 {
			break
		}
		y := coord(d.y(v))
		d.printf(`<line class="grid" x1="%d" y1="%s" x2="%d" y2="%s" stroke="#d4d9e1" stroke-width="1"/>`, left, y, Width-right, y)
		d.text(left-6, d.y(v)+4, "end", short(v))
	}
}

// niceStep is 1, 2 or 5 times a power of ten, no less than v.
func niceStep(v float64) float64 {
	if v <= 0 || math.IsInf(v, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, k := range [...]float64{1, 2, 5} {
		if k*unit >= v {
			return k * unit
		}
	}
	return 10 * unit
}

func (d *drawing) y(v float64) float64 {
	share := (v - d.low) / (d.top - d.low)
	return top + plotHeight*(1-min(max(share, 0), 1))
}

func (d *drawing) at(x, v float64) string { return coord(x) + "," + coord(d.y(v)) }

// labels writes as many of the labels below the axis as there is room for.
func (d *drawing) labels(labels []string, x func(int) float64) {
	step := (len(labels) + 7) / 8
	for i := 0; i < len(labels); i += max(step, 1) {
		d.text(min(max(x(i), left+16), Width-right-28), Height-bottom+16, "middle", shorten(labels[i], 14))
	}
}

func (d *drawing) legend(names ...string) {
	x := float64(left)
	for i, name := range names {
		name = shorten(name, 24)
		wide := 24 + 6.5*float64(len([]rune(name)))
		if x+wide > Width-right {
			break
		}
		d.printf(`<rect class="s%d" x="%s" y="%d" width="10" height="10" fill="%s"/>`, i%len(colours), coord(x), Height-14, colours[i%len(colours)])
		d.text(x+14, Height-5, "start", name)
		x += wide
	}
}

func (d *drawing) text(x, y float64, anchor, text string) {
	d.printf(`<text x="%s" y="%s" text-anchor="%s" fill="#374151">%s</text>`, coord(x), coord(y), anchor, escape(text))
}

// number is the value as a float, 0 if it cannot be drawn.
func number(v decimal.Decimal) float64 {
	f := v.InexactFloat64()
	if math.IsNaN(f) || math.Abs(f) > 1e200 {
		return 0
	}
	return f
}

// coord writes a place within the frame.
func coord(v float64) string {
	if math.IsNaN(v) {
		v = 0
	}
	return strconv.FormatFloat(min(max(v, 0), Width), 'f', 2, 64)
}

// size writes a length that is not negative.
func size(v float64) string { return coord(max(v, 0)) }

// short writes 1250000 as 1.25M.
func short(v float64) string {
	for _, unit := range [...]struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
