package voucher

import (
	"strings"
	"testing"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAmountInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ amount, code, ru, en string }{
		{"0", "RUB", "Ноль рублей 00 копеек", "Zero rubles 00 kopecks"},
		{"1", "RUB", "Один рубль 00 копеек", "One ruble 00 kopecks"},
		{"2.01", "RUB", "Два рубля 01 копейка", "Two rubles 01 kopeck"},
		{"11.11", "RUB", "Одиннадцать рублей 11 копеек", "Eleven rubles 11 kopecks"},
		{"21.22", "RUB", "Двадцать один рубль 22 копейки", "Twenty-one rubles 22 kopecks"},
		{"1002.5", "RUB", "Одна тысяча два рубля 50 копеек", "One thousand two rubles 50 kopecks"},
		{"12000", "RUB", "Двенадцать тысяч рублей 00 копеек", "Twelve thousand rubles 00 kopecks"},
		{"1234567.89", "RUB", "Один миллион двести тридцать четыре тысячи пятьсот шестьдесят семь рублей 89 копеек",
			"One million two hundred thirty-four thousand five hundred sixty-seven rubles 89 kopecks"},
		{"1001002.00", "UAH", "Один миллион одна тысяча две гривны 00 копеек", "One million one thousand two hryvnias 00 kopiikas"},
		{"-5", "USD", "Минус пять долларов США 00 центов", "Minus five US dollars 00 cents"},
		{"41", "TRY", "Сорок одна турецкая лира 00 курушей", "Forty-one Turkish liras 00 kurus"},
		{"300", "KZT", "Триста тенге 00 тиынов", "Three hundred tenge 00 tiyn"},
		{"22", "JPY", "Двадцать две иены", "Twenty-two yen"},
		{"7.125", "KWD", "Семь KWD 125/1000", "Seven KWD 125/1000"},
		{"7", "VND", "Семь VND", "Seven VND"},
		{"999999999999999.99", "EUR", "Девятьсот девяносто девять триллионов девятьсот девяносто девять миллиардов девятьсот девяносто девять миллионов " +
			"девятьсот девяносто девять тысяч девятьсот девяносто девять евро 99 центов",
			"Nine hundred ninety-nine trillion nine hundred ninety-nine billion nine hundred ninety-nine million " +
				"nine hundred ninety-nine thousand nine hundred ninety-nine euros 99 cents"},
	} {
		amount := decimal.RequireFromString(c.amount)
		require.Equal(t, c.ru, amountWords(amount, c.code, "ru"))
		require.Equal(t, c.en, amountWords(amount, c.code, "en"))
	}
	require.Equal(t, "минус двадцать один", intWords(-21, "ru"))
	require.Equal(t, "nine quintillion", intWords(9e18, "en"))
	require.Equal(t, "-9223372036854775808", intWords(-1<<63, "en"))
}

// The words, read back by rules of their own, are the number.
func TestWordsReadBack(t *testing.T) {
	t.Parallel()
	value := map[string]int64{"одна": 1, "две": 2}
	for n, words := range map[string][]string{"small": ruSmall, "en": enSmall} {
		_ = n
		for i, w := range words {
			value[w] = int64(i)
		}
	}
	for i := 2; i < 10; i++ {
		value[ruTens[i]], value[enTens[i]] = int64(10*i), int64(10*i)
	}
	for i := 1; i < 10; i++ {
		value[ruHundreds[i]] = int64(100 * i)
	}
	power := map[string]int64{}
	for p, unit := 1, int64(1000); p < 7; p, unit = p+1, unit*1000 {
		for _, form := range ruPowers[p] {
			power[form] = unit
		}
		if p < len(enPowers) {
			power[enPowers[p]] = unit
		}
	}
	read := func(t *rapid.T, text string) int64 {
		total, group := int64(0), int64(0)
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '-' }) {
			switch {
			case word == "hundred":
				group *= 100
			case power[word] > 0:
				total, group = total+group*power[word], 0
			default:
				n, ok := value[word]
				require.True(t, ok, "%q in %q", word, text)
				group += n
			}
		}
		return total + group
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 9e18).Draw(t, "n") / rapid.SampledFrom([]int64{1, 1e3, 1e6, 1e12, 1e16}).Draw(t, "scale")
		require.Equal(t, n, read(t, russian(n, false)))
		require.Equal(t, n, read(t, russian(n, true)))
		require.Equal(t, n, read(t, english(n)))
	})
}

