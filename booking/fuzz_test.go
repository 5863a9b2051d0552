package booking_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
)

// A span's text comes back as the same span, and whatever is read is within bounds.
func FuzzSpan(f *testing.F) {
	for _, s := range []string{"2027-06-08/2027-06-15", "2027-06-08/..", "2027-06-08T10:00:00Z/2027-06-08T10:30:00.000001Z", "2027-06-08T10:00:00+03:00/..",
		"", "/", "2027-06-08", "2027-02-30/2027-03-01", "2027-06-15/2027-06-08", "0001-01-01/9999-12-31", "2027-06-08/2027-06-15T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := booking.ParseSpan(text)
		if err != nil {
			require.ErrorIs(t, err, booking.ErrInvalid)
			require.True(t, s.Empty())
			return
		}
		again, err := booking.ParseSpan(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.False(t, s.Empty())
		nights, length := s.Len()
		require.True(t, nights > 0 || length > 0)
		from, to := s.Bounds()
		require.Less(t, from, to)
		require.Equal(t, s, s.Intersect(again))
	})
}

// Whatever JSON is taken for a value of an exported type comes back the same.
func FuzzJSON(f *testing.F) {
	types := []any{booking.Unit{}, booking.Claim{}, booking.Reservation{}, booking.Ref{}, booking.Query{}, booking.Head{}, booking.Calendar{}, booking.Row{},
		booking.Change{}, booking.Event{}, booking.Day{}, booking.Result{}, booking.Decision{}, booking.Reason{}, booking.TakenError{}, booking.RefusedError{},
		booking.ClockError{}, booking.MismatchError{}, booking.StaleError{}, booking.UnknownError{}, booking.InvalidError{}, booking.ConfigError{},
		booking.Hold{}, booking.Block{}, booking.Define{}, booking.Rehold{}, booking.Extend{}, booking.Confirm{}, booking.Cancel{}, booking.CheckIn{},
		booking.CheckOut{}, booking.NoShow{}, booking.Move{}, booking.Reset{}}
	r := booking.Reservation{ID: "r", State: booking.StateHeld, Since: base, Deadline: base.Add(time.Minute), Joined: base, TTL: time.Minute, Rev: 3,
		Claims: []booking.Claim{{Unit: "u", Span: nightSpan(1, 3), Count: 2, Places: []int{1, 2}, Busy: nightSpan(1, 4)}}}
	seeds := append(types, r, booking.Row{Unit: "u", Reservation: r, Live: true}, booking.Unit{ID: "u", Tags: map[string]string{"a": "b"}, CheckIn: 15 * 3600e9},
		booking.TakenError{Unit: "u", Span: nightSpan(1, 2), By: []booking.Ref{r.Ref()}, Next: nightSpan(4, 5)}, booking.Hold{ID: "h", Unit: "u", Span: nightSpan(1, 2), Policy: booking.PolicyPreempt})
	for i, seed := range seeds {
		text, err := json.Marshal(seed)
		require.NoError(f, err)
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		typ := reflect.TypeOf(types[int(which)%len(types)])
		first := reflect.New(typ)
		if json.Unmarshal(text, first.Interface()) != nil {
			return
		}
		written, err := json.Marshal(first.Interface())
		if err != nil {
			return // a time beyond the year 9999 is read but not written
		}
		second := reflect.New(typ)
		require.NoError(t, json.Unmarshal(written, second.Interface()), "%s", written)
		rewritten, err := json.Marshal(second.Interface())
		require.NoError(t, err)
		require.JSONEq(t, string(written), string(rewritten))
	})
}

// The zero value and a full value of each enumeration have a text that is read back.
func TestTexts(t *testing.T) {
	t.Parallel()
	for s := range booking.StateNoShow + 1 {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var again booking.State
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, s, again)
		require.Equal(t, string(text), s.String())
	}
	for s := range booking.StatusBlocked + 1 {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var again booking.Status
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, s, again)
	}
	for p := range booking.PolicyPreempt + 1 {
		text, err := p.MarshalText()
		require.NoError(t, err)
		var again booking.Policy
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, p, again)
	}
	_, err := booking.State(99).MarshalText()
	require.ErrorIs(t, err, booking.ErrInvalid)
	var p booking.Policy
	err = p.UnmarshalText([]byte("quee"))
	var unknown *booking.UnknownError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, []string{"queue"}, unknown.Nearest)
}
