package forecast

// A payTable is the daily chance that money promised and not yet paid is paid, by days from its due
// date, of all payers and of each, as known at one origin.
type payTable struct {
	all   [payAges]float64
	payer map[int32]*[payAges]float64
}

const (
	payFirst  = -40 // days from due; earlier days count as this one
	payLast   = 80  // later days count as this one
	payAges   = payLast - payFirst + 1
	paySmooth = 1 // days on both sides

	pseudoInvoices = 50.0
)

func payAge(days int) int { return min(max(days, payFirst), payLast) - payFirst }

// payCounts are promises at risk and paid, in fractions of a promise: a part payment is a part of
// an event.
type payCounts struct{ risk, paid [payAges]float64 }

// hazard is the chance by age, smoothed over the neighbouring days. The last age stands for all
// later days.
func (c *payCounts) hazard(prior *[payAges]float64) (h [payAges]float64) {
	for a := range h {
		risk, paid := 0.0, 0.0
		for k := max(a-paySmooth, 0); k <= min(a+paySmooth, payAges-1); k++ {
			risk, paid = risk+c.risk[k], paid+c.paid[k]
		}
		if prior != nil {
			risk, paid = risk+pseudoInvoices, paid+pseudoInvoices*prior[a]
		}
		if risk > 0 {
			h[a] = min(paid/risk, 1)
		}
	}
	return h
}

// of returns the curve of the payer, or that of all.
func (t *payTable) of(payer int32) *[payAges]float64 {
	if c := t.payer[payer]; c != nil {
		return c
	}
	return &t.all
}
