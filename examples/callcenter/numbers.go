package main

import (
	"cmp"
	"context"
	_ "embed"
	"regexp"
	"slices"
	"strings"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/region"
)

//go:embed numbers.csv
var ownNumbers string

// A number is a row of the input: what it means that this number is dialled.
type number struct {
	number, group, topic string
	city                 string // "" for a line of no city
	region               region.Subdivision
	channel              string // the advertisement that shows it
}

var oneWord = regexp.MustCompile(`^[\pL\pN_-]{1,40}$`)

// dialled reads the table of numbers, and says where each leads.
func (c *centre) dialled(ctx context.Context, s *show.Story) error {
	plain, err := region.New(region.Config{})
	if err != nil {
		return err
	}
	lines := map[string]int{}
	right, bad, err := s.Read(ownNumbers, "+7 862 555-10-01,sea,family,Sochi,RU-KDA,site", []string{"number", "group", "topic", "city", "region", "channel"}, func(r *show.Row) {
		n := number{number: r.Text("number"), group: r.Text("group"), topic: r.Text("topic"), city: r.Text("city"), channel: r.Text("channel")}
		known, err := plain.Detect(n.number)
		if err != nil {
			r.Bad("number", "must be one telephone number", "должен быть одним телефонным номером")
		} else if n.number = known.E164; lines[n.number] > 0 {
			r.Bad("number", "stands in an earlier row already", "уже есть в строке выше")
		}
		for _, column := range []string{"group", "topic"} {
			if !oneWord.MatchString(r.Text(column)) {
				r.Bad(column, "must be one word", "должно быть одним словом")
			}
		}
		var ok bool
		if n.region, ok = region.ParseSubdivision(r.Text("region")); !ok && r.Text("region")+n.city != "" {
			r.Bad("region", "must be a code like RU-KDA, or empty together with the city", "должен быть кодом вида RU-KDA или пустым вместе с городом")
		}
		if len(n.city)+len(n.channel) > 200 {
			r.Bad("city", "is too long", "слишком длинное")
		}
		if !r.OK() {
			return
		}
		lines[n.number] = r.Line()
		c.numbers = append(c.numbers, n)
		if !slices.Contains(c.groups, n.group) {
			c.groups = append(c.groups, n.group)
		}
	})
	if err != nil {
		return err
	}
	if err := c.open(ctx, s); err != nil {
		return err
	}
	s.Say("Numbers: %d, groups: %d, rows that cannot be read: %d.", "Номеров: %d, групп: %d, нечитаемых строк: %d.", right, len(c.groups), bad)
	for _, g := range c.groups[:min(len(c.groups), 8)] {
		of, cities, topics := 0, []string{}, []string{}
		for _, n := range c.numbers {
			if n.group == g {
				of++
				cities, topics = append(cities, place(s, n.city)), append(topics, said(s, n.topic))
			}
		}
		for _, list := range []*[]string{&cities, &topics} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
		s.Say("  %s: %d numbers; %s; %s", "  %s: номеров %d; %s; %s", said(s, g), of, strings.Join(cities, ", "), strings.Join(topics, ", "))
	}
	return c.checkNumbers(s)
}

// checkNumbers dials every number as people and exchanges write it.
func (c *centre) checkNumbers(s *show.Story) error {
	dials, right := 0, 0
	for _, n := range c.numbers {
		spellings := []string{n.number, n.number[:len(n.number)-4] + "-" + n.number[len(n.number)-4:]}
		if ten, home := strings.CutPrefix(n.number, "+7"); home {
			spellings = append(spellings, "7"+ten, "8 ("+ten[:3]+") "+ten[3:])
		}
		for _, written := range spellings {
			line := c.detector.Resolve(region.Inquiry{Called: written, At: s.Clock.Now()}).Route
			made, _, err := c.calls.Engine().Open(nil, pipeline.Open{ID: "probe", Group: string(line.Group), By: exchange}, s.Clock.Now())
			if err != nil {
				return err
			}
			dials++
			if string(made.Pool) == n.group && made.Values["topic"].Text == n.topic && (n.city == "" || line.Place.Locality == n.city) && line.Channel == n.channel {
				right++
			}
		}
	}
	stray := c.detector.Resolve(region.Inquiry{Called: "000", At: s.Clock.Now()})
	lost, _, err := c.calls.Engine().Open(nil, pipeline.Open{ID: "probe", Group: string(stray.Route.Group), By: exchange}, s.Clock.Now())
	if err != nil {
		return err
	}
	s.Add("a number of no row rings at all groups, and is not lost", "номер вне таблицы звонит у всех групп и не теряется", !stray.Routed && lost.Pool == everyone, "%s", s.T("all groups", "все группы"))
	s.Add("a dialled number decides group, city and topic", "набранный номер решает группу, город и тему", right == dials, s.T("%d of %d dials, each number in several spellings", "%d из %d наборов, каждый номер в нескольких записях"), right, dials)
	return nil
}

// said is a word of the table in the story's language.
func said(s *show.Story, word string) string {
	return strings.ReplaceAll(words.In(s.Lang, word), "_", " ")
}

// place is a city of the table, "" included.
func place(s *show.Story, city string) string {
	return cmp.Or(said(s, city), s.T("no city", "без города"))
}
