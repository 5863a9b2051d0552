package notifytest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store/storetest"
)

// A Mood is how the far end of a channel behaves.
type Mood int

const (
	Accepts Mood = iota // takes what it is sent
	Busy                // says: not now
	Refuses             // says: not this message, or not this recipient
	Denies              // says: not for you
	Hangs               // takes the message and never answers
	Cuts                // takes the message and cuts the connection instead of answering
	Away                // nobody listens
)

var moods = []string{"accepts", "busy", "refuses", "denies", "hangs", "cuts", "away"}

// String returns the mood's name.
func (m Mood) String() string { return moods[m] }

// A Far end is a channel with the provider that a test has put behind it.
type Far struct {
	Channel notify.Channel
	Address string     // one that it takes
	Took    func() int // messages it took, also those it did not answer
}

// TestChannel runs every case for a channel. open is called anew for each: it starts a far end in
// that mood and has it stopped by t.Cleanup. can lists the moods there are; Accepts must be one.
func TestChannel(t *testing.T, open func(t testing.TB, m Mood) Far, can ...Mood) {
	t.Helper()
	storetest.RunCases(t, ChannelCases(func(m Mood) Far { return open(t, m) }, can...))
}

// ChannelCases are what TestChannel runs.
func ChannelCases(open func(Mood) Far, can ...Mood) []storetest.Case {
	able := map[Mood]bool{}
	for _, m := range can {
		able[m] = true
	}
	var cases []storetest.Case
	add := func(m Mood, name, rule string, run func(context.Context, Far) error) {
		if able[m] {
			cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error { return run(ctx, open(m)) }})
		}
	}
	add(Accepts, "accepts", "what the provider took is at least accepted, has not failed, and was sent once", func(ctx context.Context, f Far) error {
		r, err := send(ctx, f, outgoing(f, 0), time.Minute)
		if err == nil && (r.Level < notify.LevelAccepted || r.Failed != notify.FailureNone) {
			err = fmt.Errorf("got %+v", r)
		}
		return errors.Join(err, took(f, 1))
	})
	for _, no := range []struct {
		mood Mood
		want []notify.Failure
	}{
		{Busy, []notify.Failure{notify.FailureBusy}},
		{Refuses, []notify.Failure{notify.FailureRefused, notify.FailureUnreachable}},
		{Denies, []notify.Failure{notify.FailureDenied}},
	} {
		add(no.mood, no.mood.String(), "a clear no is said as it is, and nothing is sent", func(ctx context.Context, f Far) error {
			r, err := send(ctx, f, outgoing(f, 0), time.Minute)
			if err == nil && (r.Level != notify.LevelUnknown || !slices.Contains(no.want, r.Failed)) {
				err = fmt.Errorf("got %+v, want one of %v", r, no.want)
			}
			return errors.Join(err, took(f, 0))
		})
	}
	unsure := func(ctx context.Context, f Far) error {
		r, err := send(ctx, f, outgoing(f, 0), 300*time.Millisecond)
		if err == nil && (r.Level != notify.LevelUnknown || r.Failed != notify.FailureNone) {
			err = fmt.Errorf("got %+v for a message that may have been sent, want Level and Failed zero", r)
		}
		return errors.Join(err, took(f, 1))
	}
	add(Hangs, "hangs", "Send returns by the deadline, unsure, and does not send again", unsure)
	add(Cuts, "cuts", "a connection cut instead of an answer is unsure, and is not sent again", unsure)
	add(Away, "away", "nothing was sent: not accepted, and not for good", func(ctx context.Context, f Far) error {
		r, err := send(ctx, f, outgoing(f, 0), time.Minute)
		if err == nil && (r.Level != notify.LevelUnknown || r.Failed > notify.FailureBusy) {
			err = fmt.Errorf("got %+v", r)
		}
		return errors.Join(err, took(f, 0))
	})
	add(Accepts, "line breaks", "a line break in an address or a subject is refused, not sent", func(ctx context.Context, f Far) error {
		for _, spoil := range []func(*notify.Outgoing){
			func(o *notify.Outgoing) { o.Address += "\r\nBcc: other@example.com" },
			func(o *notify.Outgoing) { o.Address += "\nx" },
			func(o *notify.Outgoing) { o.Subject += "\r\nX-Evil: 1" },
		} {
			o := outgoing(f, 0)
			spoil(&o)
			r, err := send(ctx, f, o, time.Minute)
			if err == nil && (r.Failed == notify.FailureNone || r.Level != notify.LevelUnknown) {
				err = fmt.Errorf("got %+v for %q, %q", r, o.Address, o.Subject)
			}
			if err := errors.Join(err, took(f, 0)); err != nil {
				return err
			}
		}
		return nil
	})
	add(Accepts, "a done context", "under a done context nothing is sent", func(ctx context.Context, f Far) error {
		done, cancel := context.WithCancel(ctx)
		cancel()
		r, err := send(done, f, outgoing(f, 0), time.Minute)
		if err == nil && r.Level != notify.LevelUnknown {
			err = fmt.Errorf("got %+v", r)
		}
		return errors.Join(err, took(f, 0))
	})
	add(Accepts, "hostile texts", "any text is sent or refused, without a panic, once at most", func(ctx context.Context, f Far) error {
		for i, text := range []string{"", "\x00\xff", `"}],{"`, "\r\n.\r\nQUIT\r\n", strings.Repeat("ы", 1<<16), "{{.Key}}", "<script>&"} {
			o := outgoing(f, i)
			o.Body, o.Vars = text, map[string]string{"name": text}
			before := f.Took()
			if _, err := send(ctx, f, o, time.Minute); err != nil {
				return err
			}
			if n := f.Took() - before; n > 1 {
				return fmt.Errorf("%q was taken %d times", text, n)
			}
		}
		return nil
	})
	add(Accepts, "what it was given", "the message, its variables and attachments stay the caller's", func(ctx context.Context, f Far) error {
		o, twin := outgoing(f, 0), outgoing(f, 0)
		_, err := send(ctx, f, o, time.Minute)
		if err == nil && !reflect.DeepEqual(o, twin) {
			err = fmt.Errorf("it was %+v, is %+v", twin, o)
		}
		return err
	})
	add(Accepts, "many at once", "Send is safe for concurrent use, and each message has an ID of its own", func(ctx context.Context, f Far) error {
		const n = 16
		var wait sync.WaitGroup
		receipts := make([]notify.Receipt, n)
		failed := make([]error, n)
		for i := range n {
			wait.Go(func() { receipts[i], failed[i] = send(ctx, f, outgoing(f, i), time.Minute) })
		}
		wait.Wait()
		seen := map[string]bool{}
		for i, r := range receipts {
			if r.Level < notify.LevelAccepted {
				failed = append(failed, fmt.Errorf("message %d: %+v", i, r))
			}
			if r.External != "" && seen[r.External] {
				failed = append(failed, fmt.Errorf("two messages are %q", r.External))
			}
			seen[r.External] = true
		}
		return errors.Join(append(failed, took(f, n))...)
	})
	return cases
}

