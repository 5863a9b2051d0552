package forecast

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// CallsConfig configures Calls.
type CallsConfig struct {
	// From and To are the half-open period. Required. It is compared with the period as long before.
	From, To time.Time

	// By are the dimensions of the rows: "operator", "group", "line". Defaults to one row.
	By []string

	// Within is the time within which a call should be answered. Defaults to 30 seconds.
	Within time.Duration

	// CallBack is the time within which a missed call must be returned, or it is lost. Defaults to
	// 30 minutes.
	CallBack time.Duration

	// Skip turns faulty rows into Notes. Defaults to an error at the first one.
	Skip bool
}

// A CallsReport counts calls. A call that rang at ten operators and that none answered is one missed
// call, of its group and line and of no operator, and an unanswered ring of each of the ten.
type CallsReport struct {
	Config CallsConfig
	Rows   []CallsRow // in the order of the dimensions
	Total  CallsRow
	Notes  []Problem
}

// A CallsRow counts the calls of one combination of dimensions, now and in the period before.
type CallsRow struct {
	By           []string // values of the dimensions; operator "" is nobody's
	This, Before CallCounts
}

// CallCounts are numbers of calls.
type CallCounts struct {
	Answered   int           // incoming
	Missed     int           // incoming
	Outgoing   int           // answered or not
	InTime     int           // answered within the limit
	Waited     time.Duration // of the answered, together
	CalledBack int           // missed and returned in time
	Lost       int           // missed and not returned in time
	Rings      int           // unanswered, of operators
}

// Rate is the share of incoming calls that were answered.
func (c CallCounts) Rate() Ratio { return ratioOf(c.Answered, c.Answered+c.Missed) }

// TimeToAnswer is the mean wait of the answered, in seconds.
func (c CallCounts) TimeToAnswer() Ratio {
	return Ratio{decimal.NewFromFloat(c.Waited.Seconds()), decimal.NewFromInt(int64(c.Answered))}
}

// Change is the growth of all calls over the period before.
func (r CallsRow) Change() Ratio {
	all := func(c CallCounts) decimal.Decimal {
		return decimal.NewFromInt(int64(c.Answered + c.Missed + c.Outgoing))
	}
	return growth(all(r.This), all(r.Before))
}

func (c *CallCounts) add(o CallCounts) {
	c.Answered, c.Missed, c.Outgoing = c.Answered+o.Answered, c.Missed+o.Missed, c.Outgoing+o.Outgoing
	c.InTime, c.Waited, c.CalledBack = c.InTime+o.InTime, c.Waited+o.Waited, c.CalledBack+o.CalledBack
	c.Lost, c.Rings = c.Lost+o.Lost, c.Rings+o.Rings
}

func (c CallsConfig) check() error {
	var problems []Problem
	if c.From.IsZero() {
		problems = append(problems, Problem{Field: "From", Why: WhyMissing})
	}
	if c.To.IsZero() {
		problems = append(problems, Problem{Field: "To", Why: WhyMissing})
	} else if c.To.Before(c.From) {
		problems = append(problems, Problem{Field: "To", Value: c.To.Format(time.RFC3339), Why: WhyOrder})
	}
	for i, by := range c.By {
		if slices.Contains(c.By[:i], by) || by != "operator" && by != "group" && by != "line" {
			problems = append(problems, Problem{Field: "By", Value: by, Why: WhyUnknown})
		}
	}
	return configError(problems)
}

func checkCall(c *Call) *Problem {
	switch {
	case c.At.IsZero():
		return &Problem{Field: "At", Why: WhyMissing}
	case !c.Answered.IsZero() && c.Answered.Before(c.At):
		return &Problem{Field: "Answered", Value: c.Answered.Format(time.RFC3339), Why: WhyOrder}
	case !c.Ended.IsZero() && (c.Ended.Before(c.At) || c.Ended.Before(c.Answered)):
		return &Problem{Field: "Ended", Value: c.Ended.Format(time.RFC3339), Why: WhyOrder}
	}
	return nil
}

// Calls counts answered, outgoing and missed calls, by operator, group and line. A missed call is
// called back if a call to the same customer begins within CallBack of it.
func Calls(rows Facts[Call], c CallsConfig) (CallsReport, error) {
	if err := c.check(); err != nil {
		return CallsReport{}, err
	}
	c.Within = cmp.Or(c.Within, 30*time.Second)
	c.CallBack = cmp.Or(c.CallBack, 30*time.Minute)
	k := &callCounter{config: c, rows: map[[3]string]*CallsRow{}, returned: map[string][]time.Time{}}
	r := &reader{skip: c.Skip}
	if err := read(r, rows, checkCall, k.add); err != nil {
		return CallsReport{}, err
	}
	report := k.report()
	report.Notes = r.notes
	return report, nil
}

