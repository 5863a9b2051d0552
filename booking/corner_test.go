package booking_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
)

// cornerDesk is a desk over units, and its clock.
func cornerDesk(t *testing.T, now *time.Time, units ...booking.Unit) (*booking.Desk, *booking.Memory) {
	t.Helper()
	mem := booking.NewMemory()
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return *now }})
	require.NoError(t, err)
	for _, u := range units {
		_, err = desk.Do(context.Background(), booking.Define{Unit: u})
		require.NoError(t, err)
	}
	return desk, mem
}

// Law 11: what has been sold for ever is not free again at the end of time.
func TestNextFreeOfSold(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "flat"})
	_, err := desk.Hold(ctx, booking.Hold{ID: "sale", Unit: "flat", Span: booking.NightsFrom(june + 5)})
	require.NoError(t, err)
	cals, err := desk.Calendar(ctx, booking.NightsFrom(june), "flat")
	require.NoError(t, err)
	next, ok := cals[0].NextFree(booking.NightsFrom(june), 1)
	require.False(t, ok, "%v", next)
}

func TestPointerIsNoCommand(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, _ := cornerDesk(t, &now)
	var none *booking.Cancel
	for _, cmd := range []booking.Command{&booking.Hold{ID: "h", Unit: "flat", Span: nightSpan(1, 2)}, none} {
		_, err := desk.Do(ctx, cmd)
		require.ErrorIs(t, err, booking.ErrInvalid)
		_, err = booking.Decide(nil, base, cmd)
		require.ErrorIs(t, err, booking.ErrInvalid)
	}
}

func TestClaimsAreCounted(t *testing.T) {
	t.Parallel()
	desk, err := booking.New(booking.Config{Store: untouched{t}})
	require.NoError(t, err)
	and := make([]booking.Claim, 500)
	for i := range and {
		and[i] = booking.Claim{Unit: "u", Span: nightSpan(i, i+1)}
	}
	for _, cmd := range []booking.Command{booking.Hold{ID: "r", Unit: "u", Span: nightSpan(500, 501), And: and}, booking.Block{ID: "r", Unit: "u", Span: nightSpan(500, 501), And: and}} {
		_, err = desk.Do(context.Background(), cmd)
		require.ErrorIs(t, err, booking.ErrInvalid)
	}
}
