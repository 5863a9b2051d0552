package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
)

// chromium is the browser that all tests share; each has its own tab.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 800)}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], options...)...)
	quit = stop
	ctx, _ = chromedp.NewContext(ctx)
	return ctx, chromedp.Do(ctx)
})

var quit context.CancelFunc = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	quit()
	os.Exit(code)
}

// A tab is a page of the browser that shows a board. What its scripts complain of fails the test.
type tab struct {
	*testing.T
	ctx   context.Context
	board *board
}

func newTab(t *testing.T, b *board) *tab {
	parent, err := chromium()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("chromium: %v", err)
		}
		t.Skipf("needs Debian's chromium: %v", err)
	}
	ctx, closeTab := chromedp.NewContext(parent)
	t.Cleanup(closeTab)
	var mu sync.Mutex
	var complaints []string
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		case *log.EventEntryAdded: // a refusal is a 4xx, which the browser logs as well
			if e.Entry.Source == log.EntrySourceSecurity || e.Entry.Source == log.EntrySourceJavascript {
				complaints = append(complaints, e.Entry.Text)
			}
		}
	}))
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		require.Empty(t, complaints, "complaints of the page")
	})
	_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return &tab{t, ctx, b}
}

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(t.ctx, steps...))
}

// open opens a page of the board.
func (t *tab) open(path string) {
	t.Helper()
	t.do(chromedp.Navigate(t.board.url+path), chromedp.WaitReady(chromedp.CSS("[data-ready]")))
}

// js evaluates an expression in the page.
func js[V any](t *tab, expression string, args ...any) V {
	t.Helper()
	v, err := chromedp.Run(t.ctx, chromedp.Evaluate[V](fmt.Sprintf(expression, args...), chromedp.EvalAwaitPromise))
	require.NoError(t, err, expression)
	return v
}

// run lets the page do something.
func (t *tab) run(script string, args ...any) {
	t.Helper()
	js[chromedp.Void](t, script, args...)
}

// until waits until an expression is true in the page, or in the page that follows.
func (t *tab) until(expression string, args ...any) {
	t.Helper()
	expression = fmt.Sprintf(expression, args...)
	for {
		_, err := chromedp.Run(t.ctx, chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(50*time.Millisecond)))
		if err == nil {
			return
		}
		if left := err.Error(); !strings.Contains(left, "navigated") && !strings.Contains(left, "find context") {
			require.NoError(t, err, expression)
		}
		t.do(chromedp.WaitReady(chromedp.CSS("[data-ready]")))
	}
}

func (t *tab) text(selector string) string {
	t.Helper()
	return js[string](t, `document.querySelector(%q)?.innerText ?? ''`, selector)
}

func (t *tab) value(selector string) string {
	t.Helper()
	return js[string](t, `document.querySelector(%q).value`, selector)
}

func (t *tab) count(selector string) int {
	t.Helper()
	return js[int](t, `document.querySelectorAll(%q).length`, selector)
}

