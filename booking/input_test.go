package booking_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
)

// untouched is a store that no bad input may reach.
type untouched struct{ t *testing.T }

func (s untouched) Load(context.Context, booking.Query) ([]booking.Calendar, error) {
	s.t.Error("the store was asked")
	return nil, errors.New("asked")
}

func (s untouched) Commit(context.Context, booking.Change) error {
	s.t.Error("the store was written")
	return errors.New("written")
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	span, long := nightSpan(1, 3), strings.Repeat("x", 257)
	ref := booking.Ref{Unit: "u", ID: "r"}
	wide, err := booking.Nights(june, june+30*366)
	require.NoError(t, err)
	many := make([]booking.Claim, 501)
	for i := range many {
		many[i] = booking.Claim{Unit: "u", Span: span}
	}
	tests := []struct {
		name  string
		cmd   booking.Command
		field string
		why   booking.Why
	}{
		{"no unit", booking.Hold{ID: "r", Span: span}, "unit", booking.WhyMissing},
		{"no span", booking.Hold{ID: "r", Unit: "u"}, "span", booking.WhyEmpty},
		{"30 years", booking.Hold{ID: "r", Unit: "u", Span: wide}, "span", booking.WhyRange},
		{"count below zero", booking.Hold{ID: "r", Unit: "u", Span: span, Count: -1}, "count", booking.WhyNegative},
		{"huge count", booking.Hold{ID: "r", Unit: "u", Span: span, Count: math.MaxInt}, "count", booking.WhyRange},
		{"priority below zero", booking.Hold{ID: "r", Unit: "u", Span: span, Priority: -1}, "priority", booking.WhyNegative},
		{"ttl below zero", booking.Hold{ID: "r", Unit: "u", Span: span, TTL: -1}, "ttl", booking.WhyNegative},
		{"unknown policy", booking.Hold{ID: "r", Unit: "u", Span: span, Policy: 9}, "policy", booking.WhySyntax},
		{"long holder", booking.Hold{ID: "r", Unit: "u", Span: span, Holder: long}, "holder", booking.WhyLong},
		{"bad UTF-8", booking.Hold{ID: "r\xff", Unit: "u", Span: span}, "id", booking.WhyUTF8},
		{"NUL", booking.Hold{ID: "r\x00", Unit: "u", Span: span}, "id", booking.WhyNUL},
		{"NUL in why", booking.Cancel{Ref: ref, Why: "\x00"}, "why", booking.WhyNUL},
		{"long by", booking.Confirm{Ref: ref, By: long}, "by", booking.WhyLong},
		{"no claim unit", booking.Hold{ID: "r", Unit: "u", Span: span, And: []booking.Claim{{Span: span}}}, "and[0].unit", booking.WhyMissing},
		{"too many claims", booking.Move{Ref: ref, Claims: many}, "claims", booking.WhyRange},
		{"no claims", booking.Move{Ref: ref}, "claims", booking.WhyMissing},
		{"no ref", booking.Confirm{}, "ref.unit", booking.WhyMissing},
		{"rev below zero", booking.Confirm{Ref: booking.Ref{Unit: "u", ID: "r", Rev: -1}}, "ref.rev", booking.WhyNegative},
		{"extend by nothing", booking.Extend{Ref: ref}, "ttl", booking.WhyMissing},
		{"place zero", booking.CheckIn{Ref: ref, Places: []int{0}}, "places", booking.WhyRange},
		{"place twice", booking.CheckIn{Ref: ref, Places: []int{2, 2}}, "places", booking.WhyTwice},
		{"block without span", booking.Block{ID: "r", Unit: "u"}, "span", booking.WhyEmpty},
		{"rehold of nothing", booking.Rehold{ID: "r"}, "ref.unit", booking.WhyMissing},
		{"reset of nothing", booking.Reset{}, "unit", booking.WhyMissing},
		{"unit without ID", booking.Define{}, "unit.id", booking.WhyMissing},
		{"unknown zone", booking.Define{Unit: booking.Unit{ID: "u", Zone: "Mars/Olympus"}}, "unit.zone", booking.WhyZone},
		{"local zone", booking.Define{Unit: booking.Unit{ID: "u", Zone: "Local"}}, "unit.zone", booking.WhyZone},
		{"capacity below zero", booking.Define{Unit: booking.Unit{ID: "u", Capacity: -1}}, "unit.capacity", booking.WhyNegative},
		{"turnover below zero", booking.Define{Unit: booking.Unit{ID: "u", Turnover: booking.Turnover{Nights: -1}}}, "unit.turnover.nights", booking.WhyNegative},
		{"hour 25", booking.Define{Unit: booking.Unit{ID: "u", CheckIn: 25 * 3600e9}}, "unit.check_in", booking.WhyRange},
		{"unknown axis", booking.Define{Unit: booking.Unit{ID: "u", Axis: 7}}, "unit.axis", booking.WhySyntax},
		{"NUL in a tag", booking.Define{Unit: booking.Unit{ID: "u", Tags: map[string]string{"a": "\x00"}}}, "unit.tags.a", booking.WhyNUL},
		{"rules below zero", booking.Define{Unit: booking.Unit{ID: "u", Rules: booking.Rules{Notice: -1}}}, "unit.rules.notice", booking.WhyNegative},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			desk, err := booking.New(booking.Config{Store: untouched{t}})
			require.NoError(t, err)
			_, err = desk.Do(context.Background(), tt.cmd)
			var invalid *booking.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, tt.field, invalid.Field)
			require.Equal(t, tt.why, invalid.Why)
			require.NotContains(t, invalid.Text("ru"), "%!")
			_, err = booking.Decide(nil, time.Now(), tt.cmd)
			require.ErrorIs(t, err, booking.ErrInvalid)
		})
	}
	desk, err := booking.New(booking.Config{Store: untouched{t}})
	require.NoError(t, err)
	_, err = desk.Do(context.Background(), nil)
	require.ErrorIs(t, err, booking.ErrInvalid)
	_, err = desk.Calendar(context.Background(), booking.Span{}, "u")
	require.ErrorIs(t, err, booking.ErrInvalid)
	_, err = desk.Calendar(context.Background(), span, "")
	require.ErrorIs(t, err, booking.ErrInvalid)
	_, err = desk.Reservation(context.Background(), booking.Ref{})
	require.ErrorIs(t, err, booking.ErrInvalid)
	res, err := desk.Do(context.Background())
	require.NoError(t, err)
	require.True(t, res.Replayed)
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	_, err := booking.New(booking.Config{MaxSkew: -1})
	var config *booking.ConfigError
	require.ErrorAs(t, err, &config)
	require.Len(t, config.Problems, 2)
	require.ErrorIs(t, err, booking.ErrConfig)
}

