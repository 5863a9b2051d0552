// Package dedup measures package dedup beside what people use today: nyaruka/phonenumbers for
// reading a phone, union-find over equal identifiers for finding a person, and the same with a
// limit of five identifiers a profile, after which further ones are not joined.
package dedup

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/nyaruka/phonenumbers"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/internal/realdata"
)

// A record is a touch with the truth about it.
type record struct {
	dedup.Touch
	person string
	phones []string
	email  string
}

func synthetic(t testing.TB) []record {
	rows, err := csv.NewReader(bytes.NewReader(realdata.Read(t, "dedup/synth_dev.csv.gz"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	records := make([]record, 0, len(rows)-1)
	for _, r := range rows[1:] {
		at, err := time.Parse(time.RFC3339, r[1])
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record{Touch: dedup.Touch{ID: dedup.TouchID(r[0]), Received: at, Name: r[4], Phone: r[5], Email: r[6],
			Source: dedup.Source{Channel: r[2], Partner: dedup.PartnerID(r[3])}}, person: r[7], phones: strings.Fields(r[8]), email: r[9]})
	}
	return records
}

func clustered(t testing.TB, name string) []record {
	rows, err := csv.NewReader(bytes.NewReader(realdata.Read(t, name))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	records := make([]record, 0, len(rows)-1)
	for _, r := range rows[1:] {
		records = append(records, record{Touch: dedup.Touch{ID: dedup.TouchID(r[0]), Name: r[3], Phone: r[4], Email: r[5], Received: noon}, person: r[1]})
	}
	return records
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// A finder assigns each record a card.
type finder func(t testing.TB, records []record, region string) []int

func tenure(t testing.TB, records []record, region string) []int {
	reader, err := dedup.NewReader(dedup.ReaderConfig{Region: region})
	if err != nil {
		t.Fatal(err)
	}
	touches := make([]dedup.Touch, len(records))
	index := make(map[dedup.TouchID]int, len(records))
	for i, r := range records {
		touches[i] = r.Touch
		index[r.ID] = i
	}
	groups, err := dedup.Partition(touches, nil, dedup.Config{Reader: reader})
	if err != nil {
		t.Fatal(err)
	}
	cards := make([]int, len(records))
	for c, g := range groups {
		for _, id := range g {
			cards[index[id]] = c
		}
	}
	return cards
}

// identifiers reads a record as the peers do: phonenumbers in E.164 and the e-mail in lower case.
func identifiers(r *record, region string) []string {
	var ids []string
	if p, err := phonenumbers.Parse(r.Phone, region); err == nil && phonenumbers.IsValidNumber(p) {
		ids = append(ids, phonenumbers.Format(p, phonenumbers.E164))
	}
	if e := strings.ToLower(strings.TrimSpace(r.Email)); strings.Contains(e, "@") {
		ids = append(ids, e)
	}
	return ids
}

// unionFind joins records with an equal identifier; a profile takes limit identifiers at most, 0:
// any number.
func unionFind(limit int) finder {
	return func(t testing.TB, records []record, region string) []int {
		parent := make([]int, len(records))
		has := make([][]string, len(records)) // identifiers of the profile, at its root
		var find func(int) int
		find = func(i int) int {
			if parent[i] != i {
				parent[i] = find(parent[i])
			}
			return parent[i]
		}
		owner := make(map[string]int)
		for i := range records {
			parent[i] = i
			for _, id := range identifiers(&records[i], region) {
				a := find(i)
				if o, ok := owner[id]; ok {
					b := find(o)
					all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(has[a], has[b], []string{id}))))
					if a != b && (limit == 0 || len(all) <= limit) {
						parent[a] = b
						has[b] = all
					}
					continue
				}
				if limit == 0 || len(has[a]) < limit {
					owner[id] = i
					has[a] = append(has[a], id)
				}
			}
		}
		cards := make([]int, len(records))
		for i := range cards {
			cards[i] = find(i)
		}
		return cards
	}
}

var peers = []struct {
	name string
	find finder
}{{"tenure/dedup", tenure}, {"union-find", unionFind(0)}, {"union-find, 5 a profile", unionFind(5)}}

// quality of the generated stream: reachable duplicates and records on a stranger's card, in per
// cent, and the largest card.
func quality(records []record, cards []int) (reach, foreign float64, largest int) {
	parent := make(map[string]string)
	var find func(string) string
	find = func(s string) string {
		if p, ok := parent[s]; ok && p != s {
			parent[s] = find(p)
			return parent[s]
		}
		return s
	}
	for _, r := range records {
		values := r.phones
		if r.email != "" {
			values = append(slices.Clip(values), r.email)
		}
		for _, v := range values {
			parent[find("r/"+string(r.ID))] = find(r.person + "/" + v)
		}
	}
	of := make(map[string]map[int]bool)
	persons := make(map[int]map[string]int)
	for i, r := range records {
		root := find("r/" + string(r.ID))
		if of[root] == nil {
			of[root] = make(map[int]bool)
		}
		of[root][cards[i]] = true
		if persons[cards[i]] == nil {
			persons[cards[i]] = make(map[string]int)
		}
		persons[cards[i]][r.person]++
	}
	extra, strangers := 0, 0
	for _, c := range of {
		extra += len(c) - 1
	}
	for _, p := range persons {
		sum, most := 0, 0
		for _, n := range p {
			sum, most = sum+n, max(most, n)
		}
		largest, strangers = max(largest, sum), strangers+sum-most
	}
	return 100 * float64(extra) / float64(len(persons)), 100 * float64(strangers) / float64(len(records)), largest
}

// pairs returns the precision and recall of pairs.
func pairs(records []record, cards []int) (precision, recall float64) {
	var joined, right, true_ float64
	for i := range records {
		for j := range i {
			same := records[i].person == records[j].person
			if same {
				true_++
			}
			if cards[i] == cards[j] {
				joined++
				if same {
					right++
				}
			}
		}
	}
	return right / joined, right / true_
}

func TestDedupQuality(t *testing.T) {
	records := synthetic(t)
	t.Logf("%-26s %10s %10s %10s", "synth_dev, 100,000 records", "reach-dup", "foreign", "largest")
	for _, p := range peers {
		reach, foreign, largest := quality(records, p.find(t, records, "RU"))
		t.Logf("%-26s %9.2f%% %9.2f%% %10d", p.name, reach, foreign, largest)
		if p.name == peers[0].name && (reach > 0.5 || foreign > 1 || largest > 20) {
			t.Errorf("beyond the limits: 0.5 %%, 1 %%, 20")
		}
	}
	restaurants := clustered(t, "dedup/restaurants.csv")
	for i := range restaurants {
		restaurants[i].Name = "" // a company's, which is no person's name
	}
	for _, set := range []struct {
		name              string
		records           []record
		precision, recall float64
	}{{"restaurants, 864", restaurants, .88, .96}, {"fake_1000", clustered(t, "dedup/fake_1000.csv"), 1, .30}} {
		t.Logf("%-26s %10s %10s", set.name, "precision", "recall")
		for _, p := range peers {
			precision, recall := pairs(set.records, p.find(t, set.records, "US"))
			t.Logf("%-26s %10.3f %10.3f", p.name, precision, recall)
			if p.name == peers[0].name && (precision < set.precision || recall < set.recall) {
				t.Errorf("%s: below %.2f, %.2f", set.name, set.precision, set.recall)
			}
		}
	}
}

// The hand-made persons: traps in phones and e-mails, without truth.
func TestDedupSenzing(t *testing.T) {
	var records []record
	for i, line := range bytes.Split(bytes.TrimSpace(realdata.Read(t, "dedup/senzing_customers.jsonl")), []byte("\n")) {
		var row struct {
			RECORD_ID string
			FEATURES  []map[string]any
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		r := record{Touch: dedup.Touch{ID: dedup.TouchID(row.RECORD_ID), Received: noon.Add(time.Duration(i) * time.Hour)}}
		for _, f := range row.FEATURES {
			text := func(k string) string { s, _ := f[k].(string); return s }
			if n := strings.TrimSpace(text("NAME_FIRST") + " " + text("NAME_LAST") + text("NAME_FULL")); n != "" && r.Name == "" {
				r.Name = n
			}
			if p := text("PHONE_NUMBER"); p != "" {
				r.Identifiers = append(r.Identifiers, dedup.Identifier{Kind: dedup.KindPhone, Raw: p})
			}
			if e := text("EMAIL_ADDRESS"); e != "" {
				r.Identifiers = append(r.Identifiers, dedup.Identifier{Kind: dedup.KindEmail, Raw: e})
			}
		}
		records = append(records, r)
	}
	cards := tenure(t, records, "US")
	size := make(map[int]int)
	of := make(map[string]int)
	for i, r := range records {
		size[cards[i]]++
		of[string(r.ID)] = cards[i]
	}
	for _, r := range records {
		role := slices.ContainsFunc(r.Identifiers, func(id dedup.Identifier) bool {
			return strings.EqualFold(id.Raw, "info@ca-state.gov") || strings.EqualFold(id.Raw, "kusha123@hmail.com")
		})
		if role && len(r.Identifiers) == 1 && size[of[string(r.ID)]] != 1 {
			t.Errorf("%s with %v lies with %d others", r.ID, r.Identifiers, size[of[string(r.ID)]]-1)
		}
	}
	for _, pair := range [][2]string{{"1061", "1062"}, {"1059", "1060"}} {
		if of[pair[0]] != of[pair[1]] {
			t.Errorf("%v are two cards", pair)
		}
	}
	t.Logf("senzing_customers: %d records, %d cards", len(records), len(size))
}

// A phone is read and written as E.164.
func BenchmarkDedupPhone(b *testing.B) {
	texts := []string{"8 (916) 123-45-67", "+79161234567", "9161234567", "8-916-123-45-67"}
	reader, err := dedup.NewReader(dedup.ReaderConfig{})
	if err != nil {
		b.Fatal(err)
	}
	var ours, theirs time.Duration
	b.Run("tenure", func(b *testing.B) {
		b.ReportAllocs()
		var buf [4]dedup.Phone
		i := 0
		for b.Loop() {
			reader.Phones(buf[:0], texts[i&3])
			i++
		}
		ours = b.Elapsed() / time.Duration(b.N)
	})
	b.Run("phonenumbers", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			p, err := phonenumbers.Parse(texts[i&3], "RU")
			if err != nil {
				b.Fatal(err)
			}
			_ = phonenumbers.Format(p, phonenumbers.E164)
			i++
		}
		theirs = b.Elapsed() / time.Duration(b.N)
	})
	if ours > 0 && b.N > 0 {
		b.Logf("ratio: %.0f times as fast as phonenumbers", float64(theirs)/float64(ours))
	}
}