type callCounter struct {
	config   CallsConfig
	rows     map[[3]string]*CallsRow
	missed   []missedCall
	returned map[string][]time.Time // calls to each customer
}

type missedCall struct {
	counts   *CallCounts
	customer string
	at       time.Time
}

// side tells the counts of this period (0), the one before (1) or neither (-1).
func (k *callCounter) side(at time.Time) int {
	c := k.config
	switch before := c.From.Add(-c.To.Sub(c.From)); {
	case !at.Before(c.From) && at.Before(c.To):
		return 0
	case !at.Before(before) && at.Before(c.From):
		return 1
	}
	return -1
}

func (k *callCounter) counts(c *Call, operator OperatorID, side int) *CallCounts {
	var key [3]string
	values := make([]string, len(k.config.By))
	for i, by := range k.config.By {
		switch by {
		case "operator":
			values[i] = string(operator)
		case "group":
			values[i] = c.Group
		default:
			values[i] = c.Line
		}
		key[min(i, 2)] = values[i]
	}
	row := k.rows[key]
	if row == nil {
		row = &CallsRow{By: values}
		k.rows[key] = row
	}
	if side == 0 {
		return &row.This
	}
	return &row.Before
}

func (k *callCounter) add(c *Call) {
	if c.Out && c.Customer != "" {
		k.returned[c.Customer] = append(k.returned[c.Customer], c.At)
	}
	side := k.side(c.At)
	if side < 0 {
		return
	}
	switch {
	case c.Out:
		k.counts(c, c.By, side).Outgoing++
	case !c.Answered.IsZero():
		n := k.counts(c, c.By, side)
		n.Answered++
		wait := c.Answered.Sub(c.At)
		n.Waited += wait
		if wait <= k.config.Within {
			n.InTime++
		}
	default:
		n := k.counts(c, "", side)
		n.Missed++
		k.missed = append(k.missed, missedCall{n, c.Customer, c.At})
		for _, operator := range c.Rang {
			k.counts(c, operator, side).Rings++
		}
	}
}

func (k *callCounter) report() CallsReport {
	for customer := range k.returned {
		slices.SortFunc(k.returned[customer], time.Time.Compare)
	}
	for _, m := range k.missed {
		calls := k.returned[m.customer]
		i, _ := slices.BinarySearchFunc(calls, m.at, time.Time.Compare)
		if m.customer != "" && i < len(calls) && !calls[i].After(m.at.Add(k.config.CallBack)) {
			m.counts.CalledBack++
		} else {
			m.counts.Lost++
		}
	}
	report := CallsReport{Config: k.config}
	for _, row := range k.rows {
		report.Rows = append(report.Rows, *row)
		report.Total.This.add(row.This)
		report.Total.Before.add(row.Before)
	}
	slices.SortFunc(report.Rows, func(a, b CallsRow) int { return compareTags(a.By, b.By) })
	return report
}

// Table shows a row for each combination of dimensions.
func (r CallsReport) Table() Table {
	t := Table{
		Title:   "Calls: " + r.Config.From.Format("2006-01-02 15:04") + "–" + r.Config.To.Format("2006-01-02 15:04"),
		Columns: words(r.Config.By...),
	}
	if len(r.Config.By) == 0 {
		t.Columns = words("all")
	}
	t.Columns = append(t.Columns, numbers("answered", "outgoing", "missed", "answer rate", "in time", "seconds to answer",
		"called back", "lost", "unanswered rings", "change")...)
	row := func(names []string, c CallsRow) []Cell {
		var cells []Cell
		for _, name := range names {
			cells = append(cells, Cell(name))
		}
		n := c.This
		return append(cells, countCell(n.Answered), countCell(n.Outgoing), countCell(n.Missed), percentCell(n.Rate()), countCell(n.InTime),
			quotientCell(n.TimeToAnswer(), 1), countCell(n.CalledBack), countCell(n.Lost), countCell(n.Rings), percentCell(c.Change()))
	}
	for _, c := range r.Rows {
		names := c.By
		if len(names) == 0 {
			names = []string{""}
		}
		t.Rows = append(t.Rows, row(names, c))
	}
	total := make([]string, max(len(r.Config.By), 1))
	total[0] = "total"
	t.Total = row(total, r.Total)
	return t
}
