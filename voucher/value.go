package voucher

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// A FieldID names a value. In a pack's validators "tourists.passport" is the field of each
// element of a list.
type FieldID string

// A FieldType says what a field holds.
type FieldType string

// The types of fields; "" is TypeText.
const (
	TypeText   FieldType = "text"
	TypeInt    FieldType = "int"
	TypeAmount FieldType = "amount" // a sum of money with its ISO 4217 code
	TypeDate   FieldType = "date"
	TypeMoment FieldType = "moment" // an instant with the IANA zone it is told in
	TypeYes    FieldType = "yes"    // yes or no
	TypeList   FieldType = "list"   // of elements with fields of their own
)

// Values are what is printed, by field.
type Values map[FieldID]Value

// A Value is one of seven types, made by [Text], [Int], [Amount], [Day], [Moment], [Yes] and
// [List]. The zero Value is no value: as if the field were absent.
type Value struct {
	kind     FieldType
	text     string // the text, the currency, the zone
	number   int64  // the int, the day, 1 for yes
	amount   decimal.Decimal
	moment   time.Time
	elements []Values
}

// Text is a text. Line ends become "\n"; a text of spaces alone counts as absent.
func Text(s string) Value {
	if strings.ContainsRune(s, '\r') {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return Value{kind: TypeText, text: s}
}

// Int is a whole number.
func Int(n int64) Value { return Value{kind: TypeInt, number: n} }

// Amount is a sum of money with its ISO 4217 code.
func Amount(amount decimal.Decimal, currency string) Value {
	return Value{kind: TypeAmount, amount: amount, text: currency}
}

// Day is a civil date.
func Day(d date.Date) Value { return Value{kind: TypeDate, number: int64(d)} }

// Moment is an instant, to be told in the IANA zone ("" is UTC). It is kept to the microsecond.
func Moment(t time.Time, zone string) Value {
	if zone == "" {
		zone = "UTC"
	}
	return Value{kind: TypeMoment, moment: instant(t), text: zone}
}

// Yes is yes or no.
func Yes(yes bool) Value {
	if yes {
		return Value{kind: TypeYes, number: 1}
	}
	return Value{kind: TypeYes}
}

// List is a list of elements, each with fields of its own. The elements become the Value's.
func List(elements ...Values) Value { return Value{kind: TypeList, elements: elements} }

// Type returns the value's type, "" for no value.
func (v Value) Type() FieldType { return v.kind }

// String returns the value in a plain form that does not depend on a language: 2027-06-08,
// 1234.50 RUB, yes.
func (v Value) String() string {
	switch v.kind {
	case TypeText:
		return v.text
	case TypeInt:
		return strconv.FormatInt(v.number, 10)
	case TypeAmount:
		return plainDecimal(v.amount) + " " + v.text
	case TypeDate:
		return date.Date(v.number).String()
	case TypeMoment:
		return v.moment.Format(time.RFC3339Nano) + " " + v.text
	case TypeYes:
		if v.number == 1 {
			return "yes"
		}
		return "no"
	case TypeList:
		return fmt.Sprintf("%d elements", len(v.elements))
	}
	return ""
}

// Equal reports whether both hold the same: 1.5 RUB is 1.50 RUB.
func (v Value) Equal(o Value) bool {
	return v.kind == o.kind && v.text == o.text && v.number == o.number &&
		sameDecimal(v.amount, o.amount) && v.moment.Equal(o.moment) && equalLists(v.elements, o.elements)
}

func equalLists(a, b []Values) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// Equal reports whether both hold the same fields with the same values.
func (vs Values) Equal(o Values) bool { return maps.EqualFunc(vs, o, Value.Equal) }

func (vs Values) clone() Values {
	if vs == nil {
		return nil
	}
	out := make(Values, len(vs))
	for id, v := range vs {
		if v.elements != nil {
			elements := make([]Values, len(v.elements))
			for i, e := range v.elements {
				elements[i] = e.clone()
			}
			v.elements = elements
		}
		out[id] = v
	}
	return out
}

// blank reports whether there is nothing to print.
func (v Value) blank() bool {
	switch v.kind {
	case "":
		return true
	case TypeText:
		return strings.TrimFunc(v.text, unprintable) == ""
	case TypeList:
		return len(v.elements) == 0
	}
	return false
}

func unprintable(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }

// maxText is the size of the longest text that is printed, in bytes.
const maxText = 64 << 10

// fault returns what keeps the value from being printed whole: a code with what was got and
// wanted, or "".
func (v Value) fault() (code, got, want string) {
	switch v.kind {
	case TypeText:
		if len(v.text) > maxText {
			return "text_too_long", strconv.Itoa(len(v.text)), strconv.Itoa(maxText)
		}
		if !utf8.ValidString(v.text) {
			return "not_utf8", "", ""
		}
		if i := strings.IndexFunc(v.text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
			return "control_character", fmt.Sprintf("%q", v.text[i:i+1]), ""
		}
	case TypeAmount:
		digits, ok := minorDigits(v.text)
		if !ok {
			return "currency", v.text, "ISO 4217"
		}
		if v.amount.Exponent() > 15 || v.amount.Exponent() >= -64 && v.amount.Abs().Cmp(maxAmount) >= 0 {
			return "amount_too_large", "", maxAmount.String()
		}
		if v.amount.Exponent() < -64 || !v.amount.Equal(v.amount.Truncate(int32(digits))) {
			return "amount_too_precise", v.text, strconv.Itoa(digits)
		}
	case TypeDate:
		if y := date.Date(v.number).Year(); y < 1 || y > 9999 || v.number == 0 {
			return "year", "", ""
		}
	case TypeMoment:
		if y := v.moment.Year(); y < 1 || y > 9999 {
			return "year", "", ""
		}
		if _, err := time.LoadLocation(v.text); err != nil || v.text == "Local" {
			return "zone", v.text, "IANA"
		}
	}
	return "", "", ""
}

var maxAmount = decimal.New(1, 15)

// tame reports whether a decimal can be written or compared without a million zeros.
func tame(d decimal.Decimal) bool { return d.Exponent() >= -64 && d.Exponent() <= 64 }

func plainDecimal(d decimal.Decimal) string {
	if !tame(d) {
		return fmt.Sprintf("%se%d", d.Coefficient(), d.Exponent())
	}
	return d.String()
}

func sameDecimal(a, b decimal.Decimal) bool {
	if !tame(a) || !tame(b) {
		return plainDecimal(a) == plainDecimal(b)
	}
	return a.Equal(b)
}

// An isoDay is a date in JSON, YYYY-MM-DD and nothing else: date.Date takes 2021-02-30 for 2 March.
type isoDay date.Date

func (d isoDay) MarshalText() ([]byte, error) { return date.Date(d).MarshalText() }

func (d *isoDay) UnmarshalText(text []byte) error {
	day, ok := isoDate(string(text))
	if !ok {
		return invalid("date", string(text), "no_such_day")
	}
	*d = isoDay(day)
	return nil
}

type valueJSON struct {
	Text     *string          `json:"text,omitempty"`
	Int      *int64           `json:"int,omitempty"`
	Amount   *decimal.Decimal `json:"amount,omitempty"`
	Currency string           `json:"currency,omitempty"`
	Date     *isoDay          `json:"date,omitempty"`
	Moment   *time.Time       `json:"moment,omitempty"`
	Zone     string           `json:"zone,omitempty"`
	Yes      *bool            `json:"yes,omitempty"`
	List     *[]Values        `json:"list,omitempty"`
}

// MarshalJSON writes an object that names the type: {"text":"..."}, {"amount":"1.50","currency":"RUB"}.
func (v Value) MarshalJSON() ([]byte, error) {
	var j valueJSON
	switch v.kind {
	case TypeText:
		j.Text = &v.text
	case TypeInt:
		j.Int = &v.number
	case TypeAmount:
		j.Amount, j.Currency = &v.amount, v.text
	case TypeDate:
		d := isoDay(v.number)
		j.Date = &d
	case TypeMoment:
		j.Moment, j.Zone = &v.moment, v.text
	case TypeYes:
		yes := v.number == 1
		j.Yes = &yes
	case TypeList:
		elements := v.elements
		if elements == nil {
			elements = []Values{}
		}
		j.List = &elements
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(raw []byte) error {
	var j valueJSON
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&j); err != nil {
		return err
	}
	switch {
	case j.Text != nil:
		*v = Text(*j.Text)
	case j.Int != nil:
		*v = Int(*j.Int)
	case j.Amount != nil:
		*v = Amount(*j.Amount, j.Currency)
	case j.Date != nil:
		*v = Day(date.Date(*j.Date))
	case j.Moment != nil:
		*v = Moment(*j.Moment, j.Zone)
	case j.Yes != nil:
		*v = Yes(*j.Yes)
	case j.List != nil:
		*v = List(*j.List...)
	default:
		*v = Value{}
	}
	return nil
}

// instant is t as stores keep it: UTC, to the microsecond.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
