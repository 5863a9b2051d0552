package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/store/sqlite"
)

// lifeVariable tells a process that it is a seller, and what it is to do.
const lifeVariable = "TENURE_NEWBUILD_LIFE"

// A place is where a database is found.
type place struct{ File, Postgres string }

// A life is one process that sells flats until it is killed.
type life struct {
	Where  place
	House  string
	Now    time.Time
	First  int // number of its first flat
	Flats  int
	Moment moment // when it dies; "": it lives on
	At     int    // over which flat
}

// A moment is a point between the commits of one sale.
type moment string

const (
	beforeCommit  moment = "before the hold's commit"
	afterCommit   moment = "after the hold's commit, before anybody was told"
	afterAnswer   moment = "after the client was told of the hold"
	afterConfirm  moment = "after the sale's commit, before anybody was told"
	afterSold     moment = "after the client was told of the sale"
	wordHeld             = "held"
	wordSold             = "sold"
	firstKilled          = 100
	flatsOfKilled        = 12
)

// killed sells a dozen flats by processes that die one after the other, each at another moment;
// the next one begins anew with the same IDs, as a client does who got no answer.
func (o *salesOffice) killed(ctx context.Context) error {
	for i := range flatsOfKilled {
		if _, err := o.flat(ctx, firstKilled+i); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(o.seed, 0))
	told := make(map[string]string) // flat -> the last word its client had
	deaths, lost, half := 0, 0, 0
	moments := []moment{beforeCommit, afterCommit, afterAnswer, afterConfirm, afterSold, ""}
	random.Shuffle(len(moments)-1, func(i, j int) { moments[i], moments[j] = moments[j], moments[i] })
	over := random.Perm(flatsOfKilled)[:len(moments)]
	slices.Sort(over) // each dies over a flat that none before it has reached
	for i, m := range moments {
		l := life{Where: o.where, House: o.house, Now: o.clock.Now(), First: firstKilled, Flats: flatsOfKilled, Moment: m, At: over[i]}
		said, err := l.start(ctx)
		var died *exec.ExitError
		switch {
		case m != "" && errors.As(err, &died) && !died.Exited(): // by a signal
			deaths++
			fmt.Printf("a seller is killed over flat %d, %s\n", l.First+l.At, m)
		case m != "" && err == nil:
			return fmt.Errorf("the seller that should have died %s lived on", m)
		case err != nil:
			return err
		}
		for line := range strings.Lines(said) {
			if word, flat, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
				told[flat] = word
			}
		}
		if err := o.shown.compare(ctx, o); err != nil {
			return err
		}
		missing, torn, err := o.afterDeath(ctx, told)
		if err != nil {
			return err
		}
		lost, half = lost+missing, half+torn
	}
	o.checks.Add("office: sellers killed in the middle", deaths == len(moments)-1, "%d", deaths)
	o.checks.Add("office: what a client was told and a death undid", lost == 0, "%d of %d", lost, len(told))
	o.checks.Add("office: holds without their deal, or deals without their hold", half == 0, "%d after %d deaths", half, deaths)
	return o.soldOnce(ctx)
}

// afterDeath compares what clients were told with the office's rows, and these with the feed.
func (o *salesOffice) afterDeath(ctx context.Context, told map[string]string) (lost, half int, err error) {
	rows, err := o.db.read(ctx, `select flat, state from office_deal where buyer = 'buyer' and id like $1`, o.house+"/%")
	if err != nil {
		return 0, 0, err
	}
	deals := make(map[string]string)
	for _, row := range rows {
		deals[row[0]] = row[1]
	}
	events, err := o.events(ctx)
	if err != nil {
		return 0, 0, err
	}
	states := make(map[string]string)
	for _, e := range events {
		if e.Reservation != nil && e.Reservation.Holder == "buyer" {
			states[e.Key.ID] = map[booking.Kind]string{booking.KindHeld: wordHeld, booking.KindConfirmed: wordSold}[e.Kind]
		}
	}
	for flat, word := range told {
		if deals[flat] != word && deals[flat] != wordSold {
			lost++
		}
	}
	for flat := range states {
		if deals[flat] != states[flat] {
			half++
		}
	}
	for flat := range deals {
		if states[flat] == "" {
			half++
		}
	}
	return lost, half, nil
}