// All 100,000 records of the stream, in one go.
func BenchmarkDedupFind(b *testing.B) {
	records := synthetic(b)
	for _, p := range peers {
		b.Run(strings.ReplaceAll(p.name, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				p.find(b, records, "RU")
			}
			b.ReportMetric(float64(b.N)*float64(len(records))/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// The desk over the store in memory, one touch after another on one core. The payload of a touch is
// what was given: the Touch value and the bytes of its texts.
func BenchmarkDedupIngest(b *testing.B) {
	records := synthetic(b)
	ctx := context.Background()
	payload := 0
	for i := range records {
		t := &records[i].Touch
		payload += len(t.ID) + len(t.Name) + len(t.Phone) + len(t.Email) + len(t.Source.Channel) + len(t.Source.Partner)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var m *dedup.Memory
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return float64(s.HeapAlloc)
	}
	var retained, texts float64
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		m = nil
		before := heap()
		m = dedup.NewMemory()
		desk, err := dedup.New(dedup.Config{Store: m})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for i := range records {
			if _, err := desk.Ingest(ctx, records[i].Touch); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		retained = (heap() - before) / float64(len(records))
		texts = float64(payload) / float64(len(records))
		rounds++
		b.StartTimer()
	}
	b.ReportMetric(float64(rounds*len(records))/b.Elapsed().Seconds(), "touches/s")
	b.ReportMetric(retained-texts, "B/touch-besides-texts")
	b.ReportMetric(retained-texts-float64(unsafe.Sizeof(dedup.Touch{})), "B/touch-besides-payload")
	b.Logf("%.0f B a touch in all, of which %.0f B are its texts", retained, texts)
	runtime.KeepAlive(m)
}
