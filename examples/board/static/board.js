// The board in the browser. The server renders; this script sends forms in place, opens sheets,
// follows the events, counts down, and scrolls and marks the chessboard.

const $ = (q, from = document) => from.querySelector(q)
const $$ = (q, from = document) => [...from.querySelectorAll(q)]
const sheet = $('#sheet'), sheetBody = $('#sheet-body'), say = $('#say'), peek = $('#peek')
const ru = document.documentElement.lang === 'ru'

async function part(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { 'X-Part': '1', ...options.headers } })
  return { ok: answer.ok, html: await answer.text() }
}

// --- sheets

function open(html) {
  sheetBody.innerHTML = html
  hidePeek()
  if (!sheet.open) sheet.showModal()
  sheet.setAttribute('aria-label', $('h2', sheetBody)?.textContent ?? '')
}

async function openURL(url) {
  const { html } = await part(url)
  open(html)
}

sheet.addEventListener('click', e => {
  if (e.target === sheet || e.target.closest('[data-close]')) sheet.close()
})
sheet.addEventListener('close', () => chess?.unmark())

document.addEventListener('click', e => {
  const link = e.target.closest('a[data-sheet], a[data-card]')
  if (link && !e.ctrlKey && !e.metaKey && !e.shiftKey) {
    e.preventDefault()
    if (link.matches('[data-sheet]')) return openURL(link.href)
    return openCard(link)
  }
  const next = e.target.closest('.next')
  if (next) return openURL(askURL(next.dataset.unit, next.dataset.first, next.dataset.nights))
})

const askURL = (unit, first, nights) => {
  const chosen = sessionStorage.getItem('client') ?? ''
  return `/ask/${encodeURIComponent(unit)}?${new URLSearchParams({ first, nights, client: chosen })}`
}

async function openCard(link) {
  const { ok, html } = await part(link.href)
  if (!ok) return
  $('#card').innerHTML = html
  $$('[data-card][aria-current]').forEach(a => a.removeAttribute('aria-current'))
  $$('[data-card]').find(a => a.pathname === link.pathname)?.setAttribute('aria-current', 'true')
  history.replaceState(null, '', link.href)
}

// --- forms

// swap puts new content in, and leaves a form as it was filled in, unless that is the one just sent.
function swap(into, html, kept, sent) {
  into.innerHTML = html
  if (kept && kept !== sent) $('[data-keep]', into)?.replaceWith(kept)
}

document.addEventListener('change', e => {
  if (e.target.form?.matches('[data-reload]')) e.target.form.submit()
  if (e.target.name === 'client') sessionStorage.setItem('client', e.target.value)
  if (e.target.form?.action.endsWith('/hold') && (e.target.name === 'first' || e.target.name === 'nights')) reask(e.target.form)
})

// reask says what other days come to, and leaves the rest of the form as it was.
async function reask(form) {
  const { ok, html } = await part(askURL(form.unit.value, form.first.value, form.nights.value))
  if (!ok) return
  const fresh = new DOMParser().parseFromString(html, 'text/html')
  for (const q of ['[data-span]', '[data-price]']) $(q, form).textContent = $(q, fresh).textContent
}

document.addEventListener('submit', async e => {
  const form = e.target, to = form.dataset.part
  if (!to) return
  e.preventDefault()
  const data = new URLSearchParams(new FormData(form, e.submitter))
  const buttons = $$('button', form)
  buttons.forEach(b => { b.disabled = true })
  try {
    const { ok, html } = await part(e.submitter?.getAttribute('formaction') || form.getAttribute('action'), { method: 'POST', body: data })
    if (ok) {
      const id = document.activeElement?.id || e.submitter?.id
      if ('whole' in form.dataset) $(to).outerHTML = html
      else swap($(to), html, $('[data-keep]', $(to)), form)
      if (to === '#sheet-body') sheetBody.scrollIntoView?.({ block: 'start' })
      if (id) document.getElementById(id)?.focus()
      clock.read()
    } else {
      const place = $('[data-no]', form) ?? form.parentElement.closest('#card, .panel, .sheet')?.querySelector('[data-no]') ?? say
      place.innerHTML = html
      place.scrollIntoView({ block: 'nearest' })
    }
  } finally {
    buttons.forEach(b => { b.disabled = false })
  }
})

