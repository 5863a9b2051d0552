package show

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// A Story is what the chapters of one run share.
type Story struct {
	*Database
	Checks
	Clock *Clock
	W     io.Writer // the story, the same in every run
	Errs  io.Writer // bad input and whatever depends on the machine's speed
	Out   string    // a folder for pages and papers; "": none is written
	Lang  string    // "en" or "ru"
	Seed  uint64

	// Run counts the runs that this database has seen, from 1: begin the names of what a run
	// makes with it, so that the next one does not meet them. An interrupted run keeps its number
	// and Resumed is true, if the program says that it can go on; else the next is a new one.
	Run     int
	Resumed bool

	program       Program
	in, file, url string
	promises      string
	promised      *os.File
}

// T returns the text in the story's language.
func (s *Story) T(en, ru string) string {
	if s.Lang == "ru" {
		return ru
	}
	return en
}

// Say prints one line of the story, a format in English and in Russian for the same arguments.
func (s *Story) Say(en, ru string, args ...any) { fmt.Fprintf(s.W, s.T(en, ru)+"\n", args...) }

// Title prints the title of a chapter.
func (s *Story) Title(en, ru string) { fmt.Fprintf(s.W, "\n== %s ==\n", s.T(en, ru)) }

// Promise appends one line to the file of -promises. Call it when, and only when, a customer would
// be told: after the commit. A program killed at any later moment must keep what stands there.
func (s *Story) Promise(format string, args ...any) error {
	if s.promised == nil {
		return nil
	}
	_, err := fmt.Fprintf(s.promised, format+"\n", args...)
	return err
}

// Mark keeps a value of this run in the database, and Marked returns it, "" where there is none: how
// far the run has come.
func (s *Story) Mark(ctx context.Context, name, value string) error {
	return s.Exec(ctx, `insert into example_mark (program, run, name, value) values ($1, $2, $3, $4)
		on conflict (program, run, name) do update set value = excluded.value`, s.program.Name, s.Run, name, value)
}

// Marked returns what Mark kept.
func (s *Story) Marked(ctx context.Context, name string) (string, error) {
	rows, err := s.Rows(ctx, `select value from example_mark where program = $1 and run = $2 and name = $3`, s.program.Name, s.Run, name)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][0], nil
}

// The state of a run, as a mark.
const (
	markState   = "state"
	stateBegun  = "begun"
	statePlayed = "played"
)

// begin opens what the flags name and counts the run.
func (s *Story) begin(ctx context.Context) (err error) {
	if s.Database, err = openDatabase(ctx, s.file, s.url); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.end(false))
		}
	}()
	if s.promises != "" {
		if s.promised, err = os.OpenFile(s.promises, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666); err != nil {
			return &UsageError{err.Error()}
		}
	}
	if err := s.count(ctx); err != nil {
		return err
	}
	where := s.T("a temporary SQLite file", "временный файл SQLite")
	switch {
	case s.file != "":
		where = "SQLite, " + s.file
	case s.url != "":
		where = "PostgreSQL"
	}
	s.Say("%s: %s (run %d, seed %d, %s)", "%s: %s (запуск %d, зерно %d, %s)", s.program.Name, s.T(s.program.En, s.program.Ru), s.Run, s.Seed, where)
	return nil
}

func (s *Story) count(ctx context.Context) error {
	if err := s.Exec(ctx, `create table if not exists example_mark (
		program text not null, run integer not null, name text not null, value text not null, primary key (program, run, name))`); err != nil {
		return err
	}
	last, err := s.Rows(ctx, `select run, value from example_mark where program = $1 and name = $2 order by run desc limit 1`, s.program.Name, markState)
	if err != nil {
		return err
	}
	s.Run = 1
	if len(last) > 0 {
		n, err := strconv.Atoi(last[0][0])
		if err != nil {
			return err
		}
		s.Resumed = s.program.Resumes && last[0][1] == stateBegun
		if s.Run = n; !s.Resumed {
			s.Run++
		}
	}
	return s.Mark(ctx, markState, stateBegun)
}

func (s *Story) end(played bool) (err error) {
	if played {
		err = s.Mark(context.Background(), markState, statePlayed)
	}
	if s.promised != nil {
		err = errors.Join(err, s.promised.Close())
	}
	return errors.Join(err, s.Database.Close())
}