// soldOnce counts, by the feed, how often each of the flats was held and confirmed.
func (o *salesOffice) soldOnce(ctx context.Context) error {
	events, err := o.events(ctx)
	if err != nil {
		return err
	}
	counts := make(map[string][2]int)
	for _, e := range events {
		if e.Reservation == nil || e.Reservation.Holder != "buyer" {
			continue
		}
		n := counts[e.Key.ID]
		switch e.Kind {
		case booking.KindHeld:
			n[0]++
		case booking.KindConfirmed:
			n[1]++
		}
		counts[e.Key.ID] = n
	}
	once := 0
	for _, n := range counts {
		if n == [2]int{1, 1} {
			once++
		}
	}
	o.checks.Add("office: flats held once and sold once in all the lives", once == flatsOfKilled && len(counts) == flatsOfKilled, "%d of %d", once, flatsOfKilled)
	return nil
}

// start runs the life in a process of its own, this program once more, and returns what it told
// its clients.
func (l life) start(ctx context.Context) (said string, err error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	task, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), lifeVariable+"="+string(task)) // not an argument: a URL may hold a password
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return string(out), err
}

// lived runs a seller's life if this process was started for one, and reports whether it was.
func lived(ctx context.Context) (bool, error) {
	task, ok := os.LookupEnv(lifeVariable)
	if !ok {
		return false, nil
	}
	var l life
	if err := json.Unmarshal([]byte(task), &l); err != nil {
		return true, err
	}
	return true, l.run(ctx)
}

// run opens the database anew and sells every flat.
func (l life) run(ctx context.Context) (err error) {
	o := &salesOffice{world: &world{clock: show.NewClock(l.Now)}, house: l.House}
	if l.Where.Postgres != "" {
		if o.pg, err = pgxpool.New(ctx, l.Where.Postgres); err != nil {
			return err
		}
		defer o.pg.Close()
	} else {
		if o.lite, err = sqlite.Open(ctx, l.Where.File); err != nil {
			return err
		}
		defer o.lite.Close()
	}
	if o.db, err = o.database(ctx); err != nil {
		return err
	}
	if o.desk, err = booking.New(booking.Config{Store: o.db, Now: o.clock.Now}); err != nil {
		return err
	}
	for i := range l.Flats {
		if err := l.sell(ctx, o, i); err != nil {
			return err
		}
	}
	return nil
}

// sell holds and sells one flat in two transactions, and tells the client after each.
func (l life) sell(ctx context.Context, o *salesOffice, i int) error {
	dies := func(m moment) {
		if m == l.Moment && i == l.At {
			die()
		}
	}
	flat := o.unit("flat-%d", l.First+i)
	id := booking.ReservationID(fmt.Sprint("sale-", l.First+i))
	hold := booking.Hold{ID: id, Unit: flat, Span: booking.NightsFrom(o.today()), Holder: "buyer"}
	res, err := o.deal(ctx, hold, func() error {
		dies(beforeCommit)
		return nil
	})
	if err != nil {
		return err
	}
	dies(afterCommit)
	fmt.Println(wordHeld, flat)
	dies(afterAnswer)
	err = o.db.inTx(ctx, func(calendars booking.Store, own statement) error {
		if _, err := o.desk.In(calendars).Confirm(ctx, booking.Confirm{Ref: booking.Ref{Unit: flat, ID: res.ID}}); err != nil {
			return err
		}
		return own(`update office_deal set state = 'sold' where id = $1`, o.house+"/"+string(id))
	})
	if err != nil {
		return err
	}
	dies(afterConfirm)
	fmt.Println(wordSold, flat)
	dies(afterSold)
	return nil
}

// die ends this process as a power cut would: nothing is closed, nothing deferred runs.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {} // until the signal arrives
}
