// Package forecast says what money arrives when and how surely, and reports that add up.
//
// Money to come is forecast by eye, the plan never meets the fact, and every department brings
// another number. Here rows of facts become one version of the truth: a forecast names its method,
// shows how it did in the past, and gives a band; buckets, parts and rows add up to the cent.
//
//	price := forecast.Money{Amount: decimal.NewFromInt(6_000_000), Currency: "RUB"}
//	due := forecast.Instalments(price, 12, date.New(2027, 7, 1), forecast.EveryMonth)
//	next90 := forecast.Options{AsOf: date.New(2027, 6, 8), Days: 90}
//	f, err := forecast.Receipts(forecast.All(due), forecast.ReceiptsConfig{Options: next90})
//	fmt.Println(f.Total.Low, f.Total.Mean, f.Total.High, f.Method, f.Degraded) // no history yet: method "schedule", and why
//
// # Facts
//
// A row is about one subject and holds the days of what happened to it: a [Promise] of money, a
// [Deal], a [Stay], a [Sale], a [Visit], a [Call]. It is read as it stood on the day asked for: each
// [Dated] fact says when it happened and when it became known, and what became known later does
// not count. Rows come in any order as [Facts], a stream that may fail midway; then there is an
// error and no half of a report. The package keeps no state, reads no clock and draws nothing at
// random but by the caller's seed.
//
// # Forecasts
//
// [Receipts], [OpenDeals], [Occupancy] and [Cancellations] each try several methods on the weeks
// before AsOf, each time with what was known then, and take the one that missed least, the recent
// windows counting more and overlapping ones less. Naive methods are always among them. Where
// history is too short for a model a naive one does, and Degraded says why. The band between Low and
// High is to hold four outcomes of five: it is read from the errors of finished windows, or from
// simulated paths, and widens when it failed and narrows when it held (adaptive conformal
// inference, Gibbs and Candès 2021).
//
// [PlanFact] says why the money that came is not the money that was planned.
//
// # Reports
//
// [Funnel], [Marketing], [Rooms], [Sales], [Visits], [Calls] and [Daily]. A ratio of a total is that
// of the sums; nothing over nothing is undefined and shown as [Dash]. Two currencies are never
// added: a report has rows and totals for each, a forecast asks for one.
//
// Every report and forecast gives a [Table], which writes CSV and Markdown; package chart draws
// them and puts them on one page.
//
// # Bad input
//
// A row that cannot be true (a stay that ends before it begins, a currency that does not exist) is
// a [*RowError] with its number and field, or a note in the result where Skip is set. A faulty config
// is an [*InvalidError] or a [*ConfigError], a method forced without the history it needs a
// [*HistoryError]. All of them have Text in English and Russian.
package forecast
