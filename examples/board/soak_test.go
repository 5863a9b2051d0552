package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store"
)

var (
	soakClients = flag.Int("clients", 200, "how many click in TestSoak")
	soakTime    = flag.Duration("soak", 3*time.Second, "for how long they click in TestSoak")
)

func touch(name, comment string) dedup.Touch {
	return dedup.Touch{ID: "hostile", Name: name, Phone: "+7 999 000-11-22", Source: dedup.Source{Channel: "site"}, Fields: map[string]string{"comment": comment}}
}

// TestSoak lets many click at random, in two rounds. No answer is a 5xx, no night is sold twice by a
// count that knows nothing of package booking's rules, and after the second round the memory in use
// is what it was after the first.
func TestSoak(t *testing.T) {
	b := newBoard(t)
	people := b.view.find("", 1000)
	var deals []pipeline.CaseID
	found, err := b.cases.Find(t.Context(), pipeline.Filter{Open: true}, "", 500)
	require.NoError(t, err)
	for _, d := range found {
		deals = append(deals, d.ID)
	}
	s := &soak{}
	var heap [2]uint64
	for round := range heap {
		s.round(t, b, people, deals, round)
		heap[round] = heapInUse()
	}
	total := int64(0)
	for status := range s.statuses {
		if n := s.statuses[status].Load(); n > 0 {
			t.Logf("%d: %d", status, n)
			total += n
			require.Less(t, status, 500)
		}
	}
	t.Logf("%d clicks of %d clients in %v, the slowest %v; heap after each round: %d and %d KiB", total, *soakClients, *soakTime,
		time.Duration(s.slowest.Load()).Round(time.Millisecond), heap[0]>>10, heap[1]>>10)
	require.NotZero(t, s.statuses[200].Load())
	require.NotZero(t, s.statuses[409].Load(), "nobody was refused")
	require.LessOrEqual(t, heap[1], heap[0]*5/4+4<<20, "the heap grows")
	require.Zero(t, overlaps(t, b))
}

// A soak counts what the clicks came to.
type soak struct {
	statuses [600]atomic.Int64
	slowest  atomic.Int64
}

