package store_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/tenure-go/tenure/store"
)

// A counter is a store with one number, which fails a commit that was overtaken.
type counter struct {
	mu      sync.Mutex
	version int64
	n       int
}

func (c *counter) load() (n int, version int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n, c.version
}

func (c *counter) commit(n int, version int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version != c.version {
		return fmt.Errorf("counter: %w", store.ErrConflict)
	}
	c.n, c.version = n, version+1
	return nil
}

// Load, decide, commit, and again if another was faster: that is the whole of a desk's command.
func ExampleRetry() {
	var c counter
	var retry store.Retry
	visits := []store.Key{{Kind: "counter", ID: "visits"}}

	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			err := retry.Do(context.Background(), visits, func(ctx context.Context) error {
				n, version := c.load()
				return c.commit(n+1, version)
			})
			if err != nil {
				fmt.Println(err)
			}
		})
	}
	wg.Wait()
	fmt.Println(c.load())
	// Output: 10 10
}
