// Package ready holds rules that a team can start with: rental, newbuild, tours, callcenter,
// auto_sales, auto_credit and auto_buyout, the routes by form and by the group of a dialled number,
// and pools to fill with people.
//
//	desk, err := pipeline.New(pipeline.Config{Store: s, Rules: ready.Rules(), Pools: ready.Pools()})
//
// The rules are a JSON file, rules.json, to be copied and changed. In all of them only heads
// finish a deal (an operator his own call), pricers set the price until the documents, and a problem runs
// beside the stages.
package ready

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"

	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/worktime"
)

// JSON is the rules as pipeline.Read reads them: a start for one's own.
//
//go:embed rules.json
var JSON []byte

// Rules returns the rules, with a calendar "office": Monday to Friday from 9 to 18 in Irkutsk, by
// the Russian production calendar. Replace it in Calendars.
func Rules() pipeline.Rules {
	rules, err := pipeline.Read(bytes.NewReader(JSON))
	if err != nil {
		panic(fmt.Sprint("ready: the embedded rules: ", err)) // a test reads them
	}
	office, err := worktime.Compile(worktime.Spec{
		Zone: "Asia/Irkutsk", Country: "RU",
		Week: worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)}),
	})
	if err == nil { // without zone data Check says that the calendar is missing
		rules.Calendars = map[string]*worktime.Calendar{"office": office}
	}
	return rules
}

// Names of the pools that the routes lead to.
const (
	PoolRental    pipeline.PoolID = "rental"
	PoolNewbuild  pipeline.PoolID = "newbuild"
	PoolTours     pipeline.PoolID = "tours"
	PoolAuto      pipeline.PoolID = "auto"
	PoolCredit    pipeline.PoolID = "credit"
	PoolBuyout    pipeline.PoolID = "buyout"
	PoolOperators pipeline.PoolID = "operators"
)

// Pools returns the pools with these people in them, as a Config wants them. A client comes back to
// his seller, all operators are rung at once, and what a pool cannot take the operators get.
func Pools(people map[pipeline.PoolID][]pipeline.Member, heads ...pipeline.ActorID) func(context.Context, pipeline.PoolID) (pipeline.Pool, error) {
	return func(_ context.Context, id pipeline.PoolID) (pipeline.Pool, error) {
		p := pipeline.Pool{ID: id, Members: people[id], Heads: heads}
		switch id {
		case PoolOperators:
			p.RingAll = true
		case PoolRental, PoolNewbuild, PoolTours, PoolAuto, PoolCredit, PoolBuyout:
			p.Sticky, p.Fallback = true, PoolOperators
		default:
			return pipeline.Pool{}, &pipeline.UnknownError{Kind: "pool", ID: string(id)}
		}
		return p, nil
	}
}
