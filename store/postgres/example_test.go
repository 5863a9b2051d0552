package postgres_test

import (
	"context"
	"log"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
)

// A confirmation and the service's own row in one transaction.
func ExampleInTx() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://crm@db.example.com/crm")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := pgbooking.New(ctx, pool) // after postgres.Apply(ctx, pool, "booking")
	if err != nil {
		log.Fatal(err)
	}
	desk, err := booking.New(booking.Config{Store: store})
	if err != nil {
		log.Fatal(err)
	}
	err = postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		stay, err := desk.In(pgbooking.In(tx)).Confirm(ctx, booking.Confirm{Ref: booking.Ref{Unit: "flat-12", ID: "lead-71"}})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "update deal set paid = true where hold = $1", stay.ID)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}
