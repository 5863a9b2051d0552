package forecast

import "github.com/shopspring/decimal"

// A plan is what Receipts expected of each promise by paper, by bucket.
type plan struct {
	due map[PromiseID][]decimal.Decimal
}
