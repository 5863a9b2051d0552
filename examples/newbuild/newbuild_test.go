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
	require.Len(t, facts, 34)
}

// The second house in one file, and an interrupted one, meet nothing of the first.
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
	require.Contains(t, out, "2 inquiries came, 4 rows could not be read")
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
