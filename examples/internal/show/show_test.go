package show_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/examples/internal/showtest"
)

func one(resumes bool, play func(context.Context, *show.Story) error) show.Program {
	return show.Program{Name: "one", En: "a test", Ru: "проверка", Start: time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC), Resumes: resumes,
		Chapters: []show.Chapter{{En: "First", Ru: "Первая", Play: play}}}
}

func TestWholeOnEveryStore(t *testing.T) {
	t.Parallel()
	facts := showtest.Whole(t, func() show.Program {
		return one(false, func(ctx context.Context, s *show.Story) error {
			desk, err := booking.New(booking.Config{Store: s.Booking, Now: s.Clock.Now})
			if err != nil {
				return err
			}
			if err := s.Exec(ctx, `create table lead (id text primary key)`); err != nil {
				return err
			}
			unit := booking.UnitID("flat-12")
			give := func(fails error) error {
				return s.InTx(ctx, func(tx show.Tx) error {
					if _, err := desk.In(tx.Booking).Do(ctx, booking.Define{Unit: booking.Unit{ID: unit}}); err != nil {
						return err
					}
					return errors.Join(tx.Exec(`insert into lead values ($1)`, "lead-71"), fails)
				})
			}
			failed := errors.New("no")
			if err := give(failed); !errors.Is(err, failed) {
				return fmt.Errorf("got %v", err)
			}
			rows, err := s.Rows(ctx, `select id from lead`)
			if err != nil {
				return err
			}
			s.Add("rolled back", "отменено", len(rows) == 0, "%d", len(rows))
			if err := give(nil); err != nil {
				return err
			}
			rows, err = s.Rows(ctx, `select id from lead`)
			s.Say("%d lead", "заявок: %d", len(rows))
			s.Add("committed", "записано", len(rows) == 1, "%d", len(rows))
			return err
		})
	})
	facts.Found(t, "rolled back", "0")
	facts.Found(t, "committed", "1")
}

func TestStatus(t *testing.T) {
	t.Parallel()
	fact := func(ok bool) show.Program {
		return one(false, func(_ context.Context, s *show.Story) error {
			s.Add("holds", "верно", ok, "")
			return nil
		})
	}
	showtest.Play(t, fact(true), 0)
	_, out, _ := showtest.Play(t, fact(false), 1, "-lang", "ru")
	require.Contains(t, out, "не сошлось 1 проверок из 1")
	showtest.Play(t, one(false, func(context.Context, *show.Story) error { return nil }), 1) // no fact is no success
	_, _, errs := showtest.Play(t, fact(true), 2, "-lang", "de")
	require.Equal(t, "one: -lang \"de\": must be en or ru\n", errs)
	_, _, errs = showtest.Play(t, fact(true), 2, "-db", "a", "-postgres", "b")
	require.Equal(t, "one: -db and -postgres: only one of them can keep the data\n", errs)
	showtest.Play(t, fact(true), 2, "left over")
	showtest.Play(t, fact(true), 2, "-nonesuch")
	showtest.Play(t, fact(true), 0, "-help")

	_, _, errs = showtest.Play(t, fact(true), 1, "-postgres", "postgres://127.0.0.1:1/none")
	require.Equal(t, 1, strings.Count(errs, "\n"), errs)
	require.Contains(t, errs, "without -db and -postgres a temporary SQLite file will do")
	_, _, errs = showtest.Play(t, fact(true), 1, "-db", filepath.Join(t.TempDir(), "absent", "x.db"))
	require.Equal(t, 1, strings.Count(errs, "\n"), errs)
}

