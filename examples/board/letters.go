package main

import (
	"strings"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
)

// What the house says follows from occasions: an inquiry, a hold, a stay. They are posted in the
// transaction of what they tell of, and again when it changes.

// holdLetter is the reminder that a hold ends soon.
func holdLetter(r booking.Reservation, to notify.Recipient, name string) notify.Occasion {
	return notify.Occasion{ID: "hold|" + string(r.ID), Kind: "hold", Rev: r.Rev, Made: r.Since, End: r.Deadline, To: to,
		Cancelled: r.State != booking.StateHeld,
		Vars: map[string]string{"name": name, "place": string(r.Claims[0].Unit),
			"until": r.Deadline.In(location(to.Zone)).Format("02.01 15:04")}}
}

// stayLetters are the letters of a confirmed stay: its number, the way in, the way out.
func stayLetters(r booking.Reservation, u booking.Unit, to notify.Recipient, name string) notify.Occasion {
	in, out := u.Stay(r.Claims[0].Span)
	o := notify.Occasion{ID: "stay|" + string(r.ID), Kind: "stay", Rev: r.Rev, Made: r.Since, Start: in, End: out, Zone: u.Zone, To: to,
		Cancelled: r.State.Ended(),
		Vars: map[string]string{"name": name, "place": string(u.ID), "number": string(r.ID),
			"from": wall(in, u.Zone), "to": wall(out, u.Zone), "until": wall(out, u.Zone),
			"address": "Irkutsk, Naberezhnaya 7", "code": strings.TrimPrefix(string(u.ID), "flat-") + "#", "wifi": "Tenure House", "wifi_password": "angara-2026",
			"rules": "https://house.example/rules", "link": "https://house.example/r/" + string(r.ID)}}
	return o
}

// inquiryLetter thanks for an inquiry.
func inquiryLetter(deal pipeline.CaseID, to notify.Recipient, name string, now time.Time) notify.Occasion {
	return notify.Occasion{ID: "inquiry|" + string(deal) + "|" + now.Format("0102150405"), Kind: "inquiry", Made: now, To: to,
		Vars: map[string]string{"name": name, "place": "Tenure House"}}
}

func wall(t time.Time, zone string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(location(zone)).Format("02.01 15:04")
}

func location(zone string) *time.Location {
	if l, err := time.LoadLocation(zone); err == nil {
		return l
	}
	return time.UTC
}
