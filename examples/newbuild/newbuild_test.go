package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/showtest"
)

func TestMain(m *testing.M) { showtest.Main(m, program) }

func TestWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	facts := showtest.Whole(t, program, "-out", dir)
	for what, found := range map[string]string{
		"each inquiry lies on exactly one card":                                      "14 of 14",
		"each inquiry is kept as it came":                                            "14 of 14",
		"buyers without a manager, or with two":                                      "0 of 10",
		"answers after 30 s of working time, by plain arithmetic":                    "0 of 14, the slowest 28 s",
		"spellings: one word of the dictionary, or refused and kept":                 "36 and 2 of 38",
		"the day's new and repeated inquiries, by the file":                          "6 and 2",
		"hours left for showings, by plain arithmetic":                               "12 of 12",
		"showings that clash":                                                        "0 of 7",
		"a hold sent twice: hold, card, deal, number, message, own row, sites":       "1 1 1 1 1 1 2",
		"a hold rolled back: the same seven":                                         "0 0 0 0 0 0 0",
		"preempted, lapsed, promoted, sold, by the feed":                             "9 of 9",
		"flats shown otherwise than in the office, at any of five moments":           "0 of 720",
		"flats that an agency holds at once, by the feed":                            "2 of 2 agreed, 3 in all",
		"claims that stand after the dispute, South's alone":                         "1 of 2",
		"deals of agencies, each seen by one of them":                                "5 of 5",
		"flats held or sold twice at once, by the feed":                              "0 of 72 attempts",
		"flats held once and sold once in the rush":                                  "12 and 12 of 12",
		"agreement numbers of the day: doubled or left out":                          "0 of 12",
		"faults in the papers, by whose move it is":                                  "8: client 4, bank 2, registrar 1, accounts 1",
		"papers that name the buyer and have no blank":                               "3 of 3",
		"statuses as in the newest report, whatever came when":                       "3 of 3, from 9 reports",
		"hours on the bank's and on the registry's side":                             "52 and 95",
		"causes add up to fact less plan":                                            "55120328.44",
		"paid for the flats sold in this house, price by price":                      "123500000",
		"flats shown otherwise than in the office, at the end":                       "0 of 180",
		"holds without their deal, number, message or site, or these without a hold": "0 of 17",
		"messages that a buyer got twice":                                            "0 of 19",
	} {
		facts.Found(t, what, found)
	}
	for _, name := range []string{"newbuild.html", "contract.html", "escrow.pdf", "registration.pdf"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// The second run on one file sells a second house, and meets nothing of the first.
func TestAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "office.db")
	first, _, _ := showtest.Play(t, program(), 0, "-db", file)
	second, out, _ := showtest.Play(t, program(), 0, "-db", file, "-seed", "2")
	require.Contains(t, out, "run 2, seed 2")
	require.Len(t, second, len(first))
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "inquiries.csv")
	require.NoError(t, os.WriteFile(file, []byte(`at,channel,name,phone,email,complex,building,layout,text
2026-03-02 10:12,site,Anna,8 999 310-20-21,,North Park,2,studio,
yesterday,site,Boris,8 999 310-20-22,,North Park,2,studio,
2026-03-02 10:15,pigeon,Vera,8 999 310-20-23,,North Park,2,studio,
2031-03-02 10:16,site,Gleb,8 999 310-20-24,,North Park,2,studio,
2026-03-02 10:17,site,Dina
2026-03-02 23:18,whatsapp,,+7 999 310-20-21,,Nord Park,2,studio,again
`), 0o666))
	facts, out, errs := showtest.Play(t, program(), 0, "-in", file)
	facts.Found(t, "each inquiry lies on exactly one card", "2 of 2")
	facts.Found(t, "buyers without a manager, or with two", "0 of 1")
	require.Contains(t, out, "inquiries: 2; rows that cannot be read: 4")
	require.Contains(t, out, `"Nord Park" is not in the dictionary; nearest: North Park`)
	for _, line := range []string{
		`line 3, column 1: at "yesterday" must be a moment like 2026-03-02 21:40, by Moscow's clock`,
		`line 4, column 18: channel "pigeon" must be one of site, whatsapp, phone, mail, flats.example.org, agents.example.org`,
		`line 5, column 1: at "2031-03-02 10:16" is outside the years whose working days are known`,
		`line 6, column 1: phone "" is missing: the row is too short`,
		`a right row is ` + likeInquiry,
	} {
		require.Contains(t, errs, file+": "+line)
	}
	require.Equal(t, 5, strings.Count(errs, "\n"), errs)
}

// No spelling means two words, however it is written.
func TestDictionary(t *testing.T) {
	t.Parallel()
	for _, d := range []dictionary{complexes(), buildings(), layouts()} {
		for word, spellings := range d {
			for _, s := range spellings {
				for _, written := range []string{s, strings.ToUpper(s), " «" + s + "» ", strings.ReplaceAll(s, " ", "-")} {
					got, err := d.read(written)
					require.NoError(t, err, written)
					require.Equal(t, word, got, written)
				}
			}
		}
		_, err := d.read("xyzzy")
		var unknown *SpellingError
		require.ErrorAs(t, err, &unknown)
		require.Len(t, unknown.Nearest, 2)
		require.NotEqual(t, unknown.Text("en"), unknown.Text("ru"))
	}
}