// round lets all clients click for half of the time.
func (s *soak) round(t *testing.T, b *board, people []cardLine, deals []pipeline.CaseID, round int) {
	ctx, cancel := context.WithTimeout(t.Context(), *soakTime/2)
	defer cancel()
	transport := &http.Transport{MaxIdleConnsPerHost: *soakClients}
	defer transport.CloseIdleConnections()
	var all sync.WaitGroup
	for n := range *soakClients {
		all.Go(func() {
			u := &user{b: b, rnd: rand.New(rand.NewPCG(uint64(n), uint64(round))), people: people, deals: deals, n: n, round: round,
				complain: func(err error) { t.Log(err) },
				web:      http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
			if n%8 == 0 {
				u.listen(ctx)
				return
			}
			for ctx.Err() == nil {
				select { // people look before they click
				case <-ctx.Done():
				case <-time.After(time.Duration(u.rnd.Int64N(int64(time.Second)))):
				}
				began := time.Now()
				if status := u.click(ctx); status > 0 {
					s.statuses[status].Add(1)
				}
				if took := int64(time.Since(began)); took > s.slowest.Load() {
					s.slowest.Store(took)
				}
			}
		})
	}
	all.Wait()
}

// heapInUse is what is still needed when nobody asks for anything.
func heapInUse() uint64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A user clicks at random.
type user struct {
	b      *board
	rnd    *rand.Rand
	web    http.Client
	people []cardLine
	deals  []pipeline.CaseID
	n, did int
	round  int

	complain func(error)
}

func (u *user) click(ctx context.Context) int {
	u.did++
	unit := fmt.Sprintf("flat-%d%02d", 1+u.rnd.IntN(floors), 1+u.rnd.IntN(perFloor))
	first := today(opening) + 1 + date.Date(u.rnd.IntN(40))
	id := fmt.Sprintf("S-%d-%d-%d", u.round, u.n, u.did)
	client := string(u.people[u.rnd.IntN(len(u.people))].ID)
	deal := string(u.deals[u.rnd.IntN(len(u.deals))])
	who := []string{"irina", "oleg", "vera", "pavel"}[u.rnd.IntN(4)]
	pick := func(of ...string) string { return of[u.rnd.IntN(len(of))] }
	span := url.Values{"unit": {unit}, "first": {first.String()}, "nights": {strconv.Itoa(1 + u.rnd.IntN(6))}, "client": {client}, "id": {id}, "policy": {pick("reject", "queue", "preempt")}}
	switch u.rnd.IntN(20) {
	case 0, 1:
		return u.do(ctx, who, "GET", "/", nil)
	case 2, 3, 4:
		return u.do(ctx, who, "GET", fmt.Sprintf("/rows?unit=%d&units=30&day=%d&days=40", u.rnd.IntN(60), u.rnd.IntN(300)), nil)
	case 5, 6, 7:
		return u.do(ctx, who, "POST", "/hold", span)
	case 8:
		u.do(ctx, who, "POST", "/hold", span)
		return u.do(ctx, who, "POST", "/stay/"+unit+"/"+id, url.Values{"do": {pick("confirm", "confirm", "cancel", "extend")}})
	case 9:
		if u.rnd.IntN(10) > 0 {
			return u.do(ctx, who, "GET", "/?view=floors", nil)
		}
		return u.do(ctx, who, "POST", "/race", span)
	case 10:
		return u.do(ctx, who, "GET", pick("/deals", "/cards?q=a", "/code/money", "/static/board.js"), nil)
	case 11, 12:
		return u.do(ctx, who, "GET", "/deals/"+deal, nil)
	case 13:
		return u.do(ctx, who, "POST", "/deals/"+deal, url.Values{"id": {id}, "action": {pick("accept", "show", "book", "back", "prepare", "open:problem", "close:problem", "nonsense")}})
	case 14:
		return u.do(ctx, who, "POST", "/deals/"+deal, url.Values{"id": {id}, "set.price": {pick("100", "5000", "many")}})
	case 15:
		return u.do(ctx, who, "GET", "/cards/"+client, nil)
	case 16:
		return u.do(ctx, who, "GET", pick("/messages", "/money", "/ask/"+unit+"?first="+first.String()+"&nights=2"), nil)
	case 17:
		if u.rnd.IntN(3) > 0 {
			return u.do(ctx, who, "POST", "/plug", url.Values{"channel": {pick("whatsapp", "viber")}, "out": {pick("yes", "no")}})
		}
		return u.do(ctx, who, "POST", "/messages", url.Values{"id": {id}, "client": {client}})
	case 18:
		return u.do(ctx, who, "POST", "/cards/"+client, url.Values{"id": {id}, "do": {"split"}, "touch": {client}})
	}
	if u.rnd.IntN(5) > 0 {
		return u.do(ctx, who, "GET", "/code/chessboard", nil)
	}
	return u.do(ctx, who, "POST", "/clock", url.Values{"do": {pick("pause", "play", "fast", "faster", "hour")}})
}

func (u *user) do(ctx context.Context, who, method, path string, form url.Values) int {
	r, err := http.NewRequestWithContext(ctx, method, u.b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Part", "1")
	r.AddCookie(&http.Cookie{Name: "who", Value: who})
	res, err := u.web.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return 0
		}
		u.complain(fmt.Errorf("%s %s: %w", method, path, err))
		return http.StatusInternalServerError
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil && ctx.Err() == nil {
		u.complain(fmt.Errorf("%s %s: %w", method, path, err))
		return http.StatusInternalServerError
	}
	return res.StatusCode
}

// listen follows the events as an open board does.
func (u *user) listen(ctx context.Context) { u.do(ctx, "vera", "GET", "/events", nil) }

// overlaps counts the nights on which more than one had a flat, by the events alone: as they are
// written, by what their JSON says and not by the library's types.
func overlaps(t *testing.T, b *board) (count int) {
	type stay struct{ from, to string }
	had := map[string]map[string]stay{} // by flat and reservation
	var cursor store.Cursor
	for {
		events, next, err := b.bookings.Since(t.Context(), cursor, 1000)
		require.NoError(t, err)
		if len(events) == 0 {
			return count
		}
		cursor = next
		for _, e := range events {
			doc, err := json.Marshal(e)
			require.NoError(t, err)
			var said struct {
				Key         struct{ ID string }
				Reservation *struct {
					ID, State, Deadline string
					Claims              []struct{ Span string }
				}
			}
			require.NoError(t, json.Unmarshal(doc, &said))
			if said.Reservation == nil {
				continue
			}
			flat := said.Key.ID
			if had[flat] == nil {
				had[flat] = map[string]stay{}
			}
			from, to, _ := strings.Cut(said.Reservation.Claims[0].Span, "/")
			if to == ".." {
				to = "9999"
			}
			delete(had[flat], said.Reservation.ID)
			if !slices.Contains([]string{"held", "confirmed", "checked_in", "blocked"}, said.Reservation.State) {
				continue
			}
			for id, other := range had[flat] {
				if from < other.to && other.from < to {
					t.Logf("%s: %s %s/%s over %s %v", flat, said.Reservation.ID, from, to, id, other)
					count++
				}
			}
			had[flat][said.Reservation.ID] = stay{from, to}
		}
	}
}

// TestThousandFlats scrolls through 1,000 flats and a year: only the window that is seen is sent.
func TestThousandFlats(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	var more []booking.Command
	for i := range 1000 - floors*perFloor {
		u := flat(20+i/perFloor, 1+i%perFloor)
		u.Tags["kind"] = "rent"
		more = append(more, booking.Define{Unit: u})
	}
	for part := range slices.Chunk(more, 100) {
		_, err := b.units.Do(t.Context(), part...)
		require.NoError(t, err)
	}
	require.NoError(t, b.follow(t.Context()))
	_, text := b.get(t, "/")
	require.Less(t, len(text), 60_000)
	status, text := b.get(t, "/rows?unit=950&units=30&day=320&days=50", "X-Part", "1")
	require.Equal(t, http.StatusOK, status)
	require.Less(t, len(text), 60_000)

	tab := newTab(t, b)
	tab.open("/")
	require.Less(t, tab.count(`.days tbody tr`), 81)
	high := js[float64](tab, `document.querySelector('#board').scrollHeight`)
	require.Greater(t, high, 33_000.0)
	for _, at := range []float64{.2, .5, .9, 1} {
		tab.run(`document.querySelector('#board').scrollTo(%f * document.querySelector('#board').scrollWidth, %f * document.querySelector('#board').scrollHeight)`, at, at)
		tab.until(`(() => {
			const board = document.querySelector('#board').getBoundingClientRect()
			return [[.5, .5], [.95, .2], [.95, .9], [.3, .9]].every(([x, y]) => document.elementFromPoint(board.left + board.width * x, board.top + board.height * y)?.closest('td'))
		})()`)
		require.Less(t, tab.count(`.days tbody tr`), 81)
	}
	require.Equal(t, "1000", js[string](tab, `document.querySelector('.days').getAttribute('aria-rowcount')`))
	last := js[string](tab, `[...document.querySelectorAll('tr[data-u]')].at(-1).dataset.u`)
	require.Equal(t, string(b.view.order[999]), last)
}
