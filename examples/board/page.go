package main

import (
	"bytes"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/pipeline"
)

// A page is what every template gets.
type page struct {
	Lang  string
	Panel string
	Who   actor
	Now   time.Time
	Pace  time.Duration
	Path  string
	Data  any
}

// An actor is who looks at the board.
type actor struct {
	pipeline.Actor
	Name, Title string // words
}

var actors = []actor{
	{irina, "irina", "manager"}, {by("oleg"), "oleg", "manager"}, {vera, "vera", "head"}, {pavel, "pavel", "pricer"}, {site, "site", "gateway"},
}

var templates = template.Must(template.ParseFS(files, "templates/*.html"))

// page begins a page from a request: who looks, in which language.
func (s *server) page(r *http.Request, panel string) page {
	now, pace := s.h.clock.read()
	p := page{Lang: s.lang, Panel: panel, Who: actors[0], Now: now, Pace: pace, Path: r.URL.RequestURI()}
	if c, err := r.Cookie("lang"); err == nil && (c.Value == "en" || c.Value == "ru") {
		p.Lang = c.Value
	}
	if c, err := r.Cookie("who"); err == nil {
		for _, a := range actors {
			if string(a.ID) == c.Value {
				p.Who = a
			}
		}
	}
	return p
}

func (p page) with(data any) page {
	p.Data = data
	return p
}

// T is a word of the page's language.
func (p page) T(key string) string {
	w, ok := words[key]
	if !ok {
		return key
	}
	if p.Lang == "ru" {
		return w[1]
	}
	return w[0]
}

// Actors are all who can be chosen.
func (p page) Actors() []actor { return actors }

// Title is the title of a stage, field or move in the page's language.
func (p page) Title(titles map[string]string) string { return titles[p.Lang] }

// Clock is a time of the house's clock.
func (p page) Clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(location(zone)).Format("15:04")
}

// When is a time of the house's clock with its day.
func (p page) When(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(location(zone))
	return dayText(date.NewAt(t), p.Lang) + t.Format(", 15:04")
}

// Milli is for the script, which counts down by it.
func (p page) Milli(t time.Time) int64 { return t.UnixMilli() }

// Left is the time until an instant.
func (p page) Left(t time.Time) string { return leftText(t.Sub(p.Now), p.Lang) }

// Paces are the buttons of the clock.
func (p page) Paces() []string { return []string{"pause", "play", "fast", "faster"} }

// IsPace reports whether the clock runs so.
func (p page) IsPace(name string) bool { return paces[name] == p.Pace }

// Today is the house's date.
func (p page) Today() date.Date { return today(p.Now) }

func today(now time.Time) date.Date { return date.NewAt(now.In(location(zone))) }

