package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/examples/internal/show"
)

// anew returns what the names begin with that a chapter makes, and five digits for its phones. They are
// others each time the chapter is told: the sites and networks of these chapters are fakes that die with
// the program, so that a chapter which was interrupted is told from its beginning.
func anew(ctx context.Context, s *show.Story, chapter string) (prefix, digits string, err error) {
	told, err := s.Marked(ctx, chapter)
	if err != nil {
		return "", "", err
	}
	n, _ := strconv.Atoi(told) // "": not told yet
	n++
	return fmt.Sprintf("%s-%d.%d/", chapter, s.Run, n), fmt.Sprintf("%03d%02d", s.Run%1000, n%100), s.Mark(ctx, chapter, strconv.Itoa(n))
}

var monthsRu = []string{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"}

// day is a date in words: 8 June, 8 июня.
func day(s *show.Story, d date.Date) string {
	return fmt.Sprintf("%d %s", d.Day(), s.T(d.Month().String(), monthsRu[d.Month()-1]))
}

// nights are the dates of arrival and departure in words: 8–12 June.
func nights(s *show.Story, from, to date.Date) string {
	if from.Month() == to.Month() && from.Year() == to.Year() {
		return fmt.Sprintf("%d–%s", from.Day(), day(s, to))
	}
	return day(s, from) + " – " + day(s, to)
}

// moment is a moment in words, by the wall clock of a zone: 8 June 14:00.
func moment(s *show.Story, t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return day(s, date.NewAt(t)) + t.Format(" 15:04")
}

// number writes a number with a mark between thousands.
func number(s *show.Story, n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + s.T(",", " ") + text[i:]
	}
	return text
}

// of is a part of a whole.
func of(s *show.Story, part, whole int) string {
	return fmt.Sprintf(s.T("%s of %s", "%s из %s"), number(s, part), number(s, whole))
}
