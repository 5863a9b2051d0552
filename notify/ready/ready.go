// Package ready has rules for what five businesses send: a guest house, a seller of new flats, a
// tour operator, an agency and a hotel. They are rules.json beside this file, in the format of
// [notify.Read]: take them as they are, or copy the file and change it.
//
//	desk, err := notify.New(notify.Config{Rules: ready.Rules(), ...})
//
// Every template speaks English and Russian. The channels are whatsapp, viber, sms, email and site.
// The prices are samples: put in your provider's.
//
// # Occasions
//
//	inquiry            inquiry_received at once
//	hold               hold_expiring an hour before its end
//	stay               booking_number at once, check_in 24 h before (address, door code, Wi-Fi,
//	                   house rules), check_out 3 h before, feedback the day after
//	meeting            meeting_set at once, meeting_due 2 h before
//	viewing            viewing_confirmed at once
//	trip               voucher_letter two days before at 10:00, by e-mail
//	missed_call        missed_call at once: «Не смогли дозвониться»
//	missed_call_staff  missed_call_staff at once, by e-mail
//	day                daily_digest at 19:00, by e-mail
//	unit               unit_status at once, to a listing site
//
// An occasion carries the variables of all its templates; rules.json lists them.
package ready

import (
	"bytes"
	_ "embed"

	"github.com/tenure-go/tenure/notify"
)

//go:embed rules.json
var text []byte

// Rules returns the rules, the caller's to change.
func Rules() notify.Rules {
	r, err := notify.Read(bytes.NewReader(text))
	if err != nil {
		panic(err) // the file is compiled in, and read by the tests
	}
	return r
}
