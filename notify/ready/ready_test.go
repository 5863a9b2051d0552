package ready_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/ready"
)

func TestRulesAreClean(t *testing.T) {
	t.Parallel()
	require.Empty(t, notify.Check(ready.Rules()))
}

// sample is a plausible value for each variable.
var sample = map[string]string{
	"name": "Айгуль", "place": "Лесной дом", "until": "12:00", "number": "01080626", "from": "8 июня", "to": "15 июня",
	"address": "ул. Абая, 5", "code": "4711", "wifi": "forest", "wifi_password": "pine2026", "rules": "не шуметь после 22:00",
	"link": "https://example.com/f/1", "when": "8 июня в 15:00", "where": "офис на Абая, 5", "manager": "Ольга", "phone": "+77270000000",
	"client": "Болат", "deal": "71", "day": "8 июня", "summary": "3 заезда, 2 выезда", "unit": "flat-7", "status": "held",
}

var everywhere = map[notify.ChannelID]string{"whatsapp": "+77011234567", "viber": "+77011234567", "sms": "+77011234567", "email": "a@example.com", "site": "flat-7"}

// Every template goes out in both languages on every channel of its plan, in the script of its
// language, with its variables in it.
func TestEveryTextGoesOut(t *testing.T) {
	t.Parallel()
	rules := ready.Rules()
	e, err := notify.Compile(rules)
	require.NoError(t, err)
	now := time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)
	texts := 0
	for _, tpl := range rules.Templates {
		for _, lang := range []string{"en", "ru"} {
			m := notify.Message{ID: "m", Template: tpl.ID, To: notify.Recipient{Lang: lang, Addresses: everywhere}, Vars: map[string]string{}}
			for _, name := range tpl.Vars {
				require.Contains(t, sample, name)
				m.Vars[name] = sample[name]
			}
			d, _, err := e.Start(m, nil, now)
			require.NoError(t, err)
			for _, s := range d.Steps {
				require.Nil(t, s.Skipped, "%s, %s: %v", tpl.ID, s.Channel, s.Skipped)
			}
			for range len(d.Steps) {
				var out *notify.Outgoing
				d, out, _ = e.Advance(d, nil, now)
				require.NotNil(t, out)
				texts++
				require.NotContains(t, out.Body, "{")
				if out.Channel == "email" {
					require.NotEmpty(t, out.Subject)
				}
				if out.Channel == "whatsapp" {
					require.NotEmpty(t, out.Approved)
				}
				if lang == "ru" && tpl.ID != "unit_status" {
					require.True(t, slices.ContainsFunc([]rune(out.Body), func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }))
				}
				d, _ = e.Receive(d, notify.Receipt{ID: "m", Step: out.Step, Failed: notify.FailureUnreachable}, now)
			}
		}
	}
	t.Logf("%d texts of %d templates", texts, len(rules.Templates))
	require.Greater(t, texts, 60)
}

// The moments that the list promises.
func TestMoments(t *testing.T) {
	t.Parallel()
	e, err := notify.Compile(ready.Rules())
	require.NoError(t, err)
	made := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	start, end := time.Date(2026, 6, 8, 11, 0, 0, 0, time.UTC), time.Date(2026, 6, 15, 7, 0, 0, 0, time.UTC)
	for kind, want := range map[string][]string{
		"inquiry":           {"inquiry_received 2026-06-01 12:00"},
		"hold":              {"hold_expiring 2026-06-15 09:00"},
		"stay":              {"booking_number 2026-06-01 12:00", "check_in 2026-06-07 14:00", "check_out 2026-06-15 07:00", "feedback 2026-06-16 12:00"},
		"meeting":           {"meeting_set 2026-06-01 12:00", "meeting_due 2026-06-08 12:00"},
		"viewing":           {"viewing_confirmed 2026-06-01 12:00"},
		"trip":              {"voucher_letter 2026-06-06 10:00"},
		"missed_call":       {"missed_call 2026-06-01 12:00"},
		"missed_call_staff": {"missed_call_staff 2026-06-01 12:00"},
		"day":               {"daily_digest 2026-06-08 19:00"},
		"unit":              {"unit_status 2026-06-01 12:00"},
	} {
		t.Run(kind, func(t *testing.T) {
			moscow, err := time.LoadLocation("Europe/Moscow")
			require.NoError(t, err)
			var got []string
			for _, m := range e.Remind(notify.Occasion{ID: "x", Kind: kind, Made: made, Start: start, End: end, Vars: sample, To: notify.Recipient{Addresses: everywhere}}, made) {
				got = append(got, string(m.Template)+" "+m.NotBefore.In(moscow).Format("2006-01-02 15:04"))
				_, _, err := e.Start(m, nil, made)
				require.NoError(t, err)
			}
			require.Equal(t, want, got)
		})
	}
}

func ExampleRules() {
	rules := ready.Rules()
	rules.Zone = "Asia/Almaty"
	e, err := notify.Compile(rules)
	if err != nil {
		panic(err)
	}
	start := time.Date(2026, 6, 8, 0, 0, 0, 0, time.FixedZone("+05", 5*60*60))
	trip := notify.Occasion{ID: "01080626#1", Kind: "trip", Start: start, Vars: map[string]string{"name": "Aigul", "number": "01080626", "from": "8 June", "to": "15 June"}}
	for _, m := range e.Remind(trip, start.AddDate(0, 0, -7)) {
		fmt.Println(m.Template, m.NotBefore.In(start.Location()).Format(time.RFC822Z))
	}
	// Output: voucher_letter 06 Jun 26 10:00 +0500
}
