package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/showtest"
)

func TestWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	facts := showtest.Whole(t, program, "-out", dir)
	facts.Found(t, "the next numbers of 8 June 2021, by stage and by hand", "01080621 02080621 03080621")
	facts.Found(t, "each reservation is one case, opened once", "12 of 12")
	facts.Found(t, "each field is that of the newest revision", "0 of 120 differ")
	facts.Found(t, "the file again, shuffled, changes nothing", "0 fields in 25 deliveries")
	facts.Found(t, "the dry run foresaw the import", "23 new, 2 known, 2 unreadable")
	facts.Found(t, "all that we wrote came back as an echo", "3 of 3")
	facts.Found(t, "nothing is written because of an echo", "3, 0, 0 records in three nights")
	facts.Found(t, "each voucher prints whole as HTML and PDF, twice alike", "3 of 3")
	facts.Found(t, "forty at once: no double, no hole", "0 doubles, 0 holes of 40 numbers")
	facts.Found(t, "another day: a new number, linked both ways", "02080621 and 01090621")
	facts.Found(t, "each search finds what a look through the feed finds", "8 of 8")
	facts.Found(t, "each agency of the regions is visited once", "19 visits")
	for _, what := range []string{
		"letters for void vouchers: 0", "every live voucher's letter left", "no letter left twice", "each letter carries the voucher in force",
		"no order of the visits is shorter", "visits per manager as the histories tell them", "sales by representative are what the database adds up",
	} {
		require.True(t, facts[what].OK, what)
	}

	for _, name := range []string{"01080621.html", "01080621.pdf", "02080621.pdf", "03080621.html", "03080621.pdf", "sales.html"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// A second run on one file meets what the first left: the base is known, and the numbers go on.
func TestAgain(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "tours.db")
	showtest.Play(t, program(), 0, "-db", db)
	facts, _, _ := showtest.Play(t, program(), 0, "-db", db, "-seed", "2")
	facts.Found(t, "the dry run foresaw the import", "0 new, 25 known, 2 unreadable")
	require.NotEqual(t, "01080621 02080621 03080621", facts["the next numbers of 8 June 2021, by stage and by hand"].Found)
	require.True(t, facts["all that we wrote came back as an echo"].OK)
}

// What cannot be read is told with its place and its reason, and the rest goes on.
func TestBadInput(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "in.csv")
	head, _, _ := strings.Cut(ownReservations, "\n")
	good := "S-1,1,P-01,WEISS EVA,weiss@mail.example.org,olkhon,2021-06-20,2021-06-22,2,48000.00,RUB,IKT,paid,"
	require.NoError(t, os.WriteFile(file, []byte(strings.Join([]string{
		head, good,
		strings.Replace(good, "2021-06-20", "June", 1),
		strings.Replace(good, "48000.00", "48,000", 1),
		strings.Replace(good, "2021-06-22", "2021-06-19", 1),
		strings.Replace(good, "WEISS EVA", "王", 1),
		strings.Replace(good, "S-1", "", 1),
		strings.Replace(good, "paid", "half", 1),
		strings.Replace(good, "48000.00", "48000.001", 1),
		"S-1,2",
		strings.Replace(strings.Replace(good, "S-1,1", "S-2,1", 1), "2021-06-20,2021-06-22", "2019-01-20,2019-01-22", 1),
	}, "\n")), 0o666))
	facts, _, errs := showtest.Play(t, program(), 0, "-in", file)
	facts.Found(t, "unreadable rows are reported, the rest is taken", "2 taken, 8 reported")
	facts.Found(t, "each reservation is one case, opened once", "2 of 2")
	require.Contains(t, errs, `in.csv: line 3, column 52: start "June" must be a date like 2027-06-15`)
	require.Contains(t, errs, `in.csv: line 5, column 63: end "2021-06-19" must not lie before start`)
	require.Contains(t, errs, "in.csv: a right row is R-101,1,P-01,IVANOVA ANNA")

	require.NoError(t, os.WriteFile(file, []byte("a,b\n1,2\n"), 0o666))
	_, _, errs = showtest.Play(t, program(), 2, "-in", file)
	require.Contains(t, errs, "the column reservation is missing")
}
