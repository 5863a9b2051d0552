package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/pipeline"
)

// controls are the roles of what somebody works with.
var controls = []string{"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "spinbutton", "Date", "gridcell", "DisclosureTriangle", "dialog", "grid", "region"}

// weakest is a script that measures the contrast of every text on the screen against the colours
// behind it, each colour of a pattern included, and returns what is below 4.5 to 1 (WCAG 2.2, 1.4.3).
const weakest = `(() => {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
	canvas.canvas.width = canvas.canvas.height = 1
	const rgba = colour => {
		canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1)
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
		return [r, g, b, a / 255]
	}
	const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1)
	const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0)
	const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((a, b) => b - a); return (x + .05) / (y + .05) }
	const page = rgba(getComputedStyle(document.documentElement).backgroundColor)[3] ? getComputedStyle(document.documentElement).backgroundColor : getComputedStyle(document.body).backgroundColor
	// behind returns all colours that may lie behind an element.
	const behind = el => {
		const layers = []
		for (let e = el; e; e = e.parentElement) {
			const style = getComputedStyle(e)
			const colours = style.backgroundImage === 'none' ? [] : (style.backgroundImage.match(/(rgba?|color|oklab|oklch|lab|lch|hsla?)\([^()]*\)|#[0-9a-f]{3,8}\b/gi) ?? []).map(rgba)
			const base = rgba(style.backgroundColor)
			layers.push({ base, colours })
			if (base[3] === 1) break
		}
		let under = [rgba(page)]
		for (const { base, colours } of layers.reverse()) {
			const flat = under.map(u => over(base, u))
			const covered = colours.length && colours.every(c => c[3] === 1)
			under = (covered ? [] : flat).concat(colours.flatMap(c => flat.map(u => over(c, u))))
		}
		return under
	}
	const bad = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
	while (walk.nextNode()) {
		const el = walk.currentNode.parentElement
		if (!walk.currentNode.data.trim() || !el.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || el.closest('.quiet, option, noscript')) continue
		const style = getComputedStyle(el)
		const ink = rgba(el.closest('svg') ? style.fill : style.color)
		for (const back of behind(el.closest('figure') && el.closest('svg') ? el.closest('figure') : el)) {
			const r = ratio(over(ink, back), back)
			if (r < 4.5) { bad.push(r.toFixed(2) + ' ' + walk.currentNode.data.trim().slice(0, 30) + ' <' + el.tagName + ' ' + el.className + '> in ' + el.parentElement.className); break }
		}
	}
	return [...new Set(bad)]
})()`

// outOfOrder is a script that lists what the Tab key reaches before its place in the page.
const outOfOrder = `[...document.querySelectorAll('[tabindex]')].filter(e => e.tabIndex > 0).map(e => e.outerHTML.slice(0, 80))`

func TestAccess(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	unit, first := b.freeDays(t, 2)
	deals, err := b.cases.Find(t.Context(), pipeline.Filter{Pipeline: "rental", Stage: "living"}, "", 1)
	require.NoError(t, err)
	var card dedup.CardID
	for _, line := range b.view.find("", 100) {
		if line.Touches >= 3 {
			card = line.ID
			break
		}
	}
	tab := newTab(t, b)
	sheet := func(path string) func() {
		return func() {
			tab.run(`fetch(%q, { headers: { 'X-Part': '1' } }).then(r => r.text()).then(html => { document.querySelector('#sheet-body').innerHTML = html; document.querySelector('#sheet').showModal() })`, path)
		}
	}
	pages := []struct {
		path string
		then func()
	}{
		{"/", nil}, {"/?view=floors", nil}, {"/deals", nil}, {"/deals/" + string(deals[0].ID), nil}, {"/cards/" + string(card), nil},
		{"/messages", nil}, {"/money", nil}, {"/code/chessboard", nil}, {"/cards/nobody", nil},
		{"/", sheet(fmt.Sprintf("/ask/%s?first=%s&nights=2", unit, first))},
		{"/", func() {
			tab.drag(unit, first, first+1)
			tab.click(`#sheet button[formaction="/race"]`)
			tab.wait("#winner")
		}},
		{"/", func() {
			tab.run(`document.querySelector('td.held').click()`)
			tab.wait(`#sheet form`)
		}},
	}
	for i, page := range pages {
		tab.open(page.path)
		if page.then != nil {
			page.then()
		}
		what := fmt.Sprintf("page %d %s", i, page.path)
		tab.run(`document.querySelectorAll('details').forEach(d => { d.open = true })`)
		require.Empty(t, tab.nameless(), what)
		require.Empty(t, js[[]string](tab, outOfOrder), what)
		for _, scheme := range []string{"light", "dark"} {
			_, err := chromedp.Call(tab.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			require.NoError(t, err)
			require.Equal(t, scheme == "dark", js[bool](tab, `matchMedia('(prefers-color-scheme: dark)').matches`))
			require.Empty(t, js[[]string](tab, weakest), scheme+", "+what)
		}
	}
}

// nameless lists the controls that have no name for who cannot see them.
func (t *tab) nameless() (bad []string) {
	t.Helper()
	tree, err := chromedp.Call(t.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(t, err)
	seen := 0
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role := strings.Trim(string(n.Role.Value), `"`)
		if !slices.Contains(controls, role) {
			continue
		}
		seen++
		if role == "gridcell" { // free days say nothing until they are stepped on
			continue
		}
		if n.Name == nil || strings.TrimSpace(strings.Trim(string(n.Name.Value), `"`)) == "" {
			bad = append(bad, fmt.Sprintf("%s %d", role, n.BackendDOMNodeID))
		}
	}
	require.NotZero(t, seen)
	return bad
}

// TestFocusOrder walks through the page with the Tab key: from the head to the panel, each control
// once, in the order in which they are read, and the chessboard as one stop.
func TestFocusOrder(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	tab := newTab(t, b)
	tab.open("/")
	var order []string
	for range 40 {
		tab.do(chromedp.KeyEvent("\t"))
		at := js[string](tab, `(() => {
			const e = document.activeElement
			window.before = window.before ?? document.body
			const onward = window.before === document.body || !!(window.before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)
			window.before = e
			return (onward ? '' : 'back to ') + (e.closest('td') ? 'day' : e.getAttribute('aria-label') || e.innerText || e.name || e.tagName)
		})()`)
		if strings.HasPrefix(at, "back to ") || at == "BODY" {
			break
		}
		order = append(order, at)
	}
	require.Equal(t, "Skip to the panel", order[0])
	require.Contains(t, order, "Chessboard")
	require.Equal(t, "day", order[len(order)-1])
	require.Equal(t, len(order)-1, slices.Index(order, "day"), "the chessboard is one stop")
	require.Less(t, slices.Index(order, "Pause"), slices.Index(order, "code"))
}

// TestScreens takes the pictures of docs/ when BOARD_SCREENS says where to; else it only looks that
// nothing sticks out, from a telephone to a large screen, in both languages.
func TestScreens(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	unit, first := b.freeDays(t, 2)
	deals, err := b.cases.Find(t.Context(), pipeline.Filter{Pipeline: "rental", Stage: "living"}, "", 1)
	require.NoError(t, err)
	_, err = b.units.Hold(t.Context(), booking.Hold{ID: "shown", Unit: unit, Span: nights(t, first, 2), Holder: "race"})
	require.NoError(t, err)
	tab := newTab(t, b)
	for _, lang := range []string{"en", "ru"} {
		tab.open("/")
		if lang == "ru" {
			tab.choose(`[name=lang]`, lang)
			tab.until(`document.documentElement.lang === 'ru'`)
		}
		for _, path := range []string{"/", "/?view=floors", "/deals", "/deals/" + string(deals[0].ID), "/cards", "/messages", "/money", "/code/money"} {
			tab.open(path)
			for _, width := range []int64{360, 768, 1280, 1920} {
				tab.do(chromedp.EmulateViewport(width, 800))
				wide := js[int](tab, `document.documentElement.scrollWidth`)
				require.LessOrEqual(t, wide, int(width), "%s %s sticks out at %d", lang, path, width)
			}
		}
	}
	tab.choose(`[name=lang]`, "en")
	tab.until(`document.documentElement.lang === 'en'`)
	dir := os.Getenv("BOARD_SCREENS")
	if dir == "" {
		return
	}
	tab.do(chromedp.EmulateViewport(1280, 760))
	tab.open("/")
	tab.run(`document.querySelector('td.held em').closest('td').dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))`)
	tab.until(`!document.querySelector("#peek").hidden`)
	tab.picture(filepath.Join(dir, "board.png"))
	tab.open("/deals")
	tab.click(`a.deal[href="/deals/` + string(deals[0].ID) + `"]`)
	tab.wait("#sheet .actions")
	tab.picture(filepath.Join(dir, "board-deals.png"))
}

func (t *tab) picture(file string) {
	t.Helper()
	png, err := chromedp.Run(t.ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.Less(t, len(png), 200_000, file)
	require.NoError(t, os.WriteFile(file, png, 0o666))
}
