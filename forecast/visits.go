package forecast

import (
	"slices"

	"github.com/rickb777/date/v2"
)

// VisitsConfig configures Visits.
type VisitsConfig struct {
	// AsOf is the last day counted. Required.
	AsOf date.Date

	// Kinds of visits to count, such as "meeting". Defaults to all.
	Kinds []string

	// Skip turns faulty rows into Notes. Defaults to an error at the first one.
	Skip bool
}

// A VisitsReport says which manager met how many agencies, and what came of it.
type VisitsReport struct {
	AsOf     date.Date
	Outcomes []string // in the order of names
	Rows     []VisitsRow
	Total    VisitsRow // an agency met by two managers counts for each
	Notes    []Problem
}

// A VisitsRow is one manager's.
type VisitsRow struct {
	Manager string

	// Met is how many agencies were met in the last 7, 14 and 21 days and in the last month, which
	// goes back to the same day of the month before.
	Met [4]int

	Visits   int   // of the last month
	Outcomes []int // of the last month, in the order of the report's Outcomes
}

// Visits counts the agencies met by each manager in the last 1, 2, 3 weeks and month, and the
// outcomes of the month.
func Visits(rows Facts[Visit], c VisitsConfig) (VisitsReport, error) {
	if c.AsOf == 0 {
		return VisitsReport{}, &InvalidError{Field: "AsOf", Why: WhyMissing}
	}
	since := [4]date.Date{c.AsOf - 6, c.AsOf - 13, c.AsOf - 20, addMonths(c.AsOf, -1) + 1}
	type manager struct {
		met      [4]map[AgencyID]bool
		visits   int
		outcomes map[string]int
	}
	managers := map[string]*manager{}
	outcomes := map[string]bool{}
	r := &reader{skip: c.Skip}
	err := read(r, rows, checkVisit, func(v *Visit) {
		if !v.by(c.AsOf) || v.On > c.AsOf || v.On < min(since[2], since[3]) || (len(c.Kinds) > 0 && !slices.Contains(c.Kinds, v.Kind)) {
			return
		}
		m := managers[v.Tags["manager"]]
		if m == nil {
			m = &manager{outcomes: map[string]int{}}
			for i := range m.met {
				m.met[i] = map[AgencyID]bool{}
			}
			managers[v.Tags["manager"]] = m
		}
		for i, from := range since {
			if v.On >= from {
				m.met[i][v.Agency] = true
			}
		}
		if v.On >= since[3] {
			m.visits++
			m.outcomes[v.Outcome]++
			outcomes[v.Outcome] = true
		}
	})
	if err != nil {
		return VisitsReport{}, err
	}
	report := VisitsReport{AsOf: c.AsOf, Outcomes: sortedKeys(outcomes), Notes: r.notes}
	report.Total.Outcomes = make([]int, len(report.Outcomes))
	for _, name := range sortedKeys(managers) {
		m := managers[name]
		row := VisitsRow{Manager: name, Visits: m.visits}
		report.Total.Visits += m.visits
		for i := range m.met {
			row.Met[i] = len(m.met[i])
			report.Total.Met[i] += row.Met[i]
		}
		for i, o := range report.Outcomes {
			row.Outcomes = append(row.Outcomes, m.outcomes[o])
			report.Total.Outcomes[i] += m.outcomes[o]
		}
		report.Rows = append(report.Rows, row)
	}
	return report, nil
}

func checkVisit(v *Visit) *Problem {
	switch {
	case v.On == 0:
		return &Problem{Field: "On", Why: WhyMissing}
	case v.Agency == "":
		return &Problem{Field: "Agency", Why: WhyMissing}
	}
	return nil
}

// Table shows a row for each manager.
func (r VisitsReport) Table() Table {
	t := Table{
		Title:   "Visits as of " + r.AsOf.String(),
		Columns: append(words("manager"), numbers("agencies, 1 week", "agencies, 2 weeks", "agencies, 3 weeks", "agencies, month", "visits, month")...),
	}
	t.Columns = append(t.Columns, numbers(r.Outcomes...)...)
	row := func(name string, v VisitsRow) []Cell {
		cells := []Cell{Cell(name)}
		for _, n := range v.Met {
			cells = append(cells, countCell(n))
		}
		cells = append(cells, countCell(v.Visits))
		for _, n := range v.Outcomes {
			cells = append(cells, countCell(n))
		}
		return cells
	}
	for _, v := range r.Rows {
		t.Rows = append(t.Rows, row(v.Manager, v))
	}
	t.Total = row("total", r.Total)
	return t
}
