module github.com/tenure-go/tenure/bench

go 1.26.0

require (
	github.com/rickb777/date/v2 v2.1.8
	github.com/shopspring/decimal v1.6.0
	github.com/tenure-go/tenure v0.0.0
)

replace github.com/tenure-go/tenure => ..
