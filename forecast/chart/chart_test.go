package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
)

func drawNumber(t *rapid.T, name string) decimal.Decimal {
	return decimal.New(rapid.Int64().Draw(t, name), rapid.Int32Range(-400, 400).Draw(t, name+" exponent"))
}

func drawPoints(t *rapid.T) []chart.Point {
	points := make([]chart.Point, rapid.IntRange(0, 40).Draw(t, "points"))
	for i := range points {
		points[i] = chart.Point{Label: rapid.String().Draw(t, "label"), Value: drawNumber(t, "value")}
	}
	return points
}

// drawCharts draws one of each kind, from whatever numbers and words there are.
func drawCharts(t *rapid.T) func() []chart.SVG {
	title := string(rapid.SliceOf(rapid.Byte()).Draw(t, "title"))
	first := date.New(2027, 1, 1)
	f := forecast.Forecast{AsOf: first - 1, Unit: "RUB", Method: title}
	for i := range rapid.IntRange(0, 20).Draw(t, "buckets") {
		f.Buckets = append(f.Buckets, forecast.Bucket{From: first + date.Date(i), To: first + date.Date(i) + 1, Mean: drawNumber(t, "mean"), Low: drawNumber(t, "low"), High: drawNumber(t, "high"), Contract: drawNumber(t, "paper")})
	}
	var days []chart.Day
	for range rapid.IntRange(0, 30).Draw(t, "days") {
		days = append(days, chart.Day{On: first + date.Date(rapid.IntRange(0, 700).Draw(t, "day")), Share: forecast.Ratio{Num: drawNumber(t, "sold"), Den: decimal.New(rapid.Int64Range(-1, 9).Draw(t, "rooms"), 0)}})
	}
	series := []chart.Series{{Name: title, Points: drawPoints(t)}, {Name: "b", Points: drawPoints(t)}}
	steps := drawPoints(t)
	return func() []chart.SVG {
		return []chart.SVG{chart.Fan(title, f), chart.Bars(title, series...), chart.Steps(title, steps...), chart.Heat(title, days...)}
	}
}

// Law 12: a chart is well-formed, finite and inside its frame; equal input gives equal bytes.
func TestCharts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := drawCharts(t)
		charts := draw()
		require.Equal(t, charts, draw())
		for _, svg := range charts {
			requireDrawable(t, svg)
		}
		var page bytes.Buffer
		require.NoError(t, chart.Page(&page, chart.Section{Title: rapid.String().Draw(t, "section"), Text: rapid.String().Draw(t, "text"), Charts: charts}))
	})
}

func requireDrawable(t require.TestingT, svg chart.SVG) {
	decoder := xml.NewDecoder(strings.NewReader(string(svg)))
	title, desc := false, false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, string(svg))
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		title, desc = title || e.Name.Local == "title", desc || e.Name.Local == "desc"
		at := map[string]float64{}
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height":
				v, err := strconv.ParseFloat(a.Value, 64)
				require.NoError(t, err)
				require.False(t, math.IsNaN(v) || math.IsInf(v, 0) || v < 0)
				at[a.Name.Local] = v
			case "points":
				for _, pair := range strings.Fields(a.Value) {
					x, y, _ := strings.Cut(pair, ",")
					vx, err := strconv.ParseFloat(x, 64)
					require.NoError(t, err)
					vy, err := strconv.ParseFloat(y, 64)
					require.NoError(t, err)
					require.True(t, vx >= 0 && vx <= chart.Width && vy >= 0 && vy <= chart.Height, pair)
				}
			}
		}
		require.LessOrEqual(t, max(at["x"]+at["width"], at["x1"], at["x2"], at["cx"]), chart.Width+.02, string(svg))
		require.LessOrEqual(t, max(at["y"]+at["height"], at["y1"], at["y2"], at["cy"]), chart.Height+.02, string(svg))
	}
	require.True(t, title && desc)
}

