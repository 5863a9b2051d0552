package booking

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What the errors of this package unwrap to.
var (
	ErrTaken    = errors.New("booking: unit is taken")
	ErrRefused  = errors.New("booking: refused")
	ErrClock    = errors.New("booking: calendar's clock is ahead")
	ErrMismatch = errors.New("booking: known with other content")
	ErrStale    = errors.New("booking: changed meanwhile")
	ErrUnknown  = errors.New("booking: unknown")
	ErrInvalid  = errors.New("booking: invalid")
	ErrConfig   = errors.New("booking: configuration")
)

// A TakenError says who is in the way, and when the unit is free next.
type TakenError struct {
	Unit UnitID `json:"unit"`
	Span Span   `json:"span"`           // what was asked
	By   []Ref  `json:"by"`             // who is in the way
	Free int    `json:"free"`           // places left over the whole span
	Next Span   `json:"next,omitempty"` // the next span as long that is free; zero if none is in sight
}

func (e *TakenError) Error() string { return "booking: " + e.Text("en") }
func (e *TakenError) Unwrap() error { return ErrTaken }

// Text says it in a language: "en" or "ru".
func (e *TakenError) Text(lang string) string {
	by := make([]string, 0, 4)
	for i, r := range e.By {
		if i == 3 {
			by = append(by, "…")
			break
		}
		by = append(by, string(r.ID))
	}
	if lang == "ru" {
		text := fmt.Sprintf("%s занят на %s, свободных мест %d", e.Unit, e.Span, e.Free)
		if len(by) > 0 {
			text += ", занимают: " + strings.Join(by, ", ")
		}
		if !e.Next.Empty() {
			text += fmt.Sprintf("; ближайшее свободное: %s", e.Next)
		}
		return text
	}
	text := fmt.Sprintf("%s is taken on %s, places left %d", e.Unit, e.Span, e.Free)
	if len(by) > 0 {
		text += ", by " + strings.Join(by, ", ")
	}
	if !e.Next.Empty() {
		text += fmt.Sprintf("; next free: %s", e.Next)
	}
	return text
}

// A Code names a reason.
type Code string

const (
	CodeMinStay Code = "min_stay" // fewer nights than the unit's rule
	CodeMaxStay Code = "max_stay" // more nights than the unit's rule
	CodeNotice  Code = "notice"   // too near to the arrival
	CodePast    Code = "past"     // begins before now
	CodeClosed  Code = "closed"   // the unit takes nothing new
	CodeMaxHold Code = "max_hold" // longer than the unit lets a hold last
	CodeEarly   Code = "early"    // the day of arrival has not come
	CodeState   Code = "state"    // the reservation is in a state that the command does not fit
)

// A Reason is one part of a "no".
type Reason struct {
	Code  Code   `json:"code"`
	Unit  UnitID `json:"unit,omitempty"`
	Limit string `json:"limit,omitempty"` // what would pass
	Got   string `json:"got,omitempty"`   // what was asked
}

var reasonTexts = map[Code][2]string{
	CodeMinStay: {"{unit} takes stays of {limit} nights or more, not {got}", "{unit}: не меньше {limit} ночей, запрошено {got}"},
	CodeMaxStay: {"{unit} takes stays of up to {limit} nights, not {got}", "{unit}: не больше {limit} ночей, запрошено {got}"},
	CodeNotice:  {"{unit} must be asked for by {limit}, it is {got}", "{unit}: просить можно до {limit}, сейчас {got}"},
	CodePast:    {"{unit} can be had from {limit}, not from {got}", "{unit}: можно с {limit}, запрошено с {got}"},
	CodeClosed:  {"{unit} takes nothing new", "{unit} закрыт для новых броней"},
	CodeMaxHold: {"{unit} can be held until {limit}, not until {got}", "{unit}: держать можно до {limit}, запрошено до {got}"},
	CodeEarly:   {"{unit}: arrival is on {limit}, today is {got}", "{unit}: заезд {limit}, сегодня {got}"},
	CodeState:   {"it is {got}, and would have to be {limit}", "состояние {got}, а нужно {limit}"},
}

