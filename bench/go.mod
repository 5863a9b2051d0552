module github.com/tenure-go/tenure/bench

go 1.26.0

require (
	github.com/armon/go-radix v1.0.0
	github.com/nyaruka/phonenumbers v1.8.1
	github.com/tenure-go/tenure v0.0.0
)

require (
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace github.com/tenure-go/tenure => ..
