package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/showtest"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
	"github.com/tenure-go/tenure/store/sqlite/litededup"
	"github.com/tenure-go/tenure/store/sqlite/litenotify"
	"github.com/tenure-go/tenure/store/sqlite/litepipeline"
	"github.com/tenure-go/tenure/store/sqlite/litevoucher"
	"github.com/tenure-go/tenure/voucher"
)

// The office is killed twenty times, each time in the middle of whatever it is doing, and started
// again on its file. Then the file alone, read without the program, must keep every promise.
func TestKilledTwentyTimes(t *testing.T) {
	t.Parallel()
	keepsItsPromises(t, 20, 128)
}

// The same over inquiries that run ahead of the story, and by which two buyers prove to be one.
func TestKilledWithAnotherInput(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "inquiries.csv")
	require.NoError(t, os.WriteFile(file, []byte(`at,channel,name,phone,email,complex,building,layout,text
2026-09-11 10:00,site,Igor,8 999 310-30-01,,,,,
2026-09-11 10:30,site,Igor,,igor@post.example,,,,
2026-09-12 23:00,site,Igor,8 999 310-30-01,igor@post.example,,,,
2026-03-07 11:00,phone,Vera,8 999 310-30-02,,,,,on a Saturday
`), 0o666))
	keepsItsPromises(t, 6, 118, "-in", file)
}

// keepsItsPromises kills the program so many times. Undisturbed it would make so many promises.
func keepsItsPromises(t *testing.T, times, promises int, args ...string) {
	file := filepath.Join(t.TempDir(), "office.db")
	promised, out := showtest.Killed(t, times, promises, append(args, "-db", file)...)
	require.Regexp(t, `all [0-9]+ checks passed`, out)

	x := readFile(t, file)
	kinds := make(map[string]int)
	for _, line := range promised {
		word := strings.Split(line, " ")
		kinds[word[0]]++
		switch word[0] {
		case "inquiry":
			require.True(t, x.touches[dedup.TouchID(word[1])], "%s: its touch is gone", line)
			require.Contains(t, x.deals, x.leads[word[1]], "%s: its deal is gone", line)
		case "showing":
			require.Equal(t, booking.StateConfirmed, x.last[booking.Ref{Unit: booking.UnitID(word[1]), ID: booking.ReservationID(word[2])}].State, line)
		case "held":
			require.Contains(t, x.held[word[1]], word[2], "%s: the hold is gone", line)
			require.Equal(t, word[3], x.numbers[word[2]], "%s: another number", line)
		case "sold":
			require.Equal(t, []string{word[2]}, x.sold[word[1]], "%s: not sold, or not once", line)
			require.Equal(t, "sold", x.shown[word[1]][0], line)
		default:
			require.Fail(t, "an unknown promise", line)
		}
	}
	require.Len(t, kinds, 4, "promises of each kind")
	require.Zero(t, x.double, "flats held or sold twice at once")
	require.Empty(t, x.messagesTwice, "messages that went out twice")

	// Hold, deal, number, message and the site's row: all of them, or none.
	whole := 0
	for flat, ids := range x.held {
		for _, id := range ids {
			r := x.last[booking.Ref{Unit: booking.UnitID(flat), ID: booking.ReservationID(id)}]
			if !strings.Contains(id, "/") {
				continue // of the queue: a hold without a deal
			}
			whole++
			require.Equal(t, flat, x.deals[r.Holder].Values["unit"].Text, "the deal of %s", id)
			require.NotEmpty(t, x.numbers[id], "the number of %s", id)
			require.True(t, x.letters[id+"/held"], "the message of %s", id)
			require.True(t, x.touches[dedup.TouchID(id+"/hold")], "the card of %s", id)
			switch r.State {
			case booking.StateHeld:
				require.Equal(t, [2]string{"held", r.Holder}, x.shown[flat])
			case booking.StateConfirmed:
				require.Equal(t, [2]string{"sold", r.Holder}, x.shown[flat])
			default:
				require.Equal(t, booking.StateCancelled, r.State)
				require.Equal(t, pipeline.StageID("lost"), x.deals[r.Holder].Stage)
				require.NotEqual(t, r.Holder, x.shown[flat][1])
			}
		}
	}
	require.Len(t, x.numbers, whole, "numbers without a hold")
	booked := 0
	for _, d := range x.deals {
		if d.Values["unit"].Text != "" {
			booked++
		}
	}
	require.Equal(t, whole, booked, "deals that book a flat without a hold")
	letters := 0
	for id := range x.letters {
		if strings.HasSuffix(id, "/held") {
			letters++
		}
	}
	require.Equal(t, whole, letters, "messages without a hold")
}

