package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type node struct {
	Text   string
	Count  int
	At     time.Time
	Due    *time.Time
	Zone   *time.Location
	Next   *node
	Kids   []node
	Names  []string
	Titles map[string]string
	Byname map[string]*node
	Any    any
	Fixed  [2]bool
	hidden *node
}

func TestSpoilReachesAllThatIsShared(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	due := noon
	leaf := node{Text: "leaf", Names: []string{"a", "b", "c"}}
	kid, named, held, hidden := leaf, &node{Text: "named"}, &node{Text: "held"}, &node{Text: "hidden"}
	kid.Names = leaf.Names[:1] // an append to it would overwrite b
	n := &node{
		Text: "root", Count: 3, At: noon, Due: &due, Zone: time.UTC,
		Kids: []node{kid}, Names: []string{"x"}, Titles: map[string]string{"en": "title"},
		Byname: map[string]*node{"n": named}, Any: held, Fixed: [2]bool{true, true}, hidden: hidden,
	}
	n.Next = n // a circle
	names, titles := n.Names, n.Titles

	spoil(n)
	require.Equal(t, "spoiled", n.Text)
	require.Zero(t, n.Count)
	require.Zero(t, n.At)
	require.Equal(t, [2]bool{}, n.Fixed)
	require.Equal(t, []string{"spoiled"}, names)
	require.Equal(t, []string{"spoiled", "spoiled", "spoiled"}, leaf.Names)
	require.Empty(t, titles)
	require.Equal(t, "spoiled", named.Text)
	require.Equal(t, "spoiled", held.Text)

	require.Equal(t, noon, due, "behind a pointer, a time may be everyone's")
	require.Equal(t, "UTC", time.UTC.String())
	require.Equal(t, "hidden", hidden.Text)
}
