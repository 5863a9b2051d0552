package notify_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tenure-go/tenure/notify"
)

// newDesk is a desk over memory whose every channel accepts, at noon of the first of June 2026.
func newDesk() (*notify.Desk, *notify.Memory) {
	mem, every := notify.NewMemory(), &probe{}
	desk, err := notify.New(notify.Config{
		Store: mem, Rules: testRules(), Now: func() time.Time { return noon }, StopWords: []string{"STOP"},
		Channels: map[notify.ChannelID]notify.Channel{"whatsapp": every, "viber": every, "sms": every, "email": every, "site": every},
	})
	if err != nil {
		panic(err)
	}
	return desk, mem
}

func ExampleNew() {
	_, err := notify.New(notify.Config{Rules: testRules(), Store: notify.NewMemory(), Channels: map[notify.ChannelID]notify.Channel{"sms": &probe{}, "email": &probe{}, "site": &probe{}}})
	fmt.Println(err)
	// Output:
	// notify: channels[0]: no channel is configured for it: whatsapp
	// channels[1]: no channel is configured for it: viber
}

func ExampleCompile() {
	rules := testRules()
	rules.Plans[0].Steps[0].Within = 0
	_, err := notify.Compile(rules)
	fmt.Println(err)
	// Output:
	// notify: plans[0].steps[0].within: the number must be above zero: 0s
	// plans[0].steps[0].within: the provider would still try after the next step began: 30s, 0s
}

func ExampleEngine_Remind() {
	engine, _ := notify.Compile(testRules())
	stay := notify.Occasion{ID: "stay-1", Kind: "stay", Made: noon, Start: noon.AddDate(0, 0, 3), End: noon.AddDate(0, 0, 5)}
	for _, m := range engine.Remind(stay, noon) {
		fmt.Println(m.NotBefore.Format(time.DateTime), m.Template)
	}
	// Output:
	// 2026-06-01 12:00:00 received
	// 2026-06-03 12:00:00 check_in
	// 2026-06-06 09:00:00 check_in
}

func ExampleDesk_Send() {
	ctx := context.Background()
	desk, _ := newDesk()
	_, err := desk.Send(ctx, received("m-1"))
	fmt.Println(err)
	_, err = desk.Send(ctx, received("m-1")) // the same again is the same message
	fmt.Println(err)
	other := received("m-1")
	other.Vars["name"] = "Болат"
	_, err = desk.Send(ctx, other)
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// notify: message "m-1" exists with another vars: had map[name:Айгуль], got map[name:Болат]
}

func ExampleDesk_Tick() {
	ctx := context.Background()
	desk, mem := newDesk()
	_, _ = desk.Send(ctx, received("m-1"), received("m-2"))
	for {
		n, err := desk.Tick(ctx, mem, 100)
		fmt.Println(n, err)
		if n == 0 {
			break
		}
	}
	// Output:
	// 2 <nil>
	// 0 <nil>
}

func ExampleDesk_Delivery() {
	ctx := context.Background()
	desk, mem := newDesk()
	_, _ = desk.Send(ctx, received("m-1"))
	_, _ = desk.Tick(ctx, mem, 100)
	d, _ := desk.Delivery(ctx, "m-1")
	fmt.Println(d.State, d.Steps[0].Channel, d.Steps[0].Level, d.Wake.Format(time.TimeOnly))
	_, err := desk.Delivery(ctx, "m-2")
	fmt.Println(err)
	// Output:
	// pending whatsapp accepted 12:10:00
	// notify: no delivery "m-2"
}

func ExampleDesk_Receive() {
	ctx := context.Background()
	desk, mem := newDesk()
	_, _ = desk.Send(ctx, received("m-1"))
	_, _ = desk.Tick(ctx, mem, 100)
	_ = desk.Receive(ctx, notify.Receipt{Channel: "whatsapp", External: "ext:m-1#0", Level: notify.LevelRead})
	d, _ := desk.Delivery(ctx, "m-1")
	fmt.Println(d.State, d.Steps[0].Level, d.Steps[0].Amount, d.Steps[0].Currency)
	// Output: reached read 0.8 RUB
}

func ExampleDesk_Learn() {
	ctx := context.Background()
	desk, mem := newDesk()
	_ = desk.Learn(ctx, notify.Fact{Channel: "sms", Address: "+77011234567", Kind: notify.FactInbound, Text: "stop"})
	m := received("m-1")
	m.Template, m.Vars = "check_in", map[string]string{"name": "Aigul", "code": "4711"}
	m.To.Addresses = map[notify.ChannelID]string{"sms": "+77011234567"}
	_, _ = desk.Send(ctx, m)
	_, _ = desk.Tick(ctx, mem, 100)
	d, _ := desk.Delivery(ctx, "m-1")
	fmt.Println(d.State)
	for _, s := range d.Steps {
		fmt.Println(s.Channel, s.Skipped.Text("en"))
	}
	// Output:
	// dead
	// viber no address on this channel
	// whatsapp no address on this channel
	// sms the recipient has opted out (got 2026-06-01T12:00:00Z)
}

func ExampleDesk_Force() {
	ctx := context.Background()
	desk, mem := newDesk()
	_, _ = desk.Send(ctx, received("m-1"))
	_, _ = desk.Tick(ctx, mem, 100) // WhatsApp has it, and says no more
	d, err := desk.Force(ctx, notify.Force{ID: "m-1", Channel: "sms", By: "olga", Why: "she is at the door"})
	fmt.Println(d.Steps[1].Channel, d.Steps[1].Forced, d.Steps[1].Amount, err)
	// Output: sms true 2.5 <nil>
}

func ExampleDesk_Cancel() {
	ctx := context.Background()
	desk, _ := newDesk()
	_, _ = desk.Send(ctx, received("m-1"))
	d, err := desk.Cancel(ctx, notify.Cancel{ID: "m-1", By: "olga", Why: "wrong guest"})
	fmt.Println(d.State, err)
	// Output: cancelled <nil>
}

func ExampleReport() {
	ctx := context.Background()
	desk, mem := newDesk()
	_, _ = desk.Send(ctx, received("m-1"), received("m-2"))
	_, _ = desk.Tick(ctx, mem, 100)
	_ = desk.Receive(ctx, notify.Receipt{Channel: "whatsapp", External: "ext:m-1#0", Level: notify.LevelDelivered})
	all, _ := mem.Find(ctx, notify.Filter{}, "", 100)
	rows, _ := notify.Report(func(yield func(notify.Delivery, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	})
	for _, r := range rows {
		fmt.Println(r.Channel, r.Tried, r.Reached, r.Cost, r.Currency)
	}
	// Output: whatsapp 2 1 0.8 RUB
}