// Text says it in a language: "en" or "ru".
func (r Reason) Text(lang string) string {
	texts, ok := reasonTexts[r.Code]
	if !ok {
		return string(r.Code)
	}
	text, limit, got := texts[0], r.Limit, r.Got
	if lang == "ru" {
		text = texts[1]
		if r.Code == CodeState {
			limit, got = stateText(limit), stateText(got)
		}
	}
	return strings.NewReplacer("{unit}", string(r.Unit), "{limit}", limit, "{got}", got).Replace(text)
}

var statesRu = map[string]string{"queued": "в очереди", "held": "удержано", "confirmed": "подтверждено", "checked_in": "заселено",
	"checked_out": "выехал", "blocked": "закрыто", "expired": "истекло", "cancelled": "отменено", "no_show": "не приехал"}

// stateText translates a list of states.
func stateText(states string) string {
	list := strings.Split(states, ", ")
	for i, s := range list {
		if ru, ok := statesRu[s]; ok {
			list[i] = ru
		}
	}
	return strings.Join(list, ", ")
}

// A RefusedError lists every reason against a command that does not lie in want of room.
type RefusedError struct {
	Ref         Ref          `json:"ref"`
	Reasons     []Reason     `json:"reasons"`
	Reservation *Reservation `json:"reservation,omitempty"` // as it stands, if there is one
}

func (e *RefusedError) Error() string { return "booking: " + e.Text("en") }
func (e *RefusedError) Unwrap() error { return ErrRefused }

// Text says it in a language: "en" or "ru".
func (e *RefusedError) Text(lang string) string {
	texts := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		texts[i] = r.Text(lang)
	}
	verb := "refused"
	if lang == "ru" {
		verb = "отказ"
	}
	return fmt.Sprintf("%s %s: %s", verb, e.Ref, strings.Join(texts, "; "))
}

// A ClockError says that a calendar was written by a clock that is further ahead than the
// configuration allows. Wait, or send [Reset].
type ClockError struct {
	Unit  UnitID    `json:"unit"`
	Clock time.Time `json:"clock"` // the calendar's
	Now   time.Time `json:"now"`
}

func (e *ClockError) Error() string { return "booking: " + e.Text("en") }
func (e *ClockError) Unwrap() error { return ErrClock }

// Text says it in a language: "en" or "ru".
func (e *ClockError) Text(lang string) string {
	clock, now := e.Clock.Format(time.RFC3339), e.Now.Format(time.RFC3339)
	if lang == "ru" {
		return fmt.Sprintf("часы календаря %s ушли вперёд: %s, сейчас %s; подождите или дайте Reset", e.Unit, clock, now)
	}
	return fmt.Sprintf("the clock of %s ran ahead: %s, now is %s; wait, or Reset it", e.Unit, clock, now)
}

// A MismatchError says that an ID is known with other content. Nothing was done.
type MismatchError struct {
	ID    string `json:"id"`
	Field string `json:"field"` // the first that differs
	Had   string `json:"had"`
	Got   string `json:"got"`
}

func (e *MismatchError) Error() string { return "booking: " + e.Text("en") }
func (e *MismatchError) Unwrap() error { return ErrMismatch }

// Text says it in a language: "en" or "ru".
func (e *MismatchError) Text(lang string) string {
	if lang == "ru" {
		return fmt.Sprintf("%s уже известен с другим содержанием: %s было %q, пришло %q", e.ID, e.Field, e.Had, e.Got)
	}
	return fmt.Sprintf("%s is known with other content: %s was %q, got %q", e.ID, e.Field, e.Had, e.Got)
}

// A StaleError says that a reservation has changed since the reference was taken.
type StaleError struct {
	ID  ReservationID `json:"id"`
	Had int64         `json:"had"` // its revision
	Got int64         `json:"got"` // the command's
}

func (e *StaleError) Error() string { return "booking: " + e.Text("en") }
func (e *StaleError) Unwrap() error { return ErrStale }

// Text says it in a language: "en" or "ru".
func (e *StaleError) Text(lang string) string {
	if lang == "ru" {
		return fmt.Sprintf("%s изменилась: ревизия %d, в команде %d; прочтите её снова", e.ID, e.Had, e.Got)
	}
	return fmt.Sprintf("%s has changed: revision %d, the command says %d; read it again", e.ID, e.Had, e.Got)
}

// An UnknownError names what does not exist, and what may have been meant.
type UnknownError struct {
	Kind    string   `json:"kind"` // unit, reservation, tag, ...
	ID      string   `json:"id"`
	Nearest []string `json:"nearest,omitempty"`
}