// A ledger is what the file says, read by the stores alone.
type ledger struct {
	last          map[booking.Ref]booking.Reservation // by its unit, as the feed left it
	held, sold    map[string][]string                 // flat -> who held it, who bought it
	double        int
	touches       map[dedup.TouchID]bool
	leads         map[string]string // touch -> deal
	deals         map[string]pipeline.Record
	numbers       map[string]string // reservation -> number
	letters       map[string]bool
	shown         map[string][2]string // flat -> status and deal on the own site
	messagesTwice []string
}

func readFile(t *testing.T, file string) ledger {
	ctx := t.Context()
	db, err := sqlite.Open(ctx, file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	x := ledger{
		last: make(map[booking.Ref]booking.Reservation), held: make(map[string][]string), sold: make(map[string][]string),
		touches: make(map[dedup.TouchID]bool), leads: make(map[string]string), deals: make(map[string]pipeline.Record),
		numbers: make(map[string]string), letters: make(map[string]bool), shown: make(map[string][2]string),
	}
	calendars, err := litebooking.New(ctx, db)
	require.NoError(t, err)
	bookings, _, err := calendars.Since(ctx, "", 100_000)
	require.NoError(t, err)
	has := make(map[string]booking.ReservationID)
	for _, e := range bookings {
		r := e.Reservation
		if r == nil {
			continue
		}
		unit := e.Key.ID
		x.last[booking.Ref{Unit: booking.UnitID(unit), ID: r.ID}] = *r
		if !strings.Contains(unit, "/flat-") {
			continue
		}
		switch e.Kind {
		case booking.KindHeld:
			x.held[unit] = append(x.held[unit], string(r.ID))
		case booking.KindConfirmed:
			x.sold[unit] = append(x.sold[unit], string(r.ID))
		}
		switch r.State {
		case booking.StateHeld, booking.StateConfirmed:
			if has[unit] != "" && has[unit] != r.ID {
				x.double++
			}
			has[unit] = r.ID
		default:
			if has[unit] == r.ID {
				has[unit] = ""
			}
		}
	}
	cards, err := litededup.New(ctx, db)
	require.NoError(t, err)
	attached, _, err := cards.Since(ctx, "", 100_000)
	require.NoError(t, err)
	for _, e := range attached {
		if e.Kind == dedup.EventAttached {
			x.touches[e.Touch] = true
		}
	}
	cases, err := litepipeline.New(ctx, db)
	require.NoError(t, err)
	deals, err := cases.Find(ctx, pipeline.Filter{}, "", 100_000)
	require.NoError(t, err)
	for _, d := range deals {
		x.deals[string(d.ID)] = d
	}
	messages, err := litenotify.New(ctx, db)
	require.NoError(t, err)
	letters, err := messages.Find(ctx, notify.Filter{}, "", 100_000)
	require.NoError(t, err)
	for _, l := range letters {
		x.letters[string(l.ID)] = true
	}
	registry, err := litevoucher.New(ctx, db)
	require.NoError(t, err)
	for v, err := range voucher.All(ctx, registry, voucher.Filter{}) {
		require.NoError(t, err)
		require.NotContains(t, x.numbers, string(v.Item.Reservation))
		x.numbers[string(v.Item.Reservation)] = v.Text
	}
	own := func(query string, each func(a, b, c string)) {
		rows, err := db.QueryContext(ctx, query)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var a, b, c string
			require.NoError(t, rows.Scan(&a, &b, &c))
			each(a, b, c)
		}
		require.NoError(t, rows.Err())
	}
	own(`select touch, deal, '' from newbuild_lead`, func(touch, deal, _ string) { x.leads[touch] = deal })
	own(`select flat, status, deal from newbuild_flat`, func(flat, status, deal string) { x.shown[flat] = [2]string{status, deal} })
	own(`select message, '', '' from newbuild_outside where channel <> 'site' group by message having count(*) > 1`, func(m, _, _ string) { x.messagesTwice = append(x.messagesTwice, m) })
	return x
}
