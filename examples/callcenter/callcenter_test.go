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
	facts.Found(t, "a dialled number decides group, city and topic", "280 of 280 dials, each number in several spellings")
	facts.Found(t, "who is on duty, hour by hour, in six time zones", "0 of 8064 answers differ")
	facts.Found(t, "all of the group on duty ring, and nobody else", "3 of 12 agents")
	facts.Found(t, "calls that two agents own", "0 of 20, 240 attempts")
	facts.Found(t, "the queue shows all who wait, the oldest first", "5")
	facts.Found(t, "a missed call: a letter to each of the group, a text to the caller", "3 letters, 1 text")
	facts.Found(t, "the news read twice, as after a crash: nothing is sent twice", "0 sent again")
	facts.Found(t, "the second call joins the first: one card, one case", "2 calls on the card")
	facts.Found(t, "the head may take a call over, an agent may not", "Anna, Nina")
	facts.Found(t, "timecards agree with a count minute by minute", "0 of 84 days differ")
	facts.Found(t, "accepted, outgoing, missed of each group are those of the exchange's log", "0 of 4 groups differ")
	facts.Found(t, "accepted and outgoing of each agent are those of the exchange's log", "0 of 13 rows differ")
	require.True(t, facts["the cost of the texts is the SMS centre's bill"].OK)
	require.GreaterOrEqual(t, len(facts), 24)
}

func TestSecondRunOnOneFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "calls.db")
	first, _, _ := showtest.Play(t, program(), 0, "-db", file)
	second, out, _ := showtest.Play(t, program(), 0, "-db", file)
	require.Contains(t, out, "run 2")
	require.Equal(t, first, second)
}

// A user's own numbers: broken rows are told with line, column and reason, and the rest is played.
func TestOwnNumbersWithBrokenRows(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "numbers.csv")
	write := func(rows ...string) {
		require.NoError(t, os.WriteFile(file, []byte("topic,number,group,city,region,channel\n"+strings.Join(rows, "\n")+"\n"), 0o666))
	}
	write("tickets,8 (495) 555-70-01,Театр,Москва,RU-MOW,афиша",
		"tickets,12,Театр,Москва,RU-MOW,афиша",
		"tickets,+74955557001,Театр,Москва,RU-MOW,афиша",
		"tickets,+74955557002,two words,Москва,RU-MOW,афиша",
		"tickets,+74955557003,Театр,Москва,nowhere,афиша",
		"tickets,+74955557004")
	facts, out, errs := showtest.Play(t, program(), 0, "-in", file)
	facts.Found(t, "a dialled number decides group, city and topic", "4 of 4 dials, each number in several spellings")
	require.Contains(t, out, "Numbers: 1, groups: 1, rows that cannot be read: 5.")
	for _, said := range []string{
		`line 3, column 9: number "12" must be one telephone number`,
		`line 4, column 9: number "+74955557001" stands in an earlier row already`,
		`line 5, column 22: group "two words" must be one word`,
		`line 6, column 46: region "nowhere" must be a code like RU-KDA, or empty together with the city`,
		`line 7, column 1: group "" is missing: the row is too short`,
		`a right row is +7 862 555-10-01,sea,family,Sochi,RU-KDA,site`,
	} {
		require.Contains(t, errs, file+": "+said)
	}

	write("tickets,12,Театр,Москва,RU-MOW,афиша")
	showtest.Play(t, program(), 2, "-in", file)
	showtest.Play(t, program(), 2, "-in", file+".absent")
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	showtest.Interrupted(t, program, "== The queue ==")
}
