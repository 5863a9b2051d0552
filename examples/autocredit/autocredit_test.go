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
	facts := showtest.Whole(t, program)
	facts.Found(t, "each form leads to its pipeline", "17 of 17")
	facts.Found(t, "the region is what the register's rows say of the number", "8 of 8 numbers")
	facts.Found(t, "a meeting place written by hand stays", "1 of 1; the office's address in 11 deals")
	facts.Found(t, "one name on one number is one contact", "17 leads, 13 contacts, 0 doubled")
	facts.Found(t, "no contact has two open deals in one pipeline", "0 of 14 deals")
	facts.Found(t, "every button does what it shows, pressed for a trial", "0 of 81 do not")
	facts.Found(t, "a sale is copied to the credit of its city, whose people are called in", "3 of 3 cities")
	facts.Found(t, "the pricer sets the price until the documents, and not after", "price 1450000")
	facts.Found(t, "nobody but the head finishes a deal", "0 by others; 6 moves, 2 deals closed")
	facts.Found(t, "of those who want one hour one gets it", "21 meetings for 21 hours wanted, 90 requests")
	facts.Found(t, "no two meetings of an office overlap, and a quarter of an hour lies between", "0 of 108 pairs, 27 meetings")
	facts.Found(t, "each is reached on the first of WhatsApp, Viber, SMS that he has", "6 of 6")
	facts.Found(t, "delivered but unread is shown to the manager", "Boris")
	facts.Found(t, "the cost counted is the network's bill", "33.30 RUB, billed 33.30")
	facts.Found(t, "30 seconds of work run over the eve, the holiday and the weekend", "15 Jun 09:00:15")
	facts.Found(t, "nobody on vacation gets a lead", "0, 6, 6")
	facts.Found(t, "every history folds to its deal", "57 of 57")
	require.GreaterOrEqual(t, len(facts), 28)
}

func TestSecondRunOnOneFile(t *testing.T) {
	t.Parallel()
	file, pages := filepath.Join(t.TempDir(), "deals.db"), t.TempDir()
	first, _, _ := showtest.Play(t, program(), 0, "-db", file)
	second, out, _ := showtest.Play(t, program(), 0, "-db", file, "-out", pages)
	require.Contains(t, out, "run 2")
	require.Equal(t, first, second)
	require.FileExists(t, filepath.Join(pages, "autocredit.html"))
	drawn, err := os.ReadFile(filepath.Join(pages, "deal.mmd"))
	require.NoError(t, err)
	require.Contains(t, string(drawn), "stateDiagram-v2")
}

// A user's own leads: broken rows are told with line, column and reason, and the rest is played.
func TestOwnLeadsWithBrokenRows(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "leads.csv")
	write := func(rows ...string) {
		require.NoError(t, os.WriteFile(file, []byte("phone,name,form,city,place\n"+strings.Join(rows, "\n")+"\n"), 0o666))
	}
	write("8 914 430-00-77,Ольга,auto,,",
		",Ольга,auto,,",
		"24-00-00,Ольга,auto,,",
		"8 914 430-00-78,Ольга,lease,,",
		"8 914 430-00-79,Ольга,auto,moscow,",
		"8 914 430-00-80,Ольга",
		"+7 (914) 430-00-77,Ольга,auto,,у клиента")
	facts, _, errs := showtest.Play(t, program(), 0, "-in", file)
	facts.Found(t, "each form leads to its pipeline", "2 of 2")
	facts.Found(t, "one name on one number is one contact", "2 leads, 1 contacts, 0 doubled")
	for _, said := range []string{
		`line 3, column 1: phone "" must be one telephone number with its area code`,
		`line 4, column 1: phone "24-00-00" must be one telephone number with its area code`,
		`line 5, column 28: form "lease" must be one of auto, credit, buyout, question`,
		`line 6, column 33: city "moscow" must be one of , irkutsk, chita, blagoveshchensk`,
		`line 7, column 1: form "" is missing: the row is too short`,
		`a right row is Anna,8 (3952) 20-10-01,auto,,`,
	} {
		require.Contains(t, errs, file+": "+said)
	}

	write("24-00-00,Ольга,auto,,")
	showtest.Play(t, program(), 2, "-in", file)
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	showtest.Interrupted(t, program, "== Meetings ==")
}
