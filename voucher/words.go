package voucher

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// How values read in a document's language.

// A currency gives the words for an amount; the Russian ones for 1, 2 and 5.
type currency struct {
	digits   int
	sign     string // in Russian texts; "" prints the code
	ruMajor  [3]string
	feminine bool
	ruMinor  [3]string
	enMajor  [2]string
	enMinor  [2]string
}

func unchanging(word string) [3]string { return [3]string{word, word, word} }

// currencies are those whose words are known; amounts in any other read as their code.
var currencies = map[string]currency{
	"RUB": {2, "₽", [3]string{"рубль", "рубля", "рублей"}, false, [3]string{"копейка", "копейки", "копеек"}, [2]string{"ruble", "rubles"}, [2]string{"kopeck", "kopecks"}},
	"KZT": {2, "₸", unchanging("тенге"), false, [3]string{"тиын", "тиына", "тиынов"}, [2]string{"tenge", "tenge"}, [2]string{"tiyn", "tiyn"}},
	"BYN": {2, "", [3]string{"белорусский рубль", "белорусских рубля", "белорусских рублей"}, false, [3]string{"копейка", "копейки", "копеек"}, [2]string{"Belarusian ruble", "Belarusian rubles"}, [2]string{"kopeck", "kopecks"}},
	"UAH": {2, "₴", [3]string{"гривна", "гривны", "гривен"}, true, [3]string{"копейка", "копейки", "копеек"}, [2]string{"hryvnia", "hryvnias"}, [2]string{"kopiika", "kopiikas"}},
	"USD": {2, "$", [3]string{"доллар США", "доллара США", "долларов США"}, false, [3]string{"цент", "цента", "центов"}, [2]string{"US dollar", "US dollars"}, [2]string{"cent", "cents"}},
	"EUR": {2, "€", unchanging("евро"), false, [3]string{"цент", "цента", "центов"}, [2]string{"euro", "euros"}, [2]string{"cent", "cents"}},
	"GBP": {2, "£", [3]string{"фунт стерлингов", "фунта стерлингов", "фунтов стерлингов"}, false, [3]string{"пенс", "пенса", "пенсов"}, [2]string{"pound sterling", "pounds sterling"}, [2]string{"penny", "pence"}},
	"CNY": {2, "", [3]string{"юань", "юаня", "юаней"}, false, [3]string{"фынь", "фыня", "фыней"}, [2]string{"yuan", "yuan"}, [2]string{"fen", "fen"}},
	"TRY": {2, "₺", [3]string{"турецкая лира", "турецкие лиры", "турецких лир"}, true, [3]string{"куруш", "куруша", "курушей"}, [2]string{"Turkish lira", "Turkish liras"}, [2]string{"kurus", "kurus"}},
	"AED": {2, "", [3]string{"дирхам ОАЭ", "дирхама ОАЭ", "дирхамов ОАЭ"}, false, [3]string{"филс", "филса", "филсов"}, [2]string{"UAE dirham", "UAE dirhams"}, [2]string{"fils", "fils"}},
	"JPY": {0, "¥", [3]string{"иена", "иены", "иен"}, true, [3]string{}, [2]string{"yen", "yen"}, [2]string{}},
}

// minorDigits returns how many decimals the currency has (ISO 4217), false if the code cannot be one.
func minorDigits(code string) (int, bool) {
	if c, ok := currencies[code]; ok {
		return c.digits, true
	}
	switch code {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, true
	}
	valid := len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	return 2, valid
}

// money writes 1 234,50 ₽ in Russian, 1,234.50 RUB in English.
func money(amount decimal.Decimal, code, lang string) string {
	digits, _ := minorDigits(code)
	whole, cents, _ := strings.Cut(amount.Abs().StringFixed(int32(digits)), ".")
	group, point, unit := ",", ".", code
	if lang == "ru" {
		group, point = "\u00a0", ","
		if c := currencies[code]; c.sign != "" {
			unit = c.sign
		}
	}
	var b strings.Builder
	if amount.IsNegative() {
		b.WriteString("\u2212")
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(d)
	}
	if cents != "" {
		b.WriteString(point + cents)
	}
	b.WriteString("\u00a0" + unit)
	return b.String()
}

// amountWords writes the whole part in words and the rest in digits, as contracts do: "Двенадцать
// рублей 50 копеек", "Twelve rubles 50 kopecks".
func amountWords(amount decimal.Decimal, code, lang string) string {
	digits, _ := minorDigits(code)
	whole, cents, _ := strings.Cut(amount.Abs().StringFixed(int32(digits)), ".")
	n, _ := strconv.ParseInt(whole, 10, 64) // below maxAmount by Value.fault
	minor, _ := strconv.ParseInt("0"+cents, 10, 64)
	c, known := currencies[code]
	var text string
	if lang == "ru" {
		text = russian(n, c.feminine)
		if known {
			text += " " + c.ruMajor[russianForm(n)]
		}
	} else {
		text = english(n)
		if known {
			text += " " + c.enMajor[englishForm(n)]
		}
	}
	switch {
	case !known:
		text += " " + code
		if cents != "" {
			text += " " + cents + "/1" + strings.Repeat("0", digits)
		}
	case cents != "" && lang == "ru":
		text += " " + cents + " " + c.ruMinor[russianForm(minor)]
	case cents != "":
		text += " " + cents + " " + c.enMinor[englishForm(minor)]
	}
	return capital(minus(amount.IsNegative(), lang) + text)
}