// What is unknown, stale or of another axis is told so, in both languages, and nothing is written.
func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	now := base.Add(14*time.Hour + 55*time.Minute)
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return now },
		Tags: map[string][]string{"complex": {"Ясная", "Сосны"}}})
	require.NoError(t, err)
	flat := booking.Unit{ID: "flat", Zone: "Europe/Moscow", Tags: map[string]string{"complex": "Ясная"}, Rules: booking.Rules{MinNights: 2, MaxNights: 14, Notice: 24 * time.Hour}}
	_, err = desk.Do(ctx, booking.Define{Unit: flat})
	require.NoError(t, err)
	again, err := desk.Do(ctx, booking.Define{Unit: flat})
	require.NoError(t, err)
	require.True(t, again.Replayed)
	hold, err := desk.Hold(ctx, booking.Hold{ID: "h", Unit: "flat", Span: nightSpan(5, 8), Holder: "card-1"})
	require.NoError(t, err)
	events, _, err := mem.Since(ctx, "", 100)
	require.NoError(t, err)

	times := booking.Unit{ID: "flat", Axis: booking.AxisTimes}
	tagged := flat
	tagged.Tags = map[string]string{"komplex": "Ясная"}
	misspelt := flat
	misspelt.Tags = map[string]string{"complex": "Сосна"}
	slot, err := booking.Between(now, now.Add(time.Hour))
	require.NoError(t, err)
	tests := []struct {
		name   string
		cmd    booking.Command
		is     error
		en, ru string
	}{
		{"unknown unit", booking.Hold{ID: "x", Unit: "flet", Span: nightSpan(5, 8)}, booking.ErrUnknown, `unknown unit "flet"`, `не известно: объект "flet"`},
		{"unknown reservation", booking.Confirm{Ref: booking.Ref{Unit: "flat", ID: "x"}}, booking.ErrUnknown, `unknown reservation "flat/x"`, `не известно: бронь "flat/x"`},
		{"unknown tag", booking.Define{Unit: tagged}, booking.ErrUnknown, `did you mean complex?`, `может быть, complex?`},
		{"unknown value", booking.Define{Unit: misspelt}, booking.ErrUnknown, `did you mean Сосны?`, `может быть, Сосны?`},
		{"other axis", booking.Define{Unit: times}, booking.ErrMismatch, `axis was "nights", got "times"`, `axis было "nights", пришло "times"`},
		{"wrong axis", booking.Hold{ID: "x", Unit: "flat", Span: slot}, booking.ErrInvalid, "does not fit the unit's axis", "не подходит к оси"},
		{"other holder", booking.Hold{ID: "h", Unit: "flat", Span: nightSpan(5, 8), Holder: "card-2"}, booking.ErrMismatch, `holder was "card-1", got "card-2"`, "с другим содержанием"},
		{"other span", booking.Hold{ID: "h", Unit: "flat", Span: nightSpan(5, 9), Holder: "card-1"}, booking.ErrMismatch, "claims was", "claims было"},
		{"a block of that ID", booking.Block{ID: "h", Unit: "flat", Span: nightSpan(5, 8)}, booking.ErrMismatch, "block was", "block было"},
		{"stale", booking.Cancel{Ref: booking.Ref{Unit: "flat", ID: "h", Rev: 7}}, booking.ErrStale, "revision 1, the command says 7", "ревизия 1, в команде 7"},
		{"taken", booking.Hold{ID: "x", Unit: "flat", Span: nightSpan(7, 10)}, booking.ErrTaken, "places left 0, by h; next free: 2027-06-09/2027-06-12", "занимают: h; ближайшее свободное: 2027-06-09/2027-06-12"},
		{"short", booking.Hold{ID: "x", Unit: "flat", Span: nightSpan(20, 21)}, booking.ErrRefused, "stays of 2 nights or more, not 1", "не меньше 2 ночей, запрошено 1"},
		{"long", booking.Hold{ID: "x", Unit: "flat", Span: nightSpan(20, 40)}, booking.ErrRefused, "stays of up to 14 nights, not 20", "не больше 14 ночей, запрошено 20"},
		{"late", booking.Hold{ID: "x", Unit: "flat", Span: nightSpan(1, 3)}, booking.ErrRefused, "must be asked for by 2027-06-01T12:00:00Z", "просить можно до 2027-06-01T12:00:00Z"},
		{"past", booking.Hold{ID: "x", Unit: "flat", Span: nightSpan(-1, 3)}, booking.ErrRefused, "from 2027-06-01, not from 2027-05-31", "с 2027-06-01, запрошено с 2027-05-31"},
		{"long hold", booking.Extend{Ref: hold.Ref(), TTL: 3 * time.Hour}, booking.ErrRefused, "can be held until", "держать можно до"},
		{"early", booking.CheckIn{Ref: hold.Ref()}, booking.ErrRefused, "it is held, and would have to be confirmed, checked_in", "состояние удержано, а нужно подтверждено, заселено"},
		{"wait", booking.Move{Ref: hold.Ref(), Claims: []booking.Claim{{Unit: "flat", Span: nightSpan(6, 9)}}, Wait: true}, booking.ErrInvalid, "only a block may wait", "ждать может только блок"},
	}
	now = now.Add(10 * time.Minute) // it is 1 June, 15:05 in Moscow: too late for the second
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := desk.Do(ctx, tt.cmd)
			require.ErrorIs(t, err, tt.is)
			require.Contains(t, err.Error(), tt.en)
			var texts interface{ Text(string) string }
			require.True(t, errors.As(err, &texts))
			require.Contains(t, texts.Text("en"), tt.en)
			require.Contains(t, texts.Text("ru"), tt.ru)
		})
	}
	after, _, err := mem.Since(ctx, "", 100)
	require.NoError(t, err)
	require.Equal(t, events, after, "law 5: a refusal leaves no trace")
}