// --- the clock, and all that counts down by it

const clock = {
  base: 0, pace: 0, at: 0,
  read() {
    const t = $('#now')
    this.set(+t.dataset.now, +t.dataset.pace)
  },
  set(now, pace) {
    Object.assign(this, { base: now, pace, at: performance.now() })
    this.tick()
  },
  now() { return this.base + (performance.now() - this.at) * this.pace },
  tick() {
    const now = this.now(), t = $('#now')
    const zoned = new Date(now + t.dataset.zone * 3600e3)
    const text = `${days[zoned.getUTCDay()]} ${zoned.getUTCDate()} ${months[zoned.getUTCMonth()]}, ${two(zoned.getUTCHours())}:${two(zoned.getUTCMinutes())}`
    if (t.textContent !== text) t.textContent = text
    for (const el of $$('time[data-until]')) {
      const left = leftText(el.dataset.until - now)
      if (el.textContent !== left) el.textContent = left
    }
  },
}
const two = n => String(n).padStart(2, '0')
const days = ru ? ['вс', 'пн', 'вт', 'ср', 'чт', 'пт', 'сб'] : ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ru ? ['января', 'февраля', 'марта', 'апреля', 'мая', 'июня', 'июля', 'августа', 'сентября', 'октября', 'ноября', 'декабря']
  : ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
function leftText(ms) {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s >= 48 * 3600) return `${Math.floor(s / 86400)}\u00a0${ru ? 'дн.' : 'd'}`
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`
}

// --- live updates

const live = $('[data-live]')?.dataset.live
let stale = false, refreshing = false

// refresh asks for the panel again. A card is read in peace, and what somebody is writing stays.
async function refresh() {
  if (live === 'cards') return
  if (refreshing) { stale = true; return }
  refreshing = true
  try {
    do {
      stale = false
      if (chess) await chess.load(chess.window())
      else {
        const { ok, html } = await part(location.pathname + location.search)
        if (!ok) break
        const main = $('#main'), at = [scrollX, scrollY], inner = $('.columns', main)?.scrollLeft
        const focused = document.activeElement, key = main.contains(focused) ? focused.id || focused.getAttribute('href') : ''
        if (main.contains(focused) && /INPUT|SELECT/.test(focused.tagName)) break
        const opened = $$('details[open]', main).map(d => d.closest('[id]')?.id)
        swap(main, html, $('[data-keep]', main))
        opened.forEach(id => id && $(`#${id} details`)?.setAttribute('open', ''))
        if (inner) $('.columns', main).scrollLeft = inner
        scrollTo(...at)
        if (key) (document.getElementById(key) ?? $(`a[href="${CSS.escape(key)}"]`, main))?.focus({ preventScroll: true })
        clock.tick()
      }
      await new Promise(done => setTimeout(done, 300))
    } while (stale)
  } finally { refreshing = false }
}

const paces = { pause: 0, play: 1, fast: 60, faster: 3600 }

// listen opens the event stream. A hidden page gives its connection back: a browser has few for one
// server.
let events
function listen() {
  events = new EventSource('/events')
  events.addEventListener('clock', e => {
    const c = JSON.parse(e.data)
    $('#now').dataset.now = c.now
    $('#now').dataset.pace = c.pace
    $$('.paces [aria-pressed]').forEach(b => b.setAttribute('aria-pressed', String(paces[b.value] === c.pace)))
    clock.set(c.now, c.pace)
  })
  events.addEventListener('changed', e => {
    const c = JSON.parse(e.data)
    if (concerns(c)) refresh()
  })
}

// concerns reports whether what changed is shown here. An empty change is of the clock or a plug.
function concerns(c) {
  switch (live) {
    case 'chessboard': return !chess || !c.units || c.units.length > 200 || c.units.some(u => chess.shows(u))
    case 'deals': return c.deals || !Object.keys(c).length
    case 'letters': return c.letters || !Object.keys(c).length
    case 'money': return c.units || c.deals
  }
  return false
}

