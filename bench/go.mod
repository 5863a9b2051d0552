module github.com/tenure-go/tenure/bench

go 1.26.0

require (
	github.com/nyaruka/phonenumbers v1.8.1
	github.com/tenure-go/tenure v0.0.0
)

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace github.com/tenure-go/tenure => ..
