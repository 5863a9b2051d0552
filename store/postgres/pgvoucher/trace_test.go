package pgvoucher_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/internal/fresh"
	"github.com/tenure-go/tenure/store/postgres/pgvoucher"
	"github.com/tenure-go/tenure/voucher"
)

// Every command, on a pool and in a transaction, sends only statements that find their rows on one
// shard.
func TestStatements(t *testing.T) {
	ctx := t.Context()
	w, pool, s := fresh.Tapped(t, "voucher", pgvoucher.New)
	desk, err := voucher.New(voucher.Config{Store: s, Now: func() time.Time { return time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC) }})
	require.NoError(t, err)
	june8 := date.New(2027, 6, 8)
	commands := func(desk *voucher.Desk, name string) error {
		cmd := voucher.Issue{ID: "i"}
		for i := range 75 {
			cmd.Items = append(cmd.Items, voucher.Item{Reservation: voucher.ReservationID(fmt.Sprint(name, i)), TripStart: june8 + date.Date(i%2)})
		}
		vs, err := desk.Issue(ctx, cmd)
		require.NoError(t, err)
		_, err = desk.Reissue(ctx, voucher.Reissue{Ref: vs[0].Ref(), ID: "r", Item: voucher.Item{TripStart: june8 + 9}})
		require.NoError(t, err)
		_, err = desk.Void(ctx, voucher.Void{Ref: vs[1].Ref()})
		require.NoError(t, err)
		_, err = desk.Adopt(ctx, voucher.Adopt{ID: "a", Number: "old " + name, Issued: june8 - 90, Item: voucher.Item{Reservation: voucher.ReservationID(name), TripStart: june8}})
		return err
	}
	require.NoError(t, commands(desk, "pool"))
	require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return commands(desk.In(pgvoucher.In(tx)), "tx") }))
	w.RequireShards(t, 600)
}