// intWords writes a whole number in words.
func intWords(n int64, lang string) string {
	abs := n
	if n < 0 {
		abs = -n // the least int64 is below any count; Value.Int allows it, so it is met here
	}
	if abs < 0 {
		return strconv.FormatInt(n, 10)
	}
	if lang == "ru" {
		return minus(n < 0, lang) + russian(abs, false)
	}
	return minus(n < 0, lang) + english(abs)
}

func minus(negative bool, lang string) string {
	switch {
	case !negative:
		return ""
	case lang == "ru":
		return "минус "
	}
	return "minus "
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// russianForm picks among the forms for 1, 2..4 and 5: 21 рубль, 22 рубля, 25 and 11 рублей.
func russianForm(n int64) int {
	switch {
	case n%100 >= 11 && n%100 <= 14:
		return 2
	case n%10 == 1:
		return 0
	case n%10 >= 2 && n%10 <= 4:
		return 1
	}
	return 2
}

func englishForm(n int64) int {
	if n == 1 {
		return 0
	}
	return 1
}

var (
	ruSmall = strings.Fields("ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать " +
		"четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать")
	ruTens     = strings.Fields("- - двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто")
	ruHundreds = strings.Fields("- сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот")
	ruPowers   = [][3]string{
		{}, {"тысяча", "тысячи", "тысяч"}, {"миллион", "миллиона", "миллионов"}, {"миллиард", "миллиарда", "миллиардов"},
		{"триллион", "триллиона", "триллионов"}, {"квадриллион", "квадриллиона", "квадриллионов"}, {"квинтиллион", "квинтиллиона", "квинтиллионов"},
	}
	enSmall = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen " +
		"fourteen fifteen sixteen seventeen eighteen nineteen")
	enTens   = strings.Fields("- - twenty thirty forty fifty sixty seventy eighty ninety")
	enPowers = strings.Fields("- thousand million billion trillion quadrillion quintillion")
)

// thousands splits n into groups of three digits, the highest first, with the power of 1,000 of each.
func thousands(n int64, each func(group int64, power int)) {
	for power, unit := 6, int64(1e18); power >= 0; power, unit = power-1, unit/1000 {
		if group := n / unit % 1000; group > 0 {
			each(group, power)
		}
	}
}

func russian(n int64, feminine bool) string {
	if n == 0 {
		return ruSmall[0]
	}
	var words []string
	thousands(n, func(group int64, power int) {
		if h := group / 100; h > 0 {
			words = append(words, ruHundreds[h])
		}
		rest := group % 100
		if rest >= 20 {
			words = append(words, ruTens[rest/10])
			rest %= 10
		}
		switch she := power == 1 || power == 0 && feminine; {
		case she && rest == 1:
			words = append(words, "одна")
		case she && rest == 2:
			words = append(words, "две")
		case rest > 0:
			words = append(words, ruSmall[rest])
		}
		if power > 0 {
			words = append(words, ruPowers[power][russianForm(group)])
		}
	})
	return strings.Join(words, " ")
}

func english(n int64) string {
	if n == 0 {
		return enSmall[0]
	}
	var words []string
	thousands(n, func(group int64, power int) {
		if h := group / 100; h > 0 {
			words = append(words, enSmall[h], "hundred")
		}
		switch rest := group % 100; {
		case rest >= 20 && rest%10 > 0:
			words = append(words, enTens[rest/10]+"-"+enSmall[rest%10])
		case rest >= 20:
			words = append(words, enTens[rest/10])
		case rest > 0:
			words = append(words, enSmall[rest])
		}
		if power > 0 {
			words = append(words, enPowers[power])
		}
	})
	return strings.Join(words, " ")
}

var ruMonths = strings.Fields("- января февраля марта апреля мая июня июля августа сентября октября ноября декабря")

// shortDate writes 08.06.2021 in Russian, 8 Jun 2021 in English.
func shortDate(d date.Date, lang string) string {
	if lang == "ru" {
		return d.Format("02.01.2006")
	}
	return d.Format("2 Jan 2006")
}

// longDate writes 8 июня 2021 г. in Russian, 8 June 2021 in English.
func longDate(d date.Date, lang string) string {
	if lang == "ru" {
		return strconv.Itoa(d.Day()) + " " + ruMonths[d.Month()] + " " + d.Format("2006") + " г."
	}
	return d.Format("2 January 2006")
}

// show writes a value as a reader of the language expects it.
func (v Value) show(lang string) string {
	switch v.kind {
	case TypeAmount:
		return money(v.amount, v.text, lang)
	case TypeDate:
		return shortDate(date.Date(v.number), lang)
	case TypeMoment:
		local := v.local()
		return shortDate(date.NewAt(local), lang) + local.Format(" 15:04")
	case TypeYes:
		return say(lang, v.String())
	}
	return v.String()
}

// local is the moment on the wall clock of its zone; UTC if there is no such zone.
func (v Value) local() time.Time {
	loc, err := time.LoadLocation(v.text)
	if err != nil {
		return v.moment
	}
	return v.moment.In(loc)
}
