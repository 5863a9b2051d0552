package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

// A hold and the office's own row in one transaction.
func ExampleInTx() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "office")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "office.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := sqlite.Apply(ctx, db, "booking"); err != nil {
		log.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "create table deal (hold text, client text)"); err != nil {
		log.Fatal(err)
	}
	store, err := litebooking.New(ctx, db)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Date(2027, time.May, 1, 12, 0, 0, 0, time.UTC)
	desk, err := booking.New(booking.Config{Store: store, Now: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12"}}); err != nil {
		log.Fatal(err)
	}

	week, err := booking.Nights(date.New(2027, time.June, 8), date.New(2027, time.June, 15))
	if err != nil {
		log.Fatal(err)
	}
	var hold booking.Result
	err = sqlite.InTx(ctx, db, func(tx *sql.Tx) error {
		var err error
		hold, err = desk.In(litebooking.In(tx)).Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: week, Holder: "card-9"})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "insert into deal values ($1, $2)", hold.ID, "card-9")
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	var deals int
	if err := db.QueryRowContext(ctx, "select count(*) from deal").Scan(&deals); err != nil {
		log.Fatal(err)
	}
	fmt.Println(hold.ID, hold.State, "until", hold.Deadline.Format(time.TimeOnly), "and deals:", deals)
	// Output: lead-71 held until 12:15:00 and deals: 1
}
