package notifytest_test

import (
	"testing"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/notifytest"
)

func TestMemory(t *testing.T) {
	notifytest.TestStore(t, func(*testing.T) notify.Store { return notify.NewMemory() })
}

func TestMemoryDue(t *testing.T) {
	notifytest.TestDue(t, func(*testing.T) (notify.Store, notify.Due) { m := notify.NewMemory(); return m, m })
}

func TestMemoryFeed(t *testing.T) {
	notifytest.TestFeed(t, func(*testing.T) (notify.Store, notify.Feed) { m := notify.NewMemory(); return m, m })
}

func TestMemoryFind(t *testing.T) {
	notifytest.TestFind(t, func(*testing.T) (notify.Store, notify.Finder) { m := notify.NewMemory(); return m, m })
}
