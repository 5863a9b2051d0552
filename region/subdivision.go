package region

import (
	"slices"
	"strings"
	"unicode"
)

// A Subdivision is the ISO 3166-2 code of a region: "RU-IRK". Codes are the standard's and take
// no stand. Those of Russia, Kazakhstan, Belarus and of other areas with Russian numbers are
// known here, with names and time zones; any other code can be carried.
type Subdivision string

// ParseSubdivision reads a code in any case, a name in Russian or English, or any spelling of the
// Russian register ("Кемеровская область - Кузбасс обл.", "г. Москва", "Республика Саха /Якутия/").
func ParseSubdivision(text string) (Subdivision, bool) {
	if s := Subdivision(strings.ToUpper(strings.TrimSpace(text))); infos[s] != nil {
		return s, true
	}
	if s, ok := subjectKeys[subjectKey(text)]; ok {
		return s, true
	}
	key := englishKey(text)
	s, ok := englishNames[key]
	if !ok { // "Republic of Tatarstan"; but Altai alone is either of two
		s, ok = englishNames[strings.TrimPrefix(key, "republic ")]
	}
	return s, ok
}

// Name is the subdivision's name in lang: Russian for "ru" and "ru-RU", else English. It is the
// code itself for one that this package does not know.
func (s Subdivision) Name(lang string) string {
	in := infos[s]
	switch {
	case in == nil:
		return string(s)
	case isRussian(lang):
		return in.ru
	}
	return in.en
}

// Zones are the IANA time zones in use there, sorted; read-only. They need tzdata of 2024a or
// later.
func (s Subdivision) Zones() []string {
	if in := infos[s]; in != nil {
		return in.zones
	}
	return nil
}

// country is the code's first part.
func (s Subdivision) country() string {
	country, _, _ := strings.Cut(string(s), "-")
	return country
}

// city is the name of the one city that s is, "" otherwise.
func (s Subdivision) city() string {
	if in := infos[s]; in != nil && in.city {
		return in.ru
	}
	return ""
}

// Zones are the time zones of a country, sorted: of RU, KZ and BY, and none for others. They are
// what a caller may use for "anywhere in Russia".
func Zones(country string) []string { return countryZones[country] }

var countryZones = func() map[string][]string {
	m := map[string][]string{}
	for s, in := range infos {
		switch c := s.country(); c {
		case "RU", "KZ", "BY":
			m[c] = append(m[c], in.zones...)
		}
	}
	for c := range m {
		slices.Sort(m[c])
		m[c] = slices.Compact(m[c])
	}
	return m
}()

type info struct {
	ru, en string
	zones  []string
	city   bool
}

var infos, subjectKeys, englishNames = func() (map[Subdivision]*info, map[string]Subdivision, map[string]Subdivision) {
	infos, keys, english := map[Subdivision]*info{}, map[string]Subdivision{}, map[string]Subdivision{}
	for line := range strings.Lines(subdivisionTable) {
		f := strings.Split(strings.TrimSpace(line), " | ")
		if len(f) < 4 {
			continue
		}
		s := Subdivision(f[0])
		name, city := strings.CutPrefix(f[1], "город ")
		zones := strings.Fields(f[3])
		if f[3] == "-" {
			zones = nil
		}
		slices.Sort(zones)
		infos[s] = &info{ru: name, en: f[2], zones: zones, city: city}
		keys[subjectKey(f[1])] = s
		english[englishKey(f[2])] = s
		for _, other := range f[4:] {
			if other[0] < 0x80 {
				english[englishKey(other)] = s
			} else {
				keys[subjectKey(other)] = s
			}
		}
	}
	return infos, keys, english
}()

