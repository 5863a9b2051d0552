package storetest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var valueRules = []rule{
	{
		name:  "times come back exactly",
		rule:  "An instant comes back to the microsecond, in UTC.",
		needs: NoTime,
		run: func(ctx context.Context, t *trial) error {
			var values []Value
			for _, at := range []time.Time{
				time.Date(2026, 7, 1, 12, 30, 59, 123457000, time.UTC),
				time.Date(2026, 7, 1, 12, 30, 59, 999999000, time.UTC),
				time.Date(2026, 7, 1, 12, 30, 59, 1000, time.UTC),
				time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), // summer time begins in Europe
				time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
				time.Date(1900, 1, 1, 0, 0, 0, 1000, time.UTC),
				time.Date(2999, 12, 31, 23, 59, 59, 999999000, time.UTC),
			} {
				values = append(values, Value{Text: "1", At: at, Amount: "1"})
			}
			return t.comeBack(ctx, values, func(wrote, read Value) (string, string, bool) {
				return wrote.At.String(), read.At.String(), read.At.Equal(wrote.At) && read.At.Location().String() == "UTC"
			})
		},
	},
	{
		name:  "amounts come back exactly",
		rule:  "A decimal number comes back with all its digits.",
		needs: NoAmount,
		run: func(ctx context.Context, t *trial) error {
			var values []Value
			for _, amount := range []string{"0.1", "-0.01", "19.99", "0.30000000000000004", "-123456789012345678.123456789", "9007199254740993"} {
				values = append(values, Value{Text: "1", At: noon, Amount: amount})
			}
			return t.comeBack(ctx, values, func(wrote, read Value) (string, string, bool) {
				return wrote.Amount, read.Amount, read.Amount == wrote.Amount
			})
		},
	},
	{
		name:  "texts come back exactly",
		rule:  "A text comes back byte by byte, whatever it looks like to a database.",
		needs: NoText,
		run: func(ctx context.Context, t *trial) error {
			var values []Value
			for _, text := range []string{
				`O'Brien "Bob"; drop table units; --`,
				`\ \\ \n %s %d $1 ? :name @p {} [] {"a":1}`,
				"line\nline\r\nline\ttab \x01\x1f\x7f",
				" space around ",
				"null", "NULL", "\\N", "1e3", "007",
				"Жильё на море — №1, 100 ₽",
				"\u00e9 e\u0301 \ufb01 \u0130 \u0131 ß", // composed and not
				"\u202eright to left\u202c \u200b\u200d\ufeff",
				"👩‍👩‍👧 \U0010ffff",
				strings.Repeat("long ", 1000),
			} {
				values = append(values, Value{Text: text, At: noon, Amount: "1"})
			}
			return t.comeBack(ctx, values, func(wrote, read Value) (string, string, bool) {
				return fmt.Sprintf("%.80q (%d bytes)", wrote.Text, len(wrote.Text)), fmt.Sprintf("%.80q (%d bytes)", read.Text, len(read.Text)), read.Text == wrote.Text
			})
		},
	},
	{
		name: "keys are compared byte by byte",
		rule: "Keys are case-sensitive and compared byte by byte: what a language takes for the same is not.",
		run: func(ctx context.Context, t *trial) error {
			names := []string{
				"key", "Key", "KEY", "key ", "key  ", " key", "ke\u0301y", "k\u00e9y", "\uff4bey", "k\u0435y", // Cyrillic е
				"strasse", "stra\u00dfe", "\u0131", "i", "I", "\u0130", "key%", "key_", "k%", "k_y", `key\`, "key'", `key"`, "key/", "key/1", "key-1", "key1", "key01",
			}
			for i, name := range names {
				for _, kind := range t.kinds {
					rows, err := t.prepare(ctx, t.keyOf(kind, name))
					if err != nil {
						return err
					}
					if err := isAbsent(rows[0]); err != nil {
						return fmt.Errorf("after writing keys that look alike: %w", err)
					}
					if err := t.accepted(ctx, put(rows[0], strconv.Itoa(1+i))); err != nil {
						return err
					}
				}
			}
			for i, name := range names {
				for _, kind := range t.kinds {
					rows, err := t.get(ctx, t.keyOf(kind, name))
					if err != nil {
						return err
					}
					if want := strconv.Itoa(1 + i); rows[0].Value.Text != want {
						return fmt.Errorf("load %q: got %q, want %q: keys that look alike are mixed up", rows[0].Key, rows[0].Value.Text, want)
					}
				}
			}
			return nil
		},
	},
}

// comeBack writes each value under a key of its own and reads it back. same shows both, and says
// whether they are the same.
func (t *trial) comeBack(ctx context.Context, values []Value, same func(wrote, read Value) (w, r string, ok bool)) error {
	for i, v := range values {
		rows, err := t.prepare(ctx, t.key(fmt.Sprint("k", i)))
		if err != nil {
			return err
		}
		step := put(rows[0], v.Text)
		step.Value = v
		if err := t.accepted(ctx, step); err != nil {
			return err
		}
		if rows, err = t.get(ctx, rows[0].Key); err != nil {
			return err
		}
		if wrote, read, ok := same(v, rows[0].Value); !ok {
			return fmt.Errorf("wrote %s, read %s", wrote, read)
		}
	}
	return nil
}
