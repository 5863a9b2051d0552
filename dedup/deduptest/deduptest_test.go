package deduptest_test

import (
	"testing"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/dedup/deduptest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	deduptest.TestStore(t, func(*testing.T) dedup.Store { return dedup.NewMemory() })
}

func TestMemoryFeed(t *testing.T) {
	t.Parallel()
	deduptest.TestFeed(t, func(*testing.T) (dedup.Store, dedup.Feed) { m := dedup.NewMemory(); return m, m })
}

func TestMemoryFind(t *testing.T) {
	t.Parallel()
	deduptest.TestFind(t, func(*testing.T) (dedup.Store, dedup.Finder) { m := dedup.NewMemory(); return m, m })
}
