package dedup

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPhones(t *testing.T) {
	t.Parallel()
	r := russian()
	for raw, want := range map[string][]string{
		"8 (916) 123-45-67":               {"tel:+79161234567 usable"},
		"+7 8 916 123-45-67":              {"tel:+79161234567 usable"},
		"+8 916 123-45-67":                {"tel:+79161234567 usable"},
		"007 916 123-45-67":               {"tel:+79161234567 usable"},
		"8~10 7 916 123-45-67":            {"tel:+79161234567 usable"},
		"+7\u00a0916\u00a0123‑45‑67":      {"tel:+79161234567 usable"},
		"８９１６１２３４５６７":                     {"tel:+79161234567 usable"},
		"8 916 123-45-67/8 903 111-22-33": {"tel:+79161234567 usable", "tel:+79031112233 usable"},
		"8916123456789031112233":          {"tel:+79161234567 usable", "tel:+79031112233 usable"},
		"8 351 697-61-48 доб. 311":        {"tel:+73516976148;ext=311 usable"},
		"+7 351 697-61-48 #722":           {"tel:+73516976148;ext=722 usable"},
		"+44 20 7946 0958":                {"tel:+442079460958 usable"},
		"8 800 555-35-35":                 {"tel:+78005553535 toll_free"},
		"+7 (999) 999-99-99":              {"tel:+79999999999 placeholder"},
		"+7 (995) ***-**-27":              {" masked"},
		"8 9I6 123-45-67":                 {" invalid"},
		"8 200 123-45-67":                 {" invalid"},
		"нет":                             nil,
	} {
		var got []string
		for _, p := range r.Phones(nil, raw) {
			got = append(got, string(p.Key())+" "+p.Grade.String())
		}
		require.Equal(t, want, got, raw)
	}
	us, err := NewReader(ReaderConfig{Region: "US"})
	require.NoError(t, err)
	for _, raw := range []string{"310/246-1501", "310-246-1501", "(310) 246-1501", "+1 310 246 1501"} {
		phones := us.Phones(nil, raw)
		require.Len(t, phones, 1, raw)
		require.Equal(t, Key("tel:+13102461501"), phones[0].Key(), raw)
	}
}

func TestEmails(t *testing.T) {
	t.Parallel()
	r := russian()
	for raw, want := range map[string][]string{
		"Ivan@Mail.ru":                       {"mailto:ivan@mail.ru usable"},
		" mailto:ivan@mail.ru. ":             {"mailto:ivan@mail.ru usable"},
		"\"Иван\" <ivan@mail.ru>; b@list.ru": {"mailto:ivan@mail.ru usable", "mailto:b@list.ru usable"},
		"i.v.a.n+dom@googlemail.com":         {"mailto:ivan@gmail.com usable"},
		"i.ivan@ya.ru":                       {"mailto:i-ivan@yandex.ru usable"},
		"i.ivan@mail.ru":                     {"mailto:i.ivan@mail.ru usable"},
		"sergeykоrnilоv245@yandex.ru":        {"mailto:sergeykornilov245@yandex.ru usable"},
		"почта@пример.рф":                    {"mailto:почта@xn--e1afmkfd.xn--p1ai usable"},
		"info@realty.ru":                     {"mailto:info@realty.ru role"},
		"zakaz3@mail.ru":                     {"mailto:zakaz3@mail.ru role"},
		"test@test.ru":                       {"mailto:test@test.ru placeholder"},
		"iv**@mail.ru":                       {" masked"},
		"@":                                  {" invalid"},
		"a@b":                                {" invalid"},
		"a..b@mail.ru":                       {" invalid"},
		"ivan at mail.ru":                    nil,
	} {
		var got []string
		for _, m := range r.Emails(nil, raw) {
			got = append(got, string(m.Key())+" "+m.Grade.String())
		}
		require.Equal(t, want, got, raw)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	r := russian()
	for raw, want := range map[string]string{
		"Анна": "ana", "анечка": "ana", "Anna Nechaeva": "ana nechaeva", "Анна Нечаева": "ana nechaeva", "Нечаева А. Анна": "ana nechaeva",
		"Иванова Елена Павловна": "elena ivanova", "Yulia": "iulia", "Julia": "iulia", "Юля": "iulia", "Лёша": "aleksei", "Yevgeny": "evgeni",
		"Саша": "aleksandr|aleksandra", "Гордей": "?gordei", "Гордей Петров": "?gordei petrov", "Петров Гордей": "?gordei petrov",
		"Клиент": "", "Не указано": "", "": "", "А. Б.": "", "Роман Абрамович": "roman", "О'Нил Пётр": "petr onil",
	} {
		require.Equal(t, want, r.Name(raw).String(), raw)
	}
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"Анна", "Пётр", true}, {"Саша", "Александр", false}, {"Саша", "Шура", false}, {"Анна", "Аня", false}, {"Анна", "Анан", false},
		{"Гордей", "Анна", true}, {"Гордей", "Зорро", false}, {"Александр", "Алесандр", false}, {"Анна", "", false}, {"Ольга", "Олька Котова", false},
	} {
		a, b := givenPart(r.Name(tt.a).String()), givenPart(r.Name(tt.b).String())
		require.Equal(t, tt.want, r.conflict(a, b), "%s, %s", tt.a, tt.b)
		require.Equal(t, tt.want, r.conflict(b, a), "%s, %s", tt.b, tt.a)
	}
}
