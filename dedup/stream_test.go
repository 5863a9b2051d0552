package dedup

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/realdata"
)

// A record is a touch with the truth about it.
type record struct {
	touch  Touch
	person string
	phones []string // true ones
	email  string
}

func synthetic(t testing.TB) []record {
	rows, err := csv.NewReader(bytes.NewReader(realdata.Read(t, "dedup/synth_dev.csv.gz"))).ReadAll()
	require.NoError(t, err)
	records := make([]record, 0, len(rows)-1)
	for _, r := range rows[1:] {
		at, err := time.Parse(time.RFC3339, r[1])
		require.NoError(t, err)
		records = append(records, record{
			touch: Touch{ID: TouchID(r[0]), Received: at, Source: Source{Channel: r[2], Partner: PartnerID(r[3])},
				Name: r[4], Phone: r[5], Email: r[6]},
			person: r[7], phones: strings.Fields(r[8]), email: r[9],
		})
	}
	return records
}

func touchesOf(records []record) []Touch {
	t := make([]Touch, len(records))
	for i := range records {
		t[i] = records[i].touch
	}
	return t
}

// measures of a partition beside the truth, as the design defines them.
type measures struct {
	records, cards int
	reach, foreign float64 // per cent
	largest        int
}

func measure(records []record, groups [][]TouchID) measures {
	card := make(map[TouchID]int)
	m := measures{records: len(records), cards: len(groups)}
	for i, g := range groups {
		m.largest = max(m.largest, len(g))
		for _, id := range g {
			card[id] = i
		}
	}
	// Reachable: one person's records connected by a true phone or e-mail.
	parent := make(map[string]string)
	var find func(string) string
	find = func(s string) string {
		if p, ok := parent[s]; ok && p != s {
			root := find(p)
			parent[s] = root
			return root
		}
		return s
	}
	for _, r := range records {
		me := "r/" + string(r.touch.ID)
		values := r.phones
		if r.email != "" {
			values = append(values[:len(values):len(values)], r.email)
		}
		for _, v := range values {
			parent[find(me)] = find(r.person + "/" + v)
		}
	}
	cards := make(map[string]map[int]bool)
	persons := make([]map[string]int, len(groups))
	for _, r := range records {
		root := find("r/" + string(r.touch.ID))
		if cards[root] == nil {
			cards[root] = make(map[int]bool)
		}
		c := card[r.touch.ID]
		cards[root][c] = true
		if persons[c] == nil {
			persons[c] = make(map[string]int)
		}
		persons[c][r.person]++
	}
	extra, foreign := 0, 0
	for _, c := range cards {
		extra += len(c) - 1
	}
	for _, p := range persons {
		sum, most := 0, 0
		for _, n := range p {
			sum += n
			most = max(most, n)
		}
		foreign += sum - most
	}
	m.reach = 100 * float64(extra) / float64(len(groups))
	m.foreign = 100 * float64(foreign) / float64(len(records))
	return m
}

// thinned returns a reader whose list lacks every fifth given name, from offset on.
func thinned(t testing.TB, offset int) *Reader {
	var kept []string
	n := 0
	for line := range strings.SplitSeq(defaultNames, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if n%5 != offset {
			kept = append(kept, line)
		}
		n++
	}
	r, err := NewReader(ReaderConfig{Names: strings.NewReader(strings.Join(kept, "\n"))})
	require.NoError(t, err)
	return r
}

func TestStream(t *testing.T) {
	records := synthetic(t)
	touches := touchesOf(records)
	fmt.Printf("%-28s %8s %8s %12s %12s %10s\n", "synth_dev", "records", "cards", "reach ≤0.50", "foreign ≤1.0", "largest ≤20")
	check := func(title string, r *Reader) {
		groups, err := Partition(touches, nil, Config{Reader: r})
		require.NoError(t, err)
		m := measure(records, groups)
		fmt.Printf("%-28s %8d %8d %11.2f%% %11.2f%% %10d\n", title, m.records, m.cards, m.reach, m.foreign, m.largest)
		require.LessOrEqual(t, m.reach, 0.5, title)
		require.LessOrEqual(t, m.foreign, 1.0, title)
		require.LessOrEqual(t, m.largest, 20, title)
	}
	check("names as listed", nil)
	for offset := range 5 {
		check(fmt.Sprintf("without every fifth, from %d", offset), thinned(t, offset))
	}
}

// Law 1 on the stream: in time order, in three shuffles and with 64 writers at once the desk ends
// in the same cards.
func TestStreamOrders(t *testing.T) {
	t.Parallel()
	records := synthetic(t)[:streamRecords]
	touches := touchesOf(records)
	want, err := Partition(touches, nil, Config{})
	require.NoError(t, err)
	ids := idsOf(touches)
	check := func(title string, d *Desk, m *Memory, start time.Time) {
		took := time.Since(start)
		require.True(t, slices.EqualFunc(want, cardsOf(t, d, ids), slices.Equal), title)
		groups := make(map[CardID][]TouchID)
		for id, card := range fold(t, m) {
			groups[card] = append(groups[card], id)
		}
		require.True(t, slices.EqualFunc(want, sortedGroups(groups), slices.Equal), "the events of %s", title)
		t.Logf("%-16s %d records, the %d cards of Partition, %v", title, len(ids), len(want), took.Round(time.Millisecond))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i, title := range []string{"time order", "first shuffle", "second shuffle", "third shuffle"} {
		d, m := newDesk(t, Config{})
		if i > 0 {
			random.Shuffle(len(touches), func(i, j int) { touches[i], touches[j] = touches[j], touches[i] })
		}
		start := time.Now()
		for _, touch := range touches {
			_, err := d.Ingest(t.Context(), touch)
			require.NoError(t, err)
		}
		check(title, d, m, start)
	}
	d, m := newDesk(t, Config{})
	errs := make([]error, 64)
	var all sync.WaitGroup
	start := time.Now()
	for w := range errs {
		all.Go(func() {
			for i := w; i < len(touches) && errs[w] == nil; i += len(errs) {
				_, errs[w] = d.Ingest(t.Context(), touches[i])
			}
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	check("64 writers", d, m, start)
}
