package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/showtest"
)

func TestWhole(t *testing.T) {
	t.Parallel()
	facts := showtest.Whole(t, program)
	facts.Found(t, "each line of the register is taken or reported", "6 and 0 of 6")
	facts.Found(t, "each row's first and last number is in the plan", "6 of 6 rows")
	facts.Found(t, "each deal has the region and the branch that the story names", "8 of 8")
	facts.Found(t, "the ambiguous deal was left alone", "0 of its fields written")
	facts.Found(t, "sales per branch and city add up", "8 deals, 6325000 RUB")
	facts.Found(t, "hotels: each call comes to its topic and channel", "5 of 5")
	facts.Found(t, "flats: each call comes to its topic and channel", "4 of 4")
	facts.Found(t, "no order of the visits is shorter", "665 km, the best of all orders 665 km")
}

// A faulty row is told with its place, the rest goes on; and the plan that comes of it opens again,
// also on a database that an earlier run has used.
func TestOwnRegister(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, plan, db := filepath.Join(dir, "DEF.csv"), filepath.Join(dir, "ru.plan"), filepath.Join(dir, "region.db")
	require.NoError(t, os.WriteFile(file, append(madeUp, "914;7000000;69x;1;A;-;Амурская область;0\n914;9\n"...), 0o666))
	facts, out, errs := showtest.Play(t, program(), 0, "-in", file, "-compile", plan, "-db", db)
	facts.Found(t, "each line of the register is taken or reported", "6 and 2 of 8")
	require.Contains(t, errs, `DEF.csv: line 8: to "69x": not a number`)
	require.Contains(t, errs, `DEF.csv: line 9: columns "914;9": missing`)
	require.Contains(t, errs, "DEF.csv: 2 rows cannot be read; a right row is 914;4300000;")
	require.Contains(t, out, "written: "+plan)
	facts, _, _ = showtest.Play(t, program(), 0, "-in", plan, "-db", db)
	facts.Found(t, "the packed plan says the same", "0 of 6 ranges differ")

	for name, content := range map[string]string{"cut.plan": "no plan", "page.csv": "<html>", "empty.csv": ""} {
		broken := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(broken, []byte(content), 0o666))
		_, _, errs := showtest.Play(t, program(), 2, "-in", broken)
		require.Contains(t, errs, name+": ")
	}
	showtest.Play(t, program(), 2, "-in", filepath.Join(dir, "absent.csv"))
}
