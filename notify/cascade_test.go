package notify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store"
)

func storeCursor(s string) store.Cursor { return store.Cursor(s) }

func start(t testing.TB, e *notify.Engine, m notify.Message, known ...notify.Fact) notify.Delivery {
	t.Helper()
	d, _, err := e.Start(m, known, noon)
	require.NoError(t, err)
	return d
}

func BenchmarkAdvance(b *testing.B) {
	for _, tpl := range []notify.TemplateID{"received", "offer"} {
		b.Run(string(tpl), func(b *testing.B) {
			e := compiled(b)
			m := received("m-1")
			m.Template = tpl
			known := []notify.Fact{
				{Channel: "whatsapp", Address: "+77011234567", Kind: notify.FactConsent, At: noon},
				{Channel: "viber", Address: "+77011234567", Kind: notify.FactConsent, At: noon},
				{Channel: "sms", Address: "+77011234567", Kind: notify.FactConsent, At: noon}}
			d := start(b, e, m, known...)
			b.ReportAllocs()
			for b.Loop() {
				if _, out, _ := e.Advance(d, known, noon); out == nil {
					b.Fatal("nothing to send")
				}
			}
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	e := compiled(b)
	d, out, _ := e.Advance(start(b, e, received("m-1")), nil, noon)
	r := notify.Receipt{ID: out.ID, Step: out.Step, Channel: out.Channel, Level: notify.LevelDelivered, External: "wamid.1", At: noon.Add(time.Second)}
	b.ReportAllocs()
	for b.Loop() {
		if _, ev := e.Receive(d, r, noon.Add(time.Second)); len(ev) == 0 {
			b.Fatal("no effect")
		}
	}
}
