module github.com/tenure-go/tenure/examples

go 1.26.0

require (
	github.com/rickb777/date/v2 v2.1.8
	github.com/shopspring/decimal v1.6.0
	github.com/tenure-go/tenure v0.0.0
)

require (
	github.com/nyaruka/phonenumbers v1.8.1 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

require (
	github.com/govalues/decimal v0.1.36 // indirect

	github.com/rickb777/period v1.0.9 // indirect
	github.com/rickb777/plural v1.4.2 // indirect
)

replace github.com/tenure-go/tenure => ..