// outgoing is a message with something in every field.
func outgoing(f Far, n int) notify.Outgoing {
	return notify.Outgoing{
		ID: notify.MessageID(fmt.Sprintf("stay-%d|in", n)), Step: 1, Channel: "probe", Address: f.Address, Subject: "Заезд завтра", Body: "Код 4711.\nЖдём вас.",
		Vars: map[string]string{"code": "4711"}, TTL: time.Hour, Thread: "stay", Rev: 3,
		Attach: []notify.Attachment{{Name: "правила.txt", MediaType: "text/plain", Ref: "rules"}}, Data: [][]byte{[]byte("Не шуметь.")},
	}
}

// send calls the channel and waits for it a while longer than it may take.
func send(ctx context.Context, f Far, o notify.Outgoing, within time.Duration) (notify.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	answer := make(chan notify.Receipt, 1)
	go func() { answer <- f.Channel.Send(ctx, o) }()
	select {
	case r := <-answer:
		return r, nil
	case <-time.After(within + patience):
		return notify.Receipt{}, fmt.Errorf("Send did not return %v after its deadline", patience)
	}
}

// patience is how much longer than its deadline a Send may take on a busy machine.
const patience = 10 * time.Second

func took(f Far, want int) error {
	if got := f.Took(); got != want {
		return fmt.Errorf("the far end took %d messages, want %d", got, want)
	}
	return nil
}
