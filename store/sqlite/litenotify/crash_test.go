package litenotify_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/channel"
)

// A process that dies between claim, send and answer sends no step twice, and who takes over
// reaches the guest all the same.

var crashNoon = time.Date(2027, 6, 1, 12, 0, 0, 0, time.UTC)

// A gateway counts what it took by idempotency key; a key that it knows it does not send again.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	took map[string]int
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{took: map[string]int{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		key := r.Header.Get("Idempotency-Key")
		g.mu.Lock()
		g.took[key]++
		g.mu.Unlock()
		fmt.Fprintf(w, `{"id": "ext:%s"}`, key)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) times(key string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.took[key]
}

func crashRules() notify.Rules {
	text := []notify.Text{{Lang: "en", Body: "{text}"}}
	return notify.Rules{
		Channels: []notify.ChannelSpec{
			{ID: "whatsapp", Receipts: notify.LevelRead, Charge: notify.LevelDelivered},
			{ID: "sms", Receipts: notify.LevelDelivered},
			{ID: "site", Receipts: notify.LevelAccepted, Idempotent: true},
		},
		Categories: []notify.Category{{ID: "service"}},
		Plans: []notify.Plan{
			{ID: "person", Steps: []notify.Step{{Channel: "whatsapp", Within: 10 * time.Minute}, {Channel: "sms", Within: time.Hour}}},
			{ID: "site", Steps: []notify.Step{{Channel: "site", Until: notify.LevelAccepted, Within: time.Hour}}},
		},
		Templates: []notify.Template{
			{ID: "note", Category: "service", Plan: "person", Vars: []string{"text"}, Texts: text},
			{ID: "status", Category: "service", Plan: "site", Vars: []string{"text"}, Texts: text},
		},
	}
}

// A mortal channel kills its process before or after the message leaves.
type mortal struct {
	notify.Channel
	point string
}

func (m mortal) Send(ctx context.Context, o notify.Outgoing) notify.Receipt {
	if m.point == "claimed" {
		die()
	}
	r := m.Channel.Send(ctx, o)
	if m.point == "sent" {
		die()
	}
	return r
}

// die ends the process as a power cut does: nothing deferred runs.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}

func crashDesk(t *testing.T, file, url, point string, now func() time.Time) (*notify.Desk, notify.Due) {
	_, s := openFile(t, file)
	channels := map[notify.ChannelID]notify.Channel{}
	for _, spec := range crashRules().Channels {
		g, err := channel.NewGateway(channel.GatewayConfig{Channel: spec.ID, URL: url, Header: map[string]string{"Idempotency-Key": "{{.Key}}"}, Body: `{"text": {{json .Body}}}`, ID: "id"})
		require.NoError(t, err)
		channels[spec.ID] = mortal{g, point}
	}
	desk, err := notify.New(notify.Config{Store: s, Rules: crashRules(), Channels: channels, Now: now, Workers: 1})
	require.NoError(t, err)
	return desk, s
}

// TestDoomed is the child process of TestCrash; alone it has nothing to do but say so.
func TestDoomed(t *testing.T) {
	file, url, point := os.Getenv("TENURE_CRASH_FILE"), os.Getenv("TENURE_CRASH_URL"), os.Getenv("TENURE_CRASH_POINT")
	if file == "" {
		require.Empty(t, url+point, "half of a crash was asked for")
		return
	}
	desk, due := crashDesk(t, file, url, point, func() time.Time { return crashNoon })
	_, err := desk.Tick(t.Context(), due, 10)
	require.NoError(t, err)
	die()
}

func TestCrash(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	for _, c := range []struct {
		point           string
		template        notify.TemplateID
		first, afterAll int    // how often step 0 arrived: when the process died, and in the end
		next            int    // how often step 1 arrived in the end
		reached         string // by which channel in the end
	}{
		{point: "claimed", template: "note", first: 0, afterAll: 0, next: 1, reached: "sms"},
		{point: "sent", template: "note", first: 1, afterAll: 1, next: 1, reached: "sms"}, // unknown: not again, but on
		{point: "answered", template: "note", first: 1, afterAll: 1, next: 1, reached: "sms"},
		{point: "claimed", template: "status", first: 0, afterAll: 1, reached: "site"},
		{point: "sent", template: "status", first: 1, afterAll: 2, reached: "site"}, // the same key, which the site knows
		{point: "answered", template: "status", first: 1, afterAll: 1, reached: "site"},
	} {
		t.Run(c.point+" "+string(c.template), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			g := newGateway(t)
			file := filepath.Join(t.TempDir(), "office.db")
			now := crashNoon
			desk, due := crashDesk(t, file, g.URL, "", func() time.Time { return now })
			_, err := desk.Send(ctx, notify.Message{ID: "m", Template: c.template, Vars: map[string]string{"text": "x"},
				To: notify.Recipient{Addresses: map[notify.ChannelID]string{"whatsapp": "+7", "sms": "+7", "site": "flat-7"}}})
			require.NoError(t, err)

			child := exec.CommandContext(ctx, self, "-test.run", "^TestDoomed$")
			child.Env = append(os.Environ(), "TENURE_CRASH_FILE="+file, "TENURE_CRASH_URL="+g.URL, "TENURE_CRASH_POINT="+c.point)
			out, err := child.CombinedOutput()
			var died *exec.ExitError
			require.ErrorAs(t, err, &died, "%s", out)
			require.Equal(t, -1, died.ExitCode(), "it was to be killed: %s", out)
			require.Equal(t, c.first, g.times("m#0"))

			for range 10 { // another desk takes over, for as long as it takes
				_, err := desk.Tick(ctx, due, 10)
				require.NoError(t, err)
				if c.next > 0 && g.times("m#1") == 1 {
					require.NoError(t, desk.Receive(ctx, notify.Receipt{Channel: "sms", External: "ext:m#1", Level: notify.LevelDelivered}))
				}
				now = now.Add(time.Minute)
			}
			now = now.Add(10 * time.Minute)
			_, err = desk.Tick(ctx, due, 10)
			require.NoError(t, err)
			if c.next > 0 {
				require.NoError(t, desk.Receive(ctx, notify.Receipt{Channel: "sms", External: "ext:m#1", Level: notify.LevelDelivered}))
			}
			require.Equal(t, c.afterAll, g.times("m#0"))
			require.Equal(t, c.next, g.times("m#1"))
			d, err := desk.Delivery(ctx, "m")
			require.NoError(t, err)
			require.Equal(t, notify.StateReached, d.State)
			last := d.Steps[len(d.Steps)-1]
			require.Equal(t, c.reached, string(last.Channel))
			require.True(t, strings.HasPrefix(last.External, "ext:m#"))
		})
	}
}