func (e *UnknownError) Error() string { return "booking: " + e.Text("en") }
func (e *UnknownError) Unwrap() error { return ErrUnknown }

var kindsRu = map[string]string{"unit": "объект", "reservation": "бронь", "tag": "признак", "value of tag": "значение признака",
	"state": "состояние", "policy": "порядок", "axis": "ось", "status": "статус"}

// Text says it in a language: "en" or "ru".
func (e *UnknownError) Text(lang string) string {
	kind, format, hint := e.Kind, "unknown %s %q", "; did you mean %s?"
	if lang == "ru" {
		kind, format, hint = orDefault(kindsRu[kind], kind), "не известно: %s %q", "; может быть, %s?"
	}
	text := fmt.Sprintf(format, kind, e.ID)
	if len(e.Nearest) > 0 {
		text += fmt.Sprintf(hint, strings.Join(e.Nearest, ", "))
	}
	return text
}

// A Why says what is wrong with a value.
type Why string

const (
	WhyMissing  Why = "missing"
	WhyNegative Why = "negative"
	WhyRange    Why = "range"  // too large, too many or too far
	WhyEmpty    Why = "empty"  // ends where it begins, or before
	WhySyntax   Why = "syntax" // cannot be read
	WhyLong     Why = "long"   // over 256 bytes
	WhyUTF8     Why = "utf8"   // not UTF-8
	WhyNUL      Why = "nul"    // contains a NUL byte
	WhyZone     Why = "zone"   // no zone of that name is known here
	WhyAxis     Why = "axis"   // nights where the unit counts instants, or the other way
	WhyTwice    Why = "twice"  // named twice
	WhyWaits    Why = "waits"  // only a block may wait
	WhyPlaces   Why = "places" // not as many as claimed, or not on the unit
)

var whyTexts = map[Why][2]string{
	WhyMissing:  {"is missing", "не указано"},
	WhyNegative: {"is below zero", "меньше нуля"},
	WhyRange:    {"is out of range", "вне допустимых границ"},
	WhyEmpty:    {"ends before it begins, or at once", "кончается не позже, чем начинается"},
	WhySyntax:   {"cannot be read", "не читается"},
	WhyLong:     {"is longer than 256 bytes", "длиннее 256 байт"},
	WhyUTF8:     {"is not UTF-8", "не UTF-8"},
	WhyNUL:      {"contains a NUL byte", "содержит нулевой байт"},
	WhyZone:     {"is no known time zone", "нет такого часового пояса"},
	WhyAxis:     {"does not fit the unit's axis", "не подходит к оси объекта"},
	WhyTwice:    {"is named twice", "названо дважды"},
	WhyWaits:    {"only a block may wait", "ждать может только блок"},
	WhyPlaces:   {"are not as many as claimed, or not on the unit", "не столько, сколько занято, или нет таких"},
}

// An InvalidError names a field that no command may have so. No store was touched, unless only
// the unit's axis or capacity could tell.
type InvalidError struct {
	Field string `json:"field"`
	Value string `json:"value"`
	Why   Why    `json:"why"`
}

func (e *InvalidError) Error() string { return "booking: " + e.Text("en") }
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// Text says it in a language: "en" or "ru".
func (e *InvalidError) Text(lang string) string {
	i := 0
	if lang == "ru" {
		i = 1
	}
	return e.Field + " " + strconv.Quote(e.Value) + " " + whyTexts[e.Why][i]
}

// A ConfigError lists what is wrong with a [Config].
type ConfigError struct {
	Problems []Problem `json:"problems"`
}

// A Problem is a fault of one field of a Config.
type Problem struct {
	Field string `json:"field"`
	Why   Why    `json:"why"`
}

// Text says it in a language: "en" or "ru".
func (p Problem) Text(lang string) string {
	return (&InvalidError{Field: p.Field, Why: p.Why}).Text(lang)
}

func (e *ConfigError) Error() string { return "booking: " + e.Text("en") }
func (e *ConfigError) Unwrap() error { return ErrConfig }

// Text says it in a language: "en" or "ru".
func (e *ConfigError) Text(lang string) string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Text(lang)
	}
	return strings.Join(texts, "; ")
}