func (t *tab) wait(selector string) {
	t.Helper()
	t.do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

func (t *tab) click(selector string) {
	t.Helper()
	t.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// press is one stroke of Enter.
func (t *tab) press(stroke input.DispatchKeyEventType) {
	t.Helper()
	_, err := chromedp.Call(t.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: stroke, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13})
	require.NoError(t, err)
}

// choose chooses an option of a list, as a person does.
func (t *tab) choose(selector, value string) {
	t.Helper()
	t.run(`(() => { const s = document.querySelector(%q); s.value = %q; s.dispatchEvent(new Event('change', { bubbles: true })) })()`, selector, value)
}

// day is the middle of a day of a flat on the screen.
func (t *tab) day(unit booking.UnitID, day date.Date) (x, y float64) {
	t.Helper()
	at := js[[]float64](t, `(() => {
		const row = [...document.querySelectorAll('tr[data-u]')].find(r => r.dataset.u === %q)
		const table = row.closest('table'), day = %d - table.dataset.day
		const head = table.tHead.rows[0].cells[day + 1].getBoundingClientRect(), box = row.getBoundingClientRect()
		return [head.left + head.width / 2, box.top + box.height / 2]
	})()`, unit, int(day-boardFirst))
	return at[0], at[1]
}

// drag drags the mouse from one day of a flat to another.
func (t *tab) drag(unit booking.UnitID, from, to date.Date) {
	t.Helper()
	x, y := t.day(unit, from)
	x2, _ := t.day(unit, to)
	t.do(chromedp.DragAndDropXY(x, y, x2, y))
}

func TestHoldByDragging(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	unit, first := b.freeDays(t, 3)
	tab := newTab(t, b)
	tab.open("/")
	tab.drag(unit, first, first+2)
	tab.wait(`#sheet form[action="/hold"]`)
	require.Equal(t, "3", tab.value(`#sheet [name=nights]`))
	client := js[string](tab, `document.querySelector('#sheet [name=client]').options[3].value`)
	tab.choose(`#sheet [name=client]`, client)
	id := tab.value(`#sheet [name=id]`)
	tab.click(`#sheet button.main`)
	tab.wait(`#sheet .yes`)

	// What the page shows: the sheet, and the board behind it, which the event stream brought up to date.
	require.Contains(t, tab.text("#sheet .yes"), "Held")
	tab.until(`document.querySelector('td.held[data-id="%s"]')?.colSpan === 3`, id)
	require.Contains(t, tab.text(fmt.Sprintf(`td[data-id=%q]`, id)), b.view.person(client))
	require.Equal(t, "30:00", tab.text(fmt.Sprintf(`td[data-id=%q] time`, id)))

	// What the store holds: the hold, and of the same commit the letter that reminds of its end.
	res, err := b.units.Reservation(t.Context(), booking.Ref{Unit: unit, ID: booking.ReservationID(id)})
	require.NoError(t, err)
	require.Equal(t, booking.StateHeld, res.State)
	require.Equal(t, client, res.Holder)
	require.Equal(t, nights(t, first, 3), res.Claims[0].Span)
	require.True(t, res.Deadline.Equal(opening.Add(30*time.Minute)), res.Deadline)

	// Confirmed in the sheet: so it is in the store, and the letters of a stay are planned.
	tab.click(`#sheet button[value=confirm]`)
	tab.until(`document.querySelector('#sheet .chip')?.classList.contains('confirmed')`)
	res, err = b.units.Reservation(t.Context(), res.Ref())
	require.NoError(t, err)
	require.Equal(t, booking.StateConfirmed, res.State)
	letters, err := b.letters.Find(t.Context(), notify.Filter{Thread: notify.ThreadID("stay|" + id)}, "", 100)
	require.NoError(t, err)
	require.NotEmpty(t, letters)
}

var paintBudget = flag.Duration("paint", 0, "what the first paint may take at best in TestFirstPaint; 0 only measures")

// TestFirstPaint measures when the first screen of the board of 60 flats is there, and when all 60
// would be if they were asked for at once.
func TestFirstPaint(t *testing.T) {
	b := newBoard(t)
	tab := newTab(t, b)
	for _, path := range []string{"/", "/?units=60&days=30"} {
		var took []time.Duration
		for range 5 {
			tab.open(path)
			tab.until(`performance.getEntriesByName('first-contentful-paint').length > 0`)
			took = append(took, time.Duration(js[float64](tab, `performance.getEntriesByName('first-contentful-paint')[0].startTime`)*float64(time.Millisecond)))
		}
		t.Logf("%s: first paint after %v", path, took)
		if *paintBudget > 0 {
			require.Less(t, slices.Min(took), *paintBudget)
		}
	}
}

func nights(t testing.TB, first date.Date, n int) booking.Span {
	span, err := booking.Nights(first, first+date.Date(n))
	require.NoError(t, err)
	return span
}

func TestHoldByKeyboard(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	unit, first := b.freeDays(t, 3)
	tab := newTab(t, b)
	tab.open("/")
	x, y := tab.day(unit, first)
	tab.run(`document.elementFromPoint(%f, %f).closest('td').focus()`, x, y)
	require.Contains(t, js[string](tab, `document.activeElement.getAttribute('aria-label')`), "free")
	right := chromedp.KeyEvent("\u0303", chromedp.KeyModifiers(chromedp.ModifierShift))
	tab.do(right, right)
	tab.until(`document.querySelector('#mark').offsetWidth === 3 * 38`)
	// The key is held down until a form that opened by its first stroke would be there. It must not be
	// sent by the strokes that follow.
	tab.press(input.DispatchKeyEventTypeKeyDown)
	tab.run(`fetch('/ask/' + %q + '?first=' + %q + '&nights=3').then(a => a.text()).then(() => new Promise(requestAnimationFrame))`, unit, first)
	tab.press(input.DispatchKeyEventTypeKeyDown)
	tab.press(input.DispatchKeyEventTypeKeyUp)
	tab.wait(`#sheet form[action="/hold"]`)
	require.Equal(t, first.String(), tab.value(`#sheet [name=first]`))
	require.Equal(t, "3", tab.value(`#sheet [name=nights]`))
	id := tab.value(`#sheet [name=id]`)
	tab.do(chromedp.Focus(chromedp.CSS(`#sheet button.main`)), chromedp.KeyEvent("\r"))
	tab.wait(`#sheet .yes`)
	res, err := b.units.Reservation(t.Context(), booking.Ref{Unit: unit, ID: booking.ReservationID(id)})
	require.NoError(t, err)
	require.Equal(t, nights(t, first, 3), res.Claims[0].Span)
	tab.do(chromedp.KeyEvent("\u001b"))
	tab.until(`document.activeElement.tagName === 'TD'`) // back where one was
}

func TestRefusalOffersTheNextFreeDays(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	unit, first := b.freeDays(t, 3)
	tab := newTab(t, b)
	tab.open("/")
	tab.drag(unit, first, first+2)
	tab.wait(`#sheet form[action="/hold"]`)
	before := booking.Hold{ID: "somebody-was-faster", Unit: unit, Span: nights(t, first+1, 1), Holder: "another"}
	_, err := b.units.Hold(t.Context(), before)
	require.NoError(t, err)
	tab.click(`#sheet button.main`)
	tab.wait(`#sheet .no`)
	require.Contains(t, tab.text(`#sheet .no`), string(before.ID))

	tab.click(`#sheet .next`)
	tab.until(`document.querySelector('#sheet [name=first]')?.value !== %q && document.querySelector('#sheet form')`, first.String())
	next, err := date.ParseISO(tab.value(`#sheet [name=first]`))
	require.NoError(t, err)
	cals, err := b.units.Calendar(t.Context(), nights(t, next, 3), unit)
	require.NoError(t, err)
	places, _ := cals[0].Free(nights(t, next, 3))
	require.Equal(t, 1, places)
	tab.click(`#sheet button.main`)
	tab.wait(`#sheet .yes`)
}

func TestRace(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	unit, first := b.freeDays(t, 2)
	tab := newTab(t, b)
	tab.open("/")
	tab.drag(unit, first, first+1)
	tab.click(`#sheet button[formaction="/race"]`)
	tab.wait(`#winner`)
	winner := tab.text("#winner")
	require.Equal(t, racers-1, tab.count(`#sheet .refused li`))
	require.Equal(t, racers-1, js[int](tab, `[...document.querySelectorAll('#sheet .refused li')].filter(l => l.innerText.includes('is taken on')).length`))
	tab.until(`[...document.querySelectorAll('tr[data-u="%s"] td.held')].some(b => b.innerText.includes('manager'))`, unit)

	cals, err := b.units.Calendar(t.Context(), nights(t, first, 2), unit)
	require.NoError(t, err)
	places, known := cals[0].Free(nights(t, first, 2))
	require.True(t, known)
	require.Zero(t, places)
	var won []string
	for _, r := range cals[0].Reservations {
		if r.Source == "race" {
			require.Equal(t, booking.StateHeld, r.State)
			won = append(won, r.Holder)
		}
	}
	require.Len(t, won, 1)
	require.Contains(t, winner, won[0])
}

func TestRoleSwitch(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	deals, err := b.cases.Find(t.Context(), pipeline.Filter{Pipeline: "rental", Stage: "living"}, "", 1)
	require.NoError(t, err)
	deal := deals[0].ID
	tab := newTab(t, b)
	tab.open("/deals/" + string(deal))
	require.Contains(t, tab.text(`#why-finish`), "only for: head")
	require.Contains(t, tab.text(`#why-finish`), "inspected is not ticked")
	require.Equal(t, 1, tab.count(`[data-action=finish][aria-disabled=true]`))

	tab.choose(`[name=who]`, "vera")
	tab.until(`document.querySelector('h3 small')?.innerText.includes('Vera')`)
	require.NotContains(t, tab.text(`#why-finish`), "only for")
	require.Contains(t, tab.text(`#why-finish`), "inspected is not ticked")
	tab.open("/deals")
	tab.click(fmt.Sprintf(`a[href="/deals/%s"]`, deal))
	tab.click(`#sheet [type=checkbox][name="set.inspected"]`)
	tab.click(`#sheet form:nth-of-type(2) footer button`)
	tab.click(`#sheet button[value=finish]`)
	tab.until(`document.querySelector('#sheet .chip.stage')?.innerText === 'Done'`)

	c, err := b.deals.Case(t.Context(), deal)
	require.NoError(t, err)
	require.EqualValues(t, "done", c.Stage)
	require.EqualValues(t, "vera", c.Values["inspected"].By)
}

func TestFallback(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	tab := newTab(t, b)
	tab.open("/messages")
	tab.click(`#plug-whatsapp`)
	tab.until(`document.querySelector('#plug-whatsapp').innerText === 'Plug in'`)
	require.Equal(t, "plug-whatsapp", js[string](tab, `document.activeElement.id`), "the focus stays where it was")
	id := tab.value(`form[action="/messages"] [name=id]`)
	tab.click(`form[action="/messages"] button`)
	row := fmt.Sprintf(`tr[data-letter=%q]`, id)
	tab.wait(row)
	require.Contains(t, tab.text(row+` .step.failed[data-channel=whatsapp]`), "no_line")
	require.Contains(t, tab.text(row+` [data-channel=viber]`), "accepted")

	d, err := b.house.post.Delivery(t.Context(), notify.MessageID(id))
	require.NoError(t, err)
	require.Equal(t, notify.FailureRefused, d.Steps[0].Failed)
	require.EqualValues(t, "viber", d.Steps[1].Channel)
	require.Equal(t, notify.LevelAccepted, d.Steps[1].Level)

	// An hour later it has arrived, by the other channel, at its price.
	tab.click(`#clock button[value=hour]`)
	tab.until(`['delivered', 'read'].includes(document.querySelector('tr[data-letter="%s"] [data-channel=viber]')?.classList[1])`, id)
	d, err = b.house.post.Delivery(t.Context(), notify.MessageID(id))
	require.NoError(t, err)
	require.True(t, d.Steps[1].Settled)
	require.Contains(t, tab.text(row), d.Steps[1].Amount.StringFixed(2))
}

func TestSplitCard(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	var card dedup.Card
	for _, line := range b.view.find("", 100) {
		if line.Touches >= 3 {
			var err error
			card, err = b.customers.Card(t.Context(), line.ID)
			require.NoError(t, err)
			break
		}
	}
	had, touch := len(card.Timeline), card.Timeline[len(card.Timeline)-1].ID
	tab := newTab(t, b)
	tab.open("/cards/" + string(card.ID))
	require.Equal(t, had, tab.count(`.timeline li[data-touch]`))
	tab.click(`.timeline details summary`)
	require.NotEmpty(t, tab.text(`.timeline details li`), "why it lies here")
	tab.click(fmt.Sprintf(`[data-touch=%q] form button`, touch))
	tab.until(`document.querySelectorAll('.timeline li[data-touch]').length === %d`, had-1)

	apart, err := b.customers.Card(t.Context(), dedup.CardID(touch))
	require.NoError(t, err)
	require.NotEqual(t, card.ID, apart.ID)
	require.Len(t, apart.Timeline, 1)

	// Withdrawn, all is as it was.
	tab.click(`form:has([name=undo]) button`)
	tab.until(`document.querySelectorAll('.timeline li[data-touch]').length === %d`, had)
	again, err := b.customers.Card(t.Context(), dedup.CardID(touch))
	require.NoError(t, err)
	require.Equal(t, card.ID, again.ID)
	require.Len(t, again.Timeline, had)

	// And joined by hand to somebody else's.
	other := b.view.find("", 100)[50]
	tab.do(chromedp.SendKeys(chromedp.CSS(`#card [name=touch]:not([type=hidden])`), string(other.ID)))
	tab.click(`form:has([value=join]) button`)
	tab.until(`document.querySelectorAll('.timeline li[data-touch]').length === %d`, had+other.Touches)
	joined, err := b.customers.Card(t.Context(), other.ID)
	require.NoError(t, err)
	require.Len(t, joined.Timeline, had+other.Touches)
}