// leftText is a countdown, as the script of the page writes it too.
func leftText(d time.Duration, lang string) string {
	s := int(max(0, d).Seconds())
	if s >= 48*3600 {
		return fmt.Sprintf("%d\u00a0%s", s/86400, map[string]string{"en": "d", "ru": "дн."}[lang])
	}
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

var months = map[string][]string{
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	"ru": {"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"},
}

var weekdays = map[string][]string{
	"en": {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
	"ru": {"вс", "пн", "вт", "ср", "чт", "пт", "сб"},
}

func dayText(d date.Date, lang string) string {
	return fmt.Sprintf("%s %d %s", weekdays[lang][d.Weekday()], d.Day(), months[lang][d.Month()-1])
}

func spanText(s booking.Span, lang string) string {
	first, last := s.Dates()
	if s.Forever() {
		return dayText(first, lang) + " – …"
	}
	return dayText(first, lang) + " – " + dayText(last, lang)
}

// render writes a template whole or not at all.
func (s *server) render(w http.ResponseWriter, status int, name string, p page) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, p); err != nil {
		log.Printf("%s: %v", name, err)
		http.Error(w, "something broke here", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// show answers with a page, or only with its panel if the script asked for that.
func (s *server) show(w http.ResponseWriter, r *http.Request, p page) error {
	name := p.Panel
	if !isPart(r) {
		name = "page-" + p.Panel
	}
	s.render(w, http.StatusOK, name, p)
	return nil
}

// as chooses who looks at the board, and the language.
func (s *server) as(w http.ResponseWriter, r *http.Request) error {
	set := func(name, value string) {
		http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 30 * 24 * 3600})
	}
	if lang := r.PostForm.Get("lang"); lang != "" {
		if lang != "en" && lang != "ru" {
			return badField("lang", lang, "must be en or ru", "должно быть en или ru")
		}
		set("lang", lang)
	}
	if who := r.PostForm.Get("who"); who != "" {
		if !slices.ContainsFunc(actors, func(a actor) bool { return string(a.ID) == who }) {
			return badField("who", who, "nobody of that name works here", "здесь такой не работает")
		}
		set("who", who)
	}
	return back(w, r)
}

// setClock pauses the clock, lets it run, or steps it on.
func (s *server) setClock(w http.ResponseWriter, r *http.Request) error {
	steps := map[string]int{"hour": 1, "day": 24}
	do := r.PostForm.Get("do")
	if hours, ok := steps[do]; ok {
		if err := s.h.step(r.Context(), hours); err != nil {
			return err
		}
	} else if pace, ok := paces[do]; ok {
		s.h.clock.run(pace)
	} else {
		return badField("do", do, "must be pause, play, fast, faster, hour or day", "должно быть pause, play, fast, faster, hour или day")
	}
	s.h.view.hub.tell(changed{})
	if isPart(r) {
		s.render(w, http.StatusOK, "clock", s.page(r, ""))
		return nil
	}
	return back(w, r)
}

// back leads to the page that the form stood on.
func back(w http.ResponseWriter, r *http.Request) error {
	to := r.PostForm.Get("back")
	if u, err := url.Parse(to); err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsRune(to, '\\') {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// A navItem is a panel in the head of the page; its icon is an SVG path.
type navItem struct{ Panel, Path, Icon string }

// Nav lists the panels.
func (p page) Nav() []navItem {
	return []navItem{
		{"chessboard", "/", "M4 4h7v7H4zM13 4h7v3h-7zM13 9h7v2h-7zM4 13h7v3H4zM4 18h7v2H4zM13 13h7v7h-7z"},
		{"deals", "/deals", "M4 4h4v16H4zM10 4h4v11h-4zM16 4h4v7h-4z"},
		{"cards", "/cards", "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20a8 6 0 0 1 16 0z"},
		{"messages", "/messages", "M4 5h16v11H9l-5 4z"},
		{"money", "/money", "M4 20V12h4v8zM10 20V7h4v13zM16 20V3h4v17z"},
	}
}

// Icon is the SVG path of a button of the clock.
func (p page) Icon(name string) string {
	return map[string]string{"pause": "M6 5h4v14H6zM14 5h4v14h-4z", "play": "M7 5l12 7-12 7z", "fast": "M4 6l8 6-8 6zM12 6l8 6-8 6z", "faster": "M2 7l6 5-6 5zM9 7l6 5-6 5zM16 7l6 5-6 5z"}[name]
}

// Legend lists the states of the chessboard.
func (p page) Legend() []string {
	return []string{"held", "queued", "confirmed", "in_house", "sold", "blocked"}
}

// Policies are what a hold may do where it finds no room.
func (p page) Policies() []string { return []string{"reject", "queue", "preempt"} }

// Filters are those of the messages.
func (p page) Filters() []string { return letterFilters }

// With is the page with other data, for a template within a template.
func (p page) With(data any) page { return p.with(data) }

// Verdict says what a partner may know of a client.
func (p page) Verdict(a dedup.Answer) string {
	if a == dedup.AnswerFree {
		return p.T("free-claim")
	}
	return p.T(a.String())
}

// Work is a length of working time.
func (p page) Work(d time.Duration) string {
	d = d.Round(time.Second)
	if h := int(d.Hours()); h > 0 {
		return fmt.Sprintf("%d\u00a0%s", h, map[string]string{"en": "h", "ru": "ч"}[p.Lang])
	}
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
