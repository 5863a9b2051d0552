// Package show is what the example programs share, so that they read as one family: the flags, the
// database, the moving clock, the two languages, the reader of input files, and the table of checked
// facts at the end. A program says what is its own:
//
//	func main() { show.Main(program()) }
//
//	func program() show.Program {
//		return show.Program{
//			Name:  "tours",
//			Start: time.Date(2026, time.June, 1, 9, 0, 0, 0, time.UTC),
//			Chapters: []show.Chapter{
//				{En: "Reservations of a partner", Ru: "Брони партнёра", Play: reservations},
//			},
//		}
//	}
//
//	func reservations(ctx context.Context, s *show.Story) error {
//		desk, err := pipeline.New(pipeline.Config{Store: s.Pipeline, Rules: ready.Rules(), Now: s.Clock.Now})
//		...
//		s.Say("%d reservations came", "пришло броней: %d", n)
//		s.Add("each reservation is one case", "каждая бронь — одно дело", cases == n, "%d of %d", cases, n)
//		return nil
//	}
package show

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

// A Program is an example: chapters that are played one after another over one database.
type Program struct {
	Name     string
	En, Ru   string    // the business in one line
	Start    time.Time // where its clock begins
	Flags    func(*flag.FlagSet)
	Chapters []Chapter
	Resumes  bool // an interrupted run goes on under its number, see [Story.Run]
}

// A Chapter is one part of the story, under a title.
type Chapter struct {
	En, Ru string
	Play   func(context.Context, *Story) error
}

// A Result is what became of a run.
type Result struct {
	Status int // 0: all checks passed, 1: one or a store failed, 2: flags or input cannot be used, 130: interrupted
	Facts  []Fact
}

// A UsageError says that flags or input cannot be used: the program ends with status 2.
type UsageError struct{ Why string }

func (e *UsageError) Error() string { return e.Why }

// Main runs the program with the command line's arguments and exits. Ctrl-C ends it between two
// commands: what was committed stays.
func Main(p Program) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := p.Run(ctx, os.Args[1:], os.Stdout, os.Stderr).Status
	stop()
	os.Exit(status)
}

// Run plays the chapters and prints the table of facts. What depends on the speed of the machine
// is written to errs, so that out is the same in every run.
func (p Program) Run(ctx context.Context, args []string, out, errs io.Writer) Result {
	s := &Story{program: p, W: out, Errs: errs, Clock: NewClock(p.Start)}
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&s.in, "in", "", "a `file` of input, plain or .gz (default: the example's own)")
	flags.StringVar(&s.Out, "out", "", "write pages and papers into this `folder`")
	flags.StringVar(&s.file, "db", "", "keep everything in this SQLite `file` (default: a temporary one)")
	flags.StringVar(&s.url, "postgres", "", "keep everything in this PostgreSQL, a `URL`")
	flags.StringVar(&s.Lang, "lang", "en", "tell the story in English or Russian: `en or ru`")
	flags.Uint64Var(&s.Seed, "seed", 1, "of whatever is drawn")
	flags.StringVar(&s.promises, "promises", "", "append every promise to this `file` as soon as it is made")
	if p.Flags != nil {
		p.Flags(flags)
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return Result{Status: 0}
		}
		return Result{Status: 2}
	}
	err := s.play(ctx, flags)
	if err == nil {
		fmt.Fprintln(out)
		return Result{Status: s.Print(out, s.Lang), Facts: s.Facts()}
	}
	status := 1
	var usage *UsageError
	if errors.As(err, &usage) {
		status = 2
	}
	if ctx.Err() != nil {
		status = 130
		err = errors.New(s.T("interrupted; a temporary database is gone", "прервано; временной базы больше нет"))
		if s.file != "" || s.url != "" {
			err = errors.New(s.T("interrupted; what was promised is kept, and the same command goes on", "прервано; всё обещанное сохранено, та же команда продолжит"))
		}
	}
	fmt.Fprintf(errs, "%s: %s\n", p.Name, strings.Join(strings.Fields(err.Error()), " "))
	return Result{Status: status, Facts: s.Facts()}
}

func (s *Story) play(ctx context.Context, flags *flag.FlagSet) (err error) {
	switch {
	case s.Lang != "en" && s.Lang != "ru":
		return &UsageError{fmt.Sprintf("-lang %q: must be en or ru", s.Lang)}
	case flags.NArg() > 0:
		return &UsageError{fmt.Sprintf("%q is no flag; -help lists them", flags.Arg(0))}
	case s.file != "" && s.url != "":
		return &UsageError{"-db and -postgres: only one of them can keep the data"}
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end(err == nil)) }()
	for _, c := range s.program.Chapters {
		s.Title(c.En, c.Ru)
		if err := c.Play(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
