package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/region"
)

//go:embed partners.csv
var oldBase string

// A partner is a record of the old base: an agency that sells tours.
type partner struct {
	id, company, contact, phone, email string
	changed                            time.Time
	subdivision                        region.Subdivision
	city, cityRu                       string
	at                                 region.Point
	manager                            string
}

// country is the agency's, "" if it is nowhere.
func (p partner) country() string { return region.PlaceOf("", p.subdivision).Country }

// touch is what a revision of the record tells of its agency.
func (p partner) touch(revision string) dedup.Touch {
	return dedup.Touch{
		ID: dedup.TouchID("old-base|" + p.id + "|" + revision), At: p.changed, Source: dedup.Source{Channel: "old-base"},
		Name: p.contact, Phone: p.phone, Email: p.email, Fields: map[string]string{"company": p.company},
		Identifiers: []dedup.Identifier{inOldBase(p.id)},
	}
}

// inOldBase identifies an agency by its number there.
func inOldBase(id string) dedup.Identifier {
	return dedup.Identifier{Kind: dedup.KindExternal, System: "old-base", Raw: id}
}

// partnerOf returns the record that founded the card which a case is linked to; the zero partner if
// there is none.
func (o *operator) partnerOf(cards []pipeline.CardID) partner {
	for _, card := range cards {
		if parts := strings.Split(string(card), "|"); len(parts) == 3 { // its first touch's ID
			return o.partners[parts[1]]
		}
	}
	return partner{}
}

func touches(rows iter.Seq2[partner, error]) iter.Seq2[dedup.Touch, error] {
	return func(yield func(dedup.Touch, error) bool) {
		for p, err := range rows {
			if err != nil {
				if !yield(dedup.Touch{}, err) {
					return
				}
				continue
			}
			if !yield(p.touch("1"), nil) {
				return
			}
		}
	}
}

// readPartners reads the base's export. A row that cannot be read is a *dedup.RowError.
func readPartners(s *show.Story) iter.Seq2[partner, error] {
	return func(yield func(partner, error) bool) {
		r := csv.NewReader(strings.NewReader(oldBase))
		_, err := r.Read() // the names of the columns
		for err == nil {
			var f []string
			if f, err = r.Read(); err != nil {
				break
			}
			p := partner{id: f[0], company: f[1], contact: f[2], phone: f[3], email: f[4], subdivision: region.Subdivision(f[6]), city: f[7], cityRu: f[8], manager: f[11]}
			bad := func(column int, field, why string) error {
				line, at := r.FieldPos(column)
				return &dedup.RowError{Line: line, Column: at, Field: field, Value: f[column], Why: why}
			}
			var fault error
			changed, e := date.ParseISO(f[5])
			if e != nil {
				fault = bad(5, "changed", s.T("must be a date like 2019-03-12", "должно быть датой вида 2019-03-12"))
			}
			p.changed = changed.MidnightUTC()
			for column, into := range map[int]*float64{9: &p.at.Lat, 10: &p.at.Lon} {
				if *into, e = strconv.ParseFloat(f[column], 64); e != nil {
					fault = bad(column, "lat, lon", s.T("must be degrees like 52.54", "должно быть градусами вида 52.54"))
				}
			}
			if !yield(p, fault) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(partner{}, err)
		}
	}
}

// A fakeBase is the old base, which goes on living: a table that somebody else owns.
type fakeBase struct{ s *show.Story }

type record struct {
	partner
	revision int
}

func (b fakeBase) fill(ctx context.Context, partners map[string]partner) error {
	if err := b.s.Exec(ctx, `create table if not exists tours_base (id text primary key, revision integer not null,
		company text not null, contact text not null, phone text not null, email text not null, changed text not null)`); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(partners)) {
		p := partners[id]
		if err := b.s.Exec(ctx, `insert into tours_base values ($1, 1, $2, $3, $4, $5, $6) on conflict (id) do nothing`,
			p.id, p.company, p.contact, p.phone, p.email, p.changed.Format(time.RFC3339)); err != nil {
			return err
		}
	}
	return nil
}

// write makes the next revision of a record.
func (b fakeBase) write(ctx context.Context, id, company, phone, email string) error {
	return b.s.Exec(ctx, `update tours_base set revision = revision + 1, company = $1, phone = $2, email = $3, changed = $4 where id = $5`,
		company, phone, email, b.s.Clock.Now().Format(time.RFC3339), id)
}

func (b fakeBase) all(ctx context.Context) (records []record, err error) {
	rows, err := b.s.Rows(ctx, `select id, revision, company, contact, phone, email, changed from tours_base order by id`)
	if err != nil {
		return nil, err
	}
	for _, f := range rows {
		r := record{partner: partner{id: f[0], company: f[2], contact: f[3], phone: f[4], email: f[5]}}
		if r.revision, err = strconv.Atoi(f[1]); err != nil {
			return nil, err
		}
		if r.changed, err = time.Parse(time.RFC3339, f[6]); err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// changed is what was changed since the export, record by record.
func (b fakeBase) changed(ctx context.Context) (handed []dedup.Touch, err error) {
	records, err := b.all(ctx)
	for _, r := range records {
		if r.revision > 1 {
			handed = append(handed, r.touch(strconv.Itoa(r.revision)))
		}
	}
	return handed, err
}