// Several claims that find no room: one error each.
func TestGroupRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	group := booking.Hold{ID: "group", Unit: "u0", Span: nightSpan(1, 3)}
	for i := range 3 {
		u := booking.UnitID(fmt.Sprint("u", i))
		_, err := desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: u}})
		require.NoError(t, err)
		if i > 0 {
			group.And = append(group.And, booking.Claim{Unit: u, Span: nightSpan(1, 3)})
			_, err = desk.Hold(ctx, booking.Hold{ID: "in the way", Unit: u, Span: nightSpan(2, 4)})
			require.NoError(t, err)
		}
	}
	_, err = desk.Hold(ctx, group)
	require.ErrorIs(t, err, booking.ErrTaken)
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	require.Len(t, joined.Unwrap(), 2)
	_, err = desk.Reservation(ctx, booking.Ref{Unit: "u0", ID: "group"})
	require.ErrorIs(t, err, booking.ErrUnknown)
}

// An outcome that was lost: the caller repeats with the same ID and meets its own result.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	lossy := &lossyStore{Memory: mem}
	now := base
	desk, err := booking.New(booking.Config{Store: lossy, Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "u"}})
	require.NoError(t, err)
	lossy.lose = true
	_, err = desk.Hold(ctx, booking.Hold{ID: "h", Unit: "u", Span: nightSpan(1, 3)})
	require.ErrorContains(t, err, "connection lost")
	require.NotErrorIs(t, err, store.ErrConflict)
	res, err := desk.Hold(ctx, booking.Hold{ID: "h", Unit: "u", Span: nightSpan(1, 3)})
	require.NoError(t, err)
	require.True(t, res.Replayed)
	require.Equal(t, booking.StateHeld, res.State)
	requireFold(t, mem, mem, "u")
}

// lossyStore loses the answer of the next commit, after it was made.
type lossyStore struct {
	*booking.Memory
	lose bool
}

func (s *lossyStore) Commit(ctx context.Context, c booking.Change) error {
	err := s.Memory.Commit(ctx, c)
	if s.lose {
		s.lose = false
		return errors.New("connection lost")
	}
	return err
}

// A hold that is no longer what its command was granted says so when it is repeated.
func TestRepeatAfterwards(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "u"}})
	require.NoError(t, err)
	hold := booking.Hold{ID: "h", Unit: "u", Span: nightSpan(1, 3)}
	_, err = desk.Hold(ctx, hold)
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = desk.Hold(ctx, hold)
	var refused *booking.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, booking.StateExpired, refused.Reservation.State)
	late, err := desk.Do(ctx, booking.Rehold{ID: "h2", Ref: booking.Ref{Unit: "u", ID: "h"}})
	require.NoError(t, err)
	require.Equal(t, booking.StateHeld, late.State)
}
