package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/notify"
	messages "github.com/tenure-go/tenure/notify/ready"
	"github.com/tenure-go/tenure/pipeline"
	rules "github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/pipeline/worktime"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
	"github.com/tenure-go/tenure/store/sqlite/litededup"
	"github.com/tenure-go/tenure/store/sqlite/litenotify"
	"github.com/tenure-go/tenure/store/sqlite/litepipeline"
)

// zone is where the house stands.
const zone = "Asia/Irkutsk"

// readers is how many connections to the file are kept: opening one costs more than most reads.
const readers = 16

// A house is the business: four desks of the library over one SQLite file, and what the board
// keeps in memory by following their feeds.
type house struct {
	db    *sqlite.DB
	clock *clock
	net   *network
	zone  *time.Location

	bookings *litebooking.Store
	inbox    *litededup.Store
	cases    *litepipeline.Store
	letters  *litenotify.Store

	units     *booking.Desk
	customers *dedup.Desk
	deals     *pipeline.Desk
	post      *notify.Desk
	office    *worktime.Calendar

	beat   sync.Mutex // one hand at a time moves the clock
	view   *view
	remove string // a directory of our own, removed at the end
}

// openHouse opens the desks over a file; without a name the file lasts as long as the program.
func openHouse(ctx context.Context, file string, seed uint64, lang string) (*house, error) {
	h := &house{clock: newClock(opening), view: newView()}
	h.net = newNetwork(h.clock.Now)
	var err error
	if h.zone, err = time.LoadLocation(zone); err != nil {
		return nil, err
	}
	if file == "" {
		if h.remove, err = os.MkdirTemp("", "board-"); err != nil {
			return nil, err
		}
		file = filepath.Join(h.remove, "house.db")
	}
	if h.db, err = sqlite.Open(ctx, file); err != nil {
		return nil, err
	}
	h.db.SetMaxOpenConns(readers)
	h.db.SetMaxIdleConns(readers)
	if err := h.begin(ctx, seed, lang); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// begin opens the desks. A file without a past gets one; in one that has, the clock goes on where
// its last event was.
func (h *house) begin(ctx context.Context, seed uint64, lang string) error {
	if err := h.desks(ctx); err != nil {
		return err
	}
	events, _, err := h.bookings.Since(ctx, "", 1)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		if err := h.seed(ctx, seed, lang); err != nil {
			return err
		}
	}
	if err := h.follow(ctx); err != nil {
		return err
	}
	h.clock.put(h.view.last(opening))
	return nil
}

func (h *house) desks(ctx context.Context) (err error) {
	if err := sqlite.Apply(ctx, h.db, "booking", "dedup", "pipeline", "notify"); err != nil {
		return err
	}
	if h.bookings, err = litebooking.New(ctx, h.db); err != nil {
		return err
	}
	if h.inbox, err = litededup.New(ctx, h.db); err != nil {
		return err
	}
	if h.cases, err = litepipeline.New(ctx, h.db); err != nil {
		return err
	}
	if h.letters, err = litenotify.New(ctx, h.db); err != nil {
		return err
	}
	if h.units, err = booking.New(booking.Config{Store: h.bookings, Now: h.clock.Now}); err != nil {
		return err
	}
	if h.customers, err = dedup.New(dedup.Config{Store: h.inbox, Now: h.clock.Now, Claims: protection}); err != nil {
		return err
	}
	law := rules.Rules()
	h.office = law.Calendars["office"]
	if h.deals, err = pipeline.New(pipeline.Config{Store: h.cases, Rules: law, Pools: rules.Pools(staff, "vera"), Now: h.clock.Now}); err != nil {
		return err
	}
	h.post, err = notify.New(notify.Config{Store: h.letters, Rules: messages.Rules(), Channels: h.net.channels(), Now: h.clock.Now})
	return err
}

// protection is what the partners' agreement says: a client is theirs for 30 days if he did not
// come by himself within the last 14.
var protection = dedup.ClaimPolicy{Window: 30 * 24 * time.Hour, OwnBlock: 14 * 24 * time.Hour}

// staff is who shares the inquiries.
var staff = map[pipeline.PoolID][]pipeline.Member{rules.PoolRental: {{ID: "irina"}, {ID: "oleg"}, {ID: "daria"}}}

func (h *house) close() error {
	err := h.db.Close()
	if h.remove != "" {
		err = errors.Join(err, os.RemoveAll(h.remove))
	}
	return err
}