// subjectKey is what all spellings of a Russian name have in common: its words in lower case,
// without what stands in brackets or between slashes and without the words for a kind of region.
// The second names Кузбасс, Югра and Чувашия are dropped too, unless they stand alone.
func subjectKey(name string) string {
	var b strings.Builder
	dropped := ""
	for word := range words(name) {
		switch word {
		case "кузбасс", "югра", "чувашия":
			dropped = word
			continue
		case "обл", "область", "край", "ао", "автономный", "автономная", "округ", "республика", "народная", "г", "город":
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	if b.Len() == 0 {
		return dropped
	}
	return b.String()
}

// englishKey is what the English spellings of a name have in common.
func englishKey(name string) string {
	var b strings.Builder
	for word := range words(name) {
		switch word {
		case "of", "the", "autonomous", "city":
			continue
		case "region":
			word = "oblast"
		case "territory":
			word = "krai"
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

// words yields the words of name in lower case, ё as е, without what is in brackets or between
// slashes.
func words(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		var word strings.Builder
		var closing rune // of the bracket that is open
		emit := func() bool {
			w := word.String()
			word.Reset()
			return w == "" || yield(w)
		}
		for _, r := range name {
			switch {
			case closing != 0:
				if r == closing {
					closing = 0
				}
				continue
			case r == '(':
				closing = ')'
			case r == '/':
				closing = '/'
			case r == '\'' || r == '’':
				continue
			}
			if !unicode.IsLetter(r) {
				if !emit() {
					return
				}
				continue
			}
			if r = unicode.ToLower(r); r == 'ё' {
				r = 'е'
			}
			word.WriteRune(r)
		}
		emit()
	}
}

// subdivisionTable: code | Russian name | English name | time zones | other names.
// A name that begins with "город" is a city's. Codes: ISO 3166-2. Zones: IANA tzdata 2024a.
// Other names are older ones and those that people use.
const subdivisionTable = `
RU-AD | Республика Адыгея | Adygea | Europe/Moscow
RU-AL | Республика Алтай | Altai Republic | Asia/Barnaul | Republic of Altai
RU-ALT | Алтайский край | Altai Krai | Asia/Barnaul
RU-AMU | Амурская область | Amur Oblast | Asia/Yakutsk
RU-ARK | Архангельская область | Arkhangelsk Oblast | Europe/Moscow
RU-AST | Астраханская область | Astrakhan Oblast | Europe/Astrakhan
RU-BA | Республика Башкортостан | Bashkortostan | Asia/Yekaterinburg | Башкирия | Bashkiria
RU-BEL | Белгородская область | Belgorod Oblast | Europe/Moscow
RU-BRY | Брянская область | Bryansk Oblast | Europe/Moscow
RU-BU | Республика Бурятия | Buryatia | Asia/Irkutsk
RU-CE | Чеченская Республика | Chechnya | Europe/Moscow | Чечня
RU-CHE | Челябинская область | Chelyabinsk Oblast | Asia/Yekaterinburg
RU-CHU | Чукотский автономный округ | Chukotka Autonomous Okrug | Asia/Anadyr | Чукотка
RU-CU | Чувашская Республика | Chuvashia | Europe/Moscow | Чувашия
RU-DA | Республика Дагестан | Dagestan | Europe/Moscow
RU-IN | Республика Ингушетия | Ingushetia | Europe/Moscow
RU-IRK | Иркутская область | Irkutsk Oblast | Asia/Irkutsk | Усть-Ордынский Бурятский
RU-IVA | Ивановская область | Ivanovo Oblast | Europe/Moscow
RU-KAM | Камчатский край | Kamchatka Krai | Asia/Kamchatka | Камчатская область | Корякский | Камчатка
RU-KB | Кабардино-Балкарская Республика | Kabardino-Balkaria | Europe/Moscow | Кабардино-Балкария
RU-KC | Карачаево-Черкесская Республика | Karachay-Cherkessia | Europe/Moscow | Карачаево-Черкесия
RU-KDA | Краснодарский край | Krasnodar Krai | Europe/Moscow
RU-KEM | Кемеровская область | Kemerovo Oblast | Asia/Novokuznetsk | Кузбасс
RU-KGD | Калининградская область | Kaliningrad Oblast | Europe/Kaliningrad
RU-KGN | Курганская область | Kurgan Oblast | Asia/Yekaterinburg
RU-KHA | Хабаровский край | Khabarovsk Krai | Asia/Vladivostok
RU-KHM | Ханты-Мансийский автономный округ — Югра | Khanty-Mansi Autonomous Okrug | Asia/Yekaterinburg | Югра
RU-KIR | Кировская область | Kirov Oblast | Europe/Kirov
RU-KK | Республика Хакасия | Khakassia | Asia/Krasnoyarsk
RU-KL | Республика Калмыкия | Kalmykia | Europe/Moscow
RU-KLU | Калужская область | Kaluga Oblast | Europe/Moscow
RU-KO | Республика Коми | Komi Republic | Europe/Moscow | Komi
RU-KOS | Костромская область | Kostroma Oblast | Europe/Moscow
RU-KR | Республика Карелия | Karelia | Europe/Moscow
RU-KRS | Курская область | Kursk Oblast | Europe/Moscow
RU-KYA | Красноярский край | Krasnoyarsk Krai | Asia/Krasnoyarsk | Таймырский | Эвенкийский
RU-LEN | Ленинградская область | Leningrad Oblast | Europe/Moscow
RU-LIP | Липецкая область | Lipetsk Oblast | Europe/Moscow
RU-MAG | Магаданская область | Magadan Oblast | Asia/Magadan
RU-ME | Республика Марий Эл | Mari El | Europe/Moscow
RU-MO | Республика Мордовия | Mordovia | Europe/Moscow
RU-MOS | Московская область | Moscow Oblast | Europe/Moscow | Подмосковье
RU-MOW | город Москва | Moscow | Europe/Moscow
RU-MUR | Мурманская область | Murmansk Oblast | Europe/Moscow
RU-NEN | Ненецкий автономный округ | Nenets Autonomous Okrug | Europe/Moscow
RU-NGR | Новгородская область | Novgorod Oblast | Europe/Moscow
RU-NIZ | Нижегородская область | Nizhny Novgorod Oblast | Europe/Moscow
RU-NVS | Новосибирская область | Novosibirsk Oblast | Asia/Novosibirsk
RU-OMS | Омская область | Omsk Oblast | Asia/Omsk
RU-ORE | Оренбургская область | Orenburg Oblast | Asia/Yekaterinburg
RU-ORL | Орловская область | Oryol Oblast | Europe/Moscow
RU-PER | Пермский край | Perm Krai | Asia/Yekaterinburg | Пермская область | Коми-Пермяцкий
RU-PNZ | Пензенская область | Penza Oblast | Europe/Moscow
RU-PRI | Приморский край | Primorsky Krai | Asia/Vladivostok | Приморье
RU-PSK | Псковская область | Pskov Oblast | Europe/Moscow
RU-ROS | Ростовская область | Rostov Oblast | Europe/Moscow
RU-RYA | Рязанская область | Ryazan Oblast | Europe/Moscow
RU-SA | Республика Саха (Якутия) | Sakha (Yakutia) | Asia/Srednekolymsk Asia/Vladivostok Asia/Yakutsk | Якутия | Yakutia
RU-SAK | Сахалинская область | Sakhalin Oblast | Asia/Sakhalin
RU-SAM | Самарская область | Samara Oblast | Europe/Samara
RU-SAR | Саратовская область | Saratov Oblast | Europe/Saratov
RU-SE | Республика Северная Осетия — Алания | North Ossetia–Alania | Europe/Moscow | Северная Осетия | North Ossetia
RU-SMO | Смоленская область | Smolensk Oblast | Europe/Moscow
RU-SPE | город Санкт-Петербург | Saint Petersburg | Europe/Moscow | Петербург | St. Petersburg
RU-STA | Ставропольский край | Stavropol Krai | Europe/Moscow
RU-SVE | Свердловская область | Sverdlovsk Oblast | Asia/Yekaterinburg
RU-TA | Республика Татарстан | Tatarstan | Europe/Moscow
RU-TAM | Тамбовская область | Tambov Oblast | Europe/Moscow
RU-TOM | Томская область | Tomsk Oblast | Asia/Tomsk
RU-TUL | Тульская область | Tula Oblast | Europe/Moscow
RU-TVE | Тверская область | Tver Oblast | Europe/Moscow
RU-TY | Республика Тыва | Tuva | Asia/Krasnoyarsk | Тува
RU-TYU | Тюменская область | Tyumen Oblast | Asia/Yekaterinburg
RU-UD | Удмуртская Республика | Udmurtia | Europe/Samara | Удмуртия
RU-ULY | Ульяновская область | Ulyanovsk Oblast | Europe/Ulyanovsk
RU-VGG | Волгоградская область | Volgograd Oblast | Europe/Volgograd
RU-VLA | Владимирская область | Vladimir Oblast | Europe/Moscow
RU-VLG | Вологодская область | Vologda Oblast | Europe/Moscow
RU-VOR | Воронежская область | Voronezh Oblast | Europe/Moscow
RU-YAN | Ямало-Ненецкий автономный округ | Yamalo-Nenets Autonomous Okrug | Asia/Yekaterinburg | Ямал
RU-YAR | Ярославская область | Yaroslavl Oblast | Europe/Moscow
RU-YEV | Еврейская автономная область | Jewish Autonomous Oblast | Asia/Vladivostok
RU-ZAB | Забайкальский край | Zabaykalsky Krai | Asia/Chita | Читинская область | Агинский Бурятский | Забайкалье
UA-09 | Луганская область | Luhansk Oblast | Europe/Kyiv Europe/Moscow
UA-14 | Донецкая область | Donetsk Oblast | Europe/Kyiv Europe/Moscow
UA-23 | Запорожская область | Zaporizhzhia Oblast | Europe/Kyiv Europe/Moscow
UA-40 | город Севастополь | Sevastopol | Europe/Simferopol
UA-43 | Крым | Crimea | Europe/Simferopol
UA-65 | Херсонская область | Kherson Oblast | Europe/Kyiv Europe/Moscow
GE-AB | Абхазия | Abkhazia | -
KZ-10 | область Абай | Abai Region | Asia/Almaty | Абайская область
KZ-11 | Акмолинская область | Akmola Region | Asia/Almaty
KZ-15 | Актюбинская область | Aktobe Region | Asia/Aqtobe
KZ-19 | Алматинская область | Almaty Region | Asia/Almaty
KZ-23 | Атырауская область | Atyrau Region | Asia/Atyrau
KZ-27 | Западно-Казахстанская область | West Kazakhstan Region | Asia/Oral
KZ-31 | Жамбылская область | Jambyl Region | Asia/Almaty
KZ-33 | область Жетысу | Jetisu Region | Asia/Almaty | Жетысуская область
KZ-35 | Карагандинская область | Karaganda Region | Asia/Almaty
KZ-39 | Костанайская область | Kostanay Region | Asia/Qostanay
KZ-43 | Кызылординская область | Kyzylorda Region | Asia/Qyzylorda
KZ-47 | Мангистауская область | Mangystau Region | Asia/Aqtau
KZ-55 | Павлодарская область | Pavlodar Region | Asia/Almaty
KZ-59 | Северо-Казахстанская область | North Kazakhstan Region | Asia/Almaty
KZ-61 | Туркестанская область | Turkistan Region | Asia/Almaty
KZ-62 | область Улытау | Ulytau Region | Asia/Almaty | Улытауская область
KZ-63 | Восточно-Казахстанская область | East Kazakhstan Region | Asia/Almaty
KZ-71 | город Астана | Astana | Asia/Almaty | Нур-Султан
KZ-75 | город Алматы | Almaty | Asia/Almaty | Алма-Ата
KZ-79 | город Шымкент | Shymkent | Asia/Almaty
BY-BR | Брестская область | Brest Region | Europe/Minsk
BY-HM | город Минск | Minsk | Europe/Minsk
BY-HO | Гомельская область | Gomel Region | Europe/Minsk
BY-HR | Гродненская область | Grodno Region | Europe/Minsk
BY-MA | Могилёвская область | Mogilev Region | Europe/Minsk
BY-MI | Минская область | Minsk Region | Europe/Minsk
BY-VI | Витебская область | Vitebsk Region | Europe/Minsk
`