func TestPageEscapes(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	table := forecast.Table{Title: "<script>", Columns: []forecast.Column{{Title: "a&b"}}, Rows: [][]forecast.Cell{{"<b>"}}, Total: []forecast.Cell{"\"total\""}}
	require.NoError(t, chart.Page(&page, chart.Section{Title: "<i>", Text: "one\n\n<two>", Tables: []forecast.Table{table}}))
	for _, raw := range []string{"<script>", "<b>", "<i>", "<two>", "a&b"} {
		require.NotContains(t, page.String(), raw)
	}
	require.Contains(t, page.String(), "prefers-color-scheme: dark")
	require.NoError(t, chart.Page(&page))
}

func ExamplePage() {
	promises := forecast.Instalments(forecast.Money{Amount: decimal.NewFromInt(1200), Currency: "EUR"}, 12, date.New(2027, 7, 1), forecast.EveryMonth)
	f, _ := forecast.Receipts(forecast.All(promises), forecast.ReceiptsConfig{Options: forecast.Options{AsOf: date.New(2027, 6, 8), Days: 365, Every: forecast.EveryMonth}})
	_ = chart.Page(io.Discard, chart.Section{Title: "Receipts", Charts: []chart.SVG{chart.Fan("Receipts", f)}, Tables: []forecast.Table{f.Table()}})
	_ = f.Table().WriteCSV(os.Stdout)
	// Output:
	// period,mean,low,high,on paper
	// 2027-06-09–2027-06-30,0.00,0.00,0.00,0.00
	// 2027-07-01–2027-07-31,100.00,70.00,130.00,100.00
	// 2027-08-01–2027-08-31,100.00,70.00,130.00,100.00
	// 2027-09-01–2027-09-30,100.00,70.00,130.00,100.00
	// 2027-10-01–2027-10-31,100.00,70.00,130.00,100.00
	// 2027-11-01–2027-11-30,100.00,70.00,130.00,100.00
	// 2027-12-01–2027-12-31,100.00,70.00,130.00,100.00
	// 2028-01-01–2028-01-31,100.00,70.00,130.00,100.00
	// 2028-02-01–2028-02-29,100.00,70.00,130.00,100.00
	// 2028-03-01–2028-03-31,100.00,70.00,130.00,100.00
	// 2028-04-01–2028-04-30,100.00,70.00,130.00,100.00
	// 2028-05-01–2028-05-31,100.00,70.00,130.00,100.00
	// 2028-06-01–2028-06-07,100.00,70.00,130.00,100.00
	// total,1200.00,840.00,1560.00,1200.00
}

// firstLine is the title of a chart.
func firstLine(svg chart.SVG) string {
	_, rest, _ := strings.Cut(string(svg), "<title>")
	title, _, _ := strings.Cut(rest, "</title>")
	return title
}

func ExampleFan() {
	f := forecast.Forecast{AsOf: date.New(2027, 6, 8), Unit: "RUB", Buckets: []forecast.Bucket{{From: date.New(2027, 6, 9), To: date.New(2027, 6, 16), Mean: decimal.NewFromInt(100)}}}
	fmt.Println(firstLine(chart.Fan("Money into escrow", f)))
	// Output: Money into escrow
}

func ExampleBars() {
	plan := chart.Series{Name: "plan", Points: []chart.Point{{Label: "June", Value: decimal.NewFromInt(100)}}}
	fact := chart.Series{Name: "fact", Points: []chart.Point{{Label: "June", Value: decimal.NewFromInt(90)}}}
	fmt.Println(firstLine(chart.Bars("Plan & fact", plan, fact)))
	// Output: Plan &amp; fact
}

func ExampleSteps() {
	fmt.Println(firstLine(chart.Steps("Funnel", chart.Point{Label: "inquiry", Value: decimal.NewFromInt(10)}, chart.Point{Label: "won", Value: decimal.NewFromInt(2)})))
	// Output: Funnel
}

func ExampleHeat() {
	full := forecast.Ratio{Num: decimal.NewFromInt(48), Den: decimal.NewFromInt(60)}
	fmt.Println(firstLine(chart.Heat("Occupancy", chart.Day{On: date.New(2027, 6, 9), Share: full})))
	// Output: Occupancy
}