func TestMoneyAndDates(t *testing.T) {
	t.Parallel()
	require.Equal(t, "1\u00a0234\u00a0567,50\u00a0₽", money(decimal.RequireFromString("1234567.5"), "RUB", "ru"))
	require.Equal(t, "1,234,567.50\u00a0RUB", money(decimal.RequireFromString("1234567.5"), "RUB", "en"))
	require.Equal(t, "−999\u00a0VND", money(decimal.RequireFromString("-999"), "VND", "ru"))
	require.Equal(t, "0,00\u00a0CHF", money(decimal.Zero, "CHF", "ru"))
	d := date.New(2021, 6, 8)
	require.Equal(t, "8 июня 2021 г.", longDate(d, "ru"))
	require.Equal(t, "8 June 2021", longDate(d, "en"))
	moment := Moment(d.MidnightUTC().Add(21*3600e9), "Asia/Almaty") // UTC+6 then
	require.Equal(t, "09.06.2021 03:00", moment.show("ru"))
	require.Equal(t, "9 Jun 2021 03:00", moment.show("en"))
	require.Equal(t, "да", Yes(true).show("ru"))
}

func TestValues(t *testing.T) {
	t.Parallel()
	huge := Amount(decimal.New(1, 1<<30), "RUB")
	require.True(t, huge.Equal(huge))
	require.False(t, huge.Equal(Amount(decimal.New(1, -1<<30), "RUB")))
	require.Equal(t, "1e1073741824 RUB", huge.String())
	for _, c := range []struct {
		value Value
		fault string
	}{
		{huge, "amount_too_large"},
		{Amount(decimal.New(1, -1<<30), "RUB"), "amount_too_precise"},
		{Amount(decimal.New(1, 15), "RUB"), "amount_too_large"},
		{Amount(decimal.RequireFromString("0.001"), "RUB"), "amount_too_precise"},
		{Amount(decimal.RequireFromString("0.5"), "JPY"), "amount_too_precise"},
		{Amount(decimal.RequireFromString("1.500"), "RUB"), ""},
		{Amount(decimal.New(1, 0), "rub"), "currency"},
		{Amount(decimal.New(1, 0), ""), "currency"},
		{Text("a\x00b"), "control_character"},
		{Text("a\u0085b"), "control_character"},
		{Text("a\r\nb\tc"), ""},
		{Text("a\xffb"), "not_utf8"},
		{Text(strings.Repeat("x", maxText+1)), "text_too_long"},
		{Day(0), "year"},
		{Day(date.Max()), "year"},
		{Moment(date.New(2021, 1, 1).MidnightUTC(), "Mars/Olympus"), "zone"},
		{Moment(date.New(2021, 1, 1).MidnightUTC(), "Local"), "zone"},
		{Moment(date.New(2021, 1, 1).MidnightUTC(), ""), ""},
		{Yes(false), ""},
		{List(), ""},
	} {
		code, _, _ := c.value.fault()
		require.Equal(t, c.fault, code, c.value.String())
	}
	for _, blank := range []Value{{}, Text(""), Text(" \n\u00a0\u200b"), List()} {
		require.True(t, blank.blank())
	}
	require.False(t, Int(0).blank())
	require.True(t, Amount(decimal.RequireFromString("1.50"), "RUB").Equal(Amount(decimal.RequireFromString("1.5"), "RUB")))
}
