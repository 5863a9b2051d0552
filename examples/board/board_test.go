package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
)

// seeded is a house that was seeded once for all tests; each works on a copy of its file.
var seeded = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "board-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "house.db")
	h, err := openHouse(context.Background(), file, 7, "en")
	if err != nil {
		return nil, err
	}
	if err := h.close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// A board is a house that is being served.
type board struct {
	*house
	url string
}

func newBoard(t testing.TB) *board {
	image, err := seeded()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "house.db")
	require.NoError(t, os.WriteFile(file, image, 0o600))
	h, err := openHouse(t.Context(), file, 7, "en")
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- newServer(h, "en").serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		require.NoError(t, h.close())
	})
	return &board{h, "http://" + l.Addr().String()}
}

// get returns a page's text.
func (b *board) get(t testing.TB, path string, header ...string) (int, string) {
	return b.send(t, http.MethodGet, path, nil, header...)
}

func (b *board) post(t testing.TB, path string, form url.Values, header ...string) (int, string) {
	return b.send(t, http.MethodPost, path, strings.NewReader(form.Encode()), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}

func (b *board) send(t testing.TB, method, path string, body io.Reader, header ...string) (int, string) {
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, body)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, policy, res.Header.Get("Content-Security-Policy"), path)
	return res.StatusCode, string(text)
}

// freeDays finds a flat with so many free days in a row, near enough to be on the screen, after the
// day before them is free too.
func (b *board) freeDays(t testing.TB, days int) (unit booking.UnitID, first date.Date) {
	now := b.clock.Now()
	for _, cal := range b.view.calendars(0, 12, now) {
		for d := today(now) + 1; d < today(now)+16; d++ {
			span, err := booking.Nights(d, d+date.Date(days))
			require.NoError(t, err)
			if places, known := cal.Free(span); known && places == 1 {
				return cal.Unit.ID, d
			}
		}
	}
	t.Fatal("no flat is free")
	return "", 0
}
