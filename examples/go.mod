module github.com/tenure-go/tenure/examples

go 1.26.0

require (
	github.com/jackc/pgx/v5 v5.12.0
	github.com/tenure-go/tenure v0.0.0
	github.com/tenure-go/tenure/store/postgres v0.0.0
	github.com/tenure-go/tenure/store/sqlite v0.0.0
)

require (
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/nyaruka/phonenumbers v1.8.1 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
	modernc.org/libc v1.80.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
	modernc.org/sqlite v1.62.0 // indirect
)

replace github.com/tenure-go/tenure => ..

replace github.com/tenure-go/tenure/store/sqlite => ../store/sqlite

replace github.com/tenure-go/tenure/store/postgres => ../store/postgres
