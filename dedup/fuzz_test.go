package dedup

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Law 14: reading never panics, and what was read is read again as itself.

func FuzzPhones(f *testing.F) {
	for _, s := range []string{"8 (916) 123-45-67", "+7 8 916 123-45-67", "89161234567 89031112233", "007 916 123 45 67", "8~10 44 20 7946 0958", "доб. 12", "+7 (995) ***-**-27", "8 9I6 1234567", "тел. 8 351 697-61-48 #722", "\xff\xfe+7", "＋７９１６１２３４５６７"} {
		f.Add(s)
	}
	readers := []*Reader{russian()}
	us, err := NewReader(ReaderConfig{Region: "US"})
	require.NoError(f, err)
	readers = append(readers, us)
	f.Fuzz(func(t *testing.T, raw string) {
		for _, r := range readers {
			for _, p := range r.Phones(nil, raw) {
				if !strings.Contains(raw, p.Raw) {
					t.Fatalf("%q was not in %q", p.Raw, raw)
				}
				if p.Grade != GradeUsable {
					continue
				}
				again := r.Phones(nil, p.String())
				if len(again) != 1 || again[0].Key() != p.Key() || again[0].Grade != GradeUsable {
					t.Fatalf("%q was read as %s, and that as %v", raw, p, again)
				}
				if !r.canonical(p.Key()) {
					t.Fatalf("%q is no key", p.Key())
				}
			}
		}
	})
}

func FuzzEmails(f *testing.F) {
	for _, s := range []string{"Иван <ivan@mail.ru>", "mailto:A.B+c@googlemail.com.", "sergeykоrnilоv245@yandex.ru", "info@недвижимость29.рф", "a@b@c.ru", "@", "a＠b.ru", "x@.ru", "\xff@mail.ru", "a@xn--", "п@почта.рф,b@c.de", "Ԝ@0.A0"} {
		f.Add(s)
	}
	r := russian()
	f.Fuzz(func(t *testing.T, raw string) {
		for _, m := range r.Emails(nil, raw) {
			if m.Key() == "" {
				continue
			}
			again := r.Emails(nil, m.String())
			if len(again) != 1 || again[0].Key() != m.Key() || again[0].Grade != m.Grade {
				t.Fatalf("%q was read as %q, and that as %+v", raw, m, again)
			}
			if !utf8.ValidString(m.String()) || len(m.String()) > maxValue {
				t.Fatalf("%q was read as %q", raw, m)
			}
		}
	})
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"Анна Сергеевна", "Yulia Berezina", "Серёга", "О'Нил Пётр", "Ким", "?", "А. Б.", "\xff", "анна|пётр", "Саша Саша", "Ольга-Мария"} {
		f.Add(s)
	}
	r := russian()
	f.Fuzz(func(t *testing.T, raw string) {
		n := r.Name(raw)
		if n.String() != "" && n.Given == nil && n.Word == "" && n.Surname == "" {
			t.Fatalf("%q says nothing, as %q", raw, n)
		}
		if given := givenPart(n.String()); given != strings.Join(n.Given, "|") && given != "?"+n.Word {
			t.Fatalf("%q: the given part of %q is %q", raw, n, given)
		}
		if r.conflict(givenPart(n.String()), givenPart(n.String())) {
			t.Fatalf("%q conflicts with itself", raw)
		}
		for _, given := range n.Given {
			if again := r.Name(given); again.String() != "" && r.conflict(givenPart(again.String()), given) {
				t.Fatalf("%q: %q was read as %q", raw, given, again)
			}
		}
	})
}