func TestInterruptedRunGoesOn(t *testing.T) {
	t.Parallel()
	for _, resumes := range []bool{true, false} {
		file := filepath.Join(t.TempDir(), "one.db")
		promises := filepath.Join(t.TempDir(), "promises")
		ctx, interrupt := context.WithCancel(t.Context())
		var out, errs bytes.Buffer
		res := one(resumes, func(ctx context.Context, s *show.Story) error {
			if err := s.Mark(ctx, "day", "1"); err != nil {
				return err
			}
			if err := s.Promise("flat-12 to %s", "anna"); err != nil {
				return err
			}
			interrupt()
			return ctx.Err()
		}).Run(ctx, []string{"-db", file, "-promises", promises}, &out, &errs)
		require.Equal(t, 130, res.Status)
		require.Equal(t, "one: interrupted; what was promised is kept, and the same command goes on\n", errs.String())
		text, err := os.ReadFile(promises)
		require.NoError(t, err)
		require.Equal(t, "flat-12 to anna\n", string(text))

		again := one(resumes, func(ctx context.Context, s *show.Story) error {
			day, err := s.Marked(ctx, "day")
			if err != nil {
				return err
			}
			s.Add("goes on", "продолжает", s.Resumed == (day == "1"), "run %d, day %q", s.Run, day)
			return nil
		})
		want := map[bool]string{true: `run 1, day "1"`, false: `run 2, day ""`}[resumes]
		facts, _, _ := showtest.Play(t, again, 0, "-db", file)
		facts.Found(t, "goes on", want)
		facts, _, _ = showtest.Play(t, again, 0, "-db", file)
		facts.Found(t, "goes on", map[bool]string{true: `run 2, day ""`, false: `run 3, day ""`}[resumes])
	}
}

func TestReadKeepsWhatItCan(t *testing.T) {
	t.Parallel()
	reading := func(own string) show.Program {
		return one(false, func(_ context.Context, s *show.Story) error {
			sum := 0
			right, bad, err := s.Read(own, "2027-06-15,2,blue", []string{"day", "nights", "colour"}, func(r *show.Row) {
				day, n, _ := r.Date("day"), r.Int("nights", 1, 9), r.OneOf("colour", "blue", "red")
				if r.OK() && day != 0 && r.Line() > 0 {
					sum += n
				}
			})
			s.Add("read", "прочтено", err == nil, "%d right, %d bad, %d nights", right, bad, sum)
			return err
		})
	}
	head := "nights,day,colour,more\n"
	facts, _, errs := showtest.Play(t, reading(head+"2,2027-06-15,blue,x\nmany,2027-06-16,red,x\n3,2027-06-17\n1,yesterday,red,x\n\"4,5\n"), 0)
	facts.Found(t, "read", "1 right, 4 bad, 2 nights")
	require.Equal(t, `the example's own input: line 3, column 1: nights "many" must be a whole number from 1 to 9
the example's own input: line 4, column 1: colour "" is missing: the row is too short
the example's own input: line 5, column 3: day "yesterday" must be a date like 2027-06-15
the example's own input: line 6, column 6: extraneous or missing " in quoted-field
the example's own input: a right row is 2027-06-15,2,blue
`, errs)

	facts, _, errs = showtest.Play(t, reading(head+"1,2027-06-15,blue\n"+strings.Repeat("0,2027-06-15,blue\n", 30)), 0, "-lang", "ru")
	facts.Found(t, "read", "1 right, 30 bad, 1 nights")
	require.Contains(t, errs, "и ещё строк, которые не прочесть: 10")

	for _, broken := range []string{"", "day,nights\n", head, head + "0,2027-06-15,blue\n", "\xff"} {
		showtest.Play(t, reading(broken), 2)
	}
	showtest.Play(t, reading(""), 2, "-in", filepath.Join(t.TempDir(), "absent"))

	file := filepath.Join(t.TempDir(), "in.csv.gz")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte("\ufeff" + head + "7,2027-06-15,red\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(file, packed.Bytes(), 0o666))
	facts, _, _ = showtest.Play(t, reading(""), 0, "-in", file)
	facts.Found(t, "read", "1 right, 0 bad, 7 nights")
	require.NoError(t, os.WriteFile(file, packed.Bytes()[:20], 0o666))
	showtest.Play(t, reading(""), 2, "-in", file)
}

func TestOwnFlags(t *testing.T) {
	t.Parallel()
	rooms := 100
	p := one(false, func(_ context.Context, s *show.Story) error {
		s.Add("rooms", "номера", rooms == 7, "%d", rooms)
		return s.File("a/page.html", []byte("x"))
	})
	p.Flags = func(f *flag.FlagSet) { f.IntVar(&rooms, "rooms", 100, "") }
	dir := t.TempDir()
	facts, _, _ := showtest.Play(t, p, 0, "-rooms", "7", "-out", dir)
	facts.Found(t, "rooms", "7")
	require.FileExists(t, filepath.Join(dir, "a", "page.html"))
}