document.addEventListener('visibilitychange', () => {
  events?.close()
  if (document.hidden) return
  listen()
  if (live) refresh()
})

// --- peek: who, until when, who waits

let peeking = 0
function showPeek(cell, unit) {
  clearTimeout(peeking)
  peeking = setTimeout(async () => {
    const { ok, html } = await part(`/stay/${encodeURIComponent(unit)}/${encodeURIComponent(cell.dataset.id)}?peek=1`)
    const shown = cell.isConnected ? cell : $(`td[data-id="${CSS.escape(cell.dataset.id)}"]`)
    if (!ok || sheet.open || !shown) return
    peek.innerHTML = html
    peek.hidden = false
    const box = shown.getBoundingClientRect(), mine = peek.getBoundingClientRect()
    const left = Math.max(8, Math.min(Math.max(box.left, 100), innerWidth - mine.width - 8))
    const below = box.bottom + 8 + mine.height < innerHeight
    peek.style.left = `${left}px`
    peek.style.top = `${Math.max(8, below ? box.bottom + 6 : box.top - mine.height - 6)}px`
    clock.tick()
  }, 120)
}
function hidePeek() {
  clearTimeout(peeking)
  peek.hidden = true
}

// --- the chessboard

const board = $('#board')
const chess = board && {
  canvas: $('#canvas'), mark: $('#mark'), table: null, flats: +board.dataset.flats, total: +board.dataset.total,
  at: { unit: 0, units: 0, day: 0, days: 0 }, busy: false, again: false, from: null, cursor: null,

  begin() {
    const style = getComputedStyle(document.documentElement), px = name => parseFloat(style.getPropertyValue(name))
    Object.assign(this, { row: px('--row'), day: px('--daywide'), side: px('--unitwide'), head: px('--head') })
    this.canvas.style.width = `${this.side + this.total * this.day}px`
    this.canvas.style.height = `${this.head + this.flats * this.row}px`
    this.take($('table', this.canvas))
    board.scrollLeft = this.at.day * this.day
    board.addEventListener('scroll', () => this.follow(), { passive: true })
    addEventListener('resize', () => this.follow())
    this.canvas.addEventListener('pointerdown', e => this.press(e))
    addEventListener('pointermove', e => this.drag(e))
    addEventListener('pointerup', e => this.release(e))
    this.canvas.addEventListener('click', e => this.click(e))
    this.canvas.addEventListener('keydown', e => this.key(e))
    this.canvas.addEventListener('keyup', e => this.keyUp(e))
    this.canvas.addEventListener('mouseover', e => {
      const cell = e.target.closest('td[data-id]')
      cell && !this.from ? showPeek(cell, cell.parentElement.dataset.u) : hidePeek()
    })
    board.addEventListener('mouseleave', hidePeek)
    this.canvas.addEventListener('focusin', e => this.focused(e.target.closest('td')))
    this.canvas.addEventListener('focusout', hidePeek)
    this.follow()
  },

  // take lays a window of the table where it belongs.
  take(table) {
    this.table = table
    for (const k in this.at) this.at[k] = +table.dataset[k]
    table.style.marginLeft = `${this.at.day * this.day}px`
    table.style.marginTop = `${this.at.unit * this.row}px`
    $$('tbody td', table).forEach(td => { td.tabIndex = -1 })
    const cursor = this.cursor && this.cell(this.cursor.unit, this.cursor.day)
    const first = cursor ?? $('tbody td', table)
    if (first) first.tabIndex = 0
  },

  // window is what can be seen, and a little around it.
  window() {
    const unit = Math.floor(board.scrollTop / this.row), day = Math.floor(board.scrollLeft / this.day)
    const units = Math.ceil(board.clientHeight / this.row), days = Math.ceil(board.clientWidth / this.day)
    return { unit: Math.max(0, unit - 6), units: Math.min(80, units + 12), day: Math.max(0, day - 8), days: Math.min(140, days + 16) }
  },

  // follow asks for more when what can be seen nears the edge of what is there.
  follow() {
    const unit = board.scrollTop / this.row, day = board.scrollLeft / this.day, a = this.at
    const lastUnit = Math.min(this.flats, unit + board.clientHeight / this.row), lastDay = Math.min(this.total, day + board.clientWidth / this.day)
    if (unit < a.unit || day < a.day || lastUnit > a.unit + a.units || lastDay > a.day + a.days) this.load(this.window())
  },

  async load(w) {
    if (this.busy) { this.again = true; return }
    this.busy = true
    try {
      const { ok, html } = await part(`/rows?${new URLSearchParams(w)}`)
      if (!ok) return
      const had = this.table.contains(document.activeElement)
      const hold = document.createElement('template')
      hold.innerHTML = html
      const fresh = hold.content.firstElementChild
      this.table.replaceWith(fresh)
      this.take(fresh)
      if (had && this.cursor) this.cell(this.cursor.unit, this.cursor.day)?.focus({ preventScroll: true })
      clock.tick()
    } finally {
      this.busy = false
      if (this.again) { this.again = false; this.load(this.window()) }
    }
  },

  shows(unit) { return $$('tr[data-u]', this.table).some(r => r.dataset.u === unit) },

  // cell is the one that covers a day, its place the reverse. Both are undefined outside the window.
  cell(unit, day) {
    const row = this.table.tBodies[0].rows[unit - this.at.unit]
    let d = this.at.day
    for (const td of row?.cells ?? []) {
      if (td.tagName !== 'TD') continue
      if (day >= d && day < d + td.colSpan) return td
      d += td.colSpan
    }
  },
  place(td) {
    let day = this.at.day
    for (let c = td.previousElementSibling; c?.tagName === 'TD'; c = c.previousElementSibling) day += c.colSpan
    return { unit: this.at.unit + td.parentElement.sectionRowIndex, day }
  },
  under(e) {
    const box = this.canvas.getBoundingClientRect()
    return { unit: Math.floor((e.clientY - box.top - this.head) / this.row), day: Math.floor((e.clientX - box.left - this.side) / this.day) }
  },
  unitAt(unit) { return this.table.tBodies[0].rows[unit - this.at.unit]?.dataset.u },
  date(day) { return new Date(Date.parse(board.dataset.origin) + day * 864e5).toISOString().slice(0, 10) },
  dayName(day) {
    const d = new Date(Date.parse(board.dataset.origin) + day * 864e5)
    return `${days[d.getUTCDay()]} ${d.getUTCDate()} ${months[d.getUTCMonth()]}`
  },

  press(e) {
    const td = e.target.closest('td')
    if (!td || td.dataset.id || e.button !== 0 || e.pointerType === 'touch') return
    const at = this.under(e)
    this.from = { ...at, to: at.day }
    this.draw(this.from)
    hidePeek()
  },
  drag(e) {
    if (!this.from) return
    this.from.to = Math.max(0, Math.min(this.total - 1, this.under(e).day))
    this.draw(this.from)
    const box = board.getBoundingClientRect()
    if (e.clientX > box.right - 30) board.scrollLeft += 12
    if (e.clientX < box.left + this.side + 10) board.scrollLeft -= 12
  },
  release(e) {
    if (!this.from) return
    const m = this.from
    this.from = null
    this.swallow = true // the click that follows
    setTimeout(() => { this.swallow = false })
    this.ask(m)
  },
  click(e) {
    const td = e.target.closest('td')
    if (!td || this.swallow) return
    const at = this.place(td)
    td.dataset.id ? openURL(`/stay/${encodeURIComponent(td.parentElement.dataset.u)}/${encodeURIComponent(td.dataset.id)}`) : this.ask({ ...at, to: at.day })
  },
  ask(m) {
    this.draw(m)
    const first = Math.min(m.day, m.to), nights = Math.abs(m.to - m.day) + 1
    openURL(askURL(this.unitAt(m.unit), this.date(first), nights))
  },
  draw(m) {
    const first = Math.min(m.day, m.to), nights = Math.abs(m.to - m.day) + 1
    Object.assign(this.mark.style, { left: `${this.side + first * this.day}px`, top: `${this.head + m.unit * this.row}px`, width: `${nights * this.day}px`, height: `${this.row}px` })
    this.mark.hidden = false
  },
  unmark() {
    this.mark.hidden = true
    if (this.cursor) {
      this.cursor.mark = null
      this.cell(this.cursor.unit, this.cursor.day)?.focus({ preventScroll: true })
    }
  },

  focused(td) {
    if (!td) return
    const at = this.place(td)
    if (!this.cursor || this.cell(this.cursor.unit, this.cursor.day) !== td) this.cursor = { ...at, mark: null }
    $$('td[tabindex="0"]', this.table).forEach(c => { c.tabIndex = -1 })
    td.tabIndex = 0
    td.setAttribute('aria-label', this.name(td))
    if (td.dataset.id && td.matches(':focus-visible')) showPeek(td, td.parentElement.dataset.u)
  },
  name(td) {
    const flat = td.parentElement.cells[0].textContent, at = this.place(td)
    const when = td.colSpan > 1 ? `${this.dayName(at.day)} – ${this.dayName(at.day + td.colSpan - 1)}` : this.dayName(this.cursor?.day ?? at.day)
    return `${flat}, ${when}: ${td.textContent.trim() || (ru ? 'свободно' : 'free')}`
  },

  async key(e) {
    const c = this.cursor, td = e.target.closest('td')
    if (!c || !td) return
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], PageUp: [-10, 0], PageDown: [10, 0] }[e.key]
    if (step) {
      e.preventDefault()
      if (e.shiftKey && step[1]) {
        c.mark ??= { unit: c.unit, day: c.day, to: c.day }
        c.mark.to = c.day = Math.max(0, Math.min(this.total - 1, c.day + step[1]))
        this.draw(c.mark)
        say.textContent = `${this.dayName(Math.min(c.mark.day, c.mark.to))} – ${this.dayName(Math.max(c.mark.day, c.mark.to))}`
      } else {
        c.mark = null
        this.mark.hidden = true
        const at = this.place(td)
        if (step[1]) c.day = Math.max(0, Math.min(this.total - 1, step[1] > 0 ? at.day + td.colSpan : at.day - 1))
        else c.unit = Math.max(0, Math.min(this.flats - 1, c.unit + step[0]))
      }
      await this.reveal(c)
      return
    }
    if (e.key === 'Home') {
      e.preventDefault()
      c.day = Math.round((Date.parse(board.dataset.today) - Date.parse(board.dataset.origin)) / 864e5)
      await this.reveal(c)
    }
    if (e.key === 'Escape') { c.mark = null; this.mark.hidden = true }
    if (e.key === 'Enter' || e.key === ' ') {
      e.preventDefault()
      this.pressed = true
    }
  },
  // keyUp opens what Enter was pressed on. On the way down would be too early: the rest of the same
  // press, or its repetition, would reach the form that opens and send it.
  keyUp(e) {
    const c = this.cursor, td = e.target.closest('td')
    if (!this.pressed || (e.key !== 'Enter' && e.key !== ' ')) return
    this.pressed = false
    if (!c || !td) return
    td.dataset.id && !c.mark ? openURL(`/stay/${encodeURIComponent(td.parentElement.dataset.u)}/${encodeURIComponent(td.dataset.id)}`) : this.ask(c.mark ?? { unit: c.unit, day: c.day, to: c.day })
  },
  // reveal scrolls to the cursor and puts the focus there.
  async reveal(c) {
    const x = c.day * this.day, y = c.unit * this.row
    if (x < board.scrollLeft) board.scrollLeft = x
    if (x + this.day > board.scrollLeft + board.clientWidth - this.side) board.scrollLeft = x + this.day - board.clientWidth + this.side
    if (y < board.scrollTop) board.scrollTop = y
    if (y + this.row > board.scrollTop + board.clientHeight - this.head) board.scrollTop = y + this.row - board.clientHeight + this.head
    if (!this.cell(c.unit, c.day)) await this.load(this.window())
    const td = this.cell(c.unit, c.day)
    if (td) {
      td.focus({ preventScroll: true })
      td.setAttribute('aria-label', this.name(td))
    }
  },
}
// The page is painted before it is brought to life.
requestAnimationFrame(() => setTimeout(() => {
  clock.read()
  setInterval(() => clock.pace && clock.tick(), 250)
  chess?.begin()
  listen()
  document.body.dataset.ready = ''
}))
