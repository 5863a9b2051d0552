package region

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"

	"github.com/tenure-go/tenure/internal/realdata"
)

// The register's editions, and what they hold.
const (
	def2026 = "numbering/DEF-9xx.2026-08.csv.gz"
	def2023 = "numbering/DEF-9xx.2023-01.csv.gz"
	abc2014 = "numbering/ABC-3xx.2014-11.cp1251.csv.gz"
)

func readEdition(t testing.TB, name string) (*Plan, FileReport) {
	t.Helper()
	plan, reports, err := ReadRegistry(RegistryConfig{Strict: true}, bytes.NewReader(realdata.Read(t, name)))
	require.NoError(t, err)
	require.Len(t, reports, 1)
	return plan, reports[0]
}

func TestEditionsReports(t *testing.T) {
	for _, tt := range []struct {
		name string
		want FileReport
	}{
		{def2026, FileReport{Rows: 17059, Codes: 83, Numbers: 706567081, SeveralPlaces: 1740, Nationwide: 37, Differing: 2}},
		{def2023, FileReport{Rows: 9677, Codes: 79, Numbers: 627670533, SeveralPlaces: 1833, Nationwide: 36, Unresolved: 2}},
		{abc2014, FileReport{Rows: 19702, Codes: 24, Numbers: 28806113}},
	} {
		_, report := readEdition(t, tt.name)
		require.Equal(t, tt.want, report, tt.name)
		t.Logf("%s: %d rows, %d codes, %d numbers, %d rows in two subjects, %d nationwide, %d unresolved", tt.name,
			report.Rows, report.Codes, report.Numbers, report.SeveralPlaces, report.Nationwide, report.Unresolved)
	}
}

// A plainRow is a row of the register, read by other code than the library's.
type plainRow struct {
	first, last uint64
	subject     string
}

func plainRows(t testing.TB, name string) []plainRow {
	t.Helper()
	text := realdata.Read(t, name)
	if strings.Contains(name, "cp1251") {
		var err error
		text, err = charmap.Windows1251.NewDecoder().Bytes(text)
		require.NoError(t, err)
	}
	var rows []plainRow
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if i == 0 {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\r"), ";")
		v := make([]uint64, 3)
		for k := range v {
			n, err := strconv.Atoi(f[k])
			require.NoError(t, err, line)
			v[k] = uint64(n)
		}
		last := f[len(f)-1]
		if _, err := strconv.Atoi(last); err == nil { // ИНН
			last = f[len(f)-2]
		}
		rows = append(rows, plainRow{v[0]*1e7 + v[1], v[0]*1e7 + v[2], last})
	}
	return rows
}

// Law 1: the first, last and middle number of each row look up to what the row says, and a
// number in a gap to nothing.
func TestEditionsLookups(t *testing.T) {
	lookups, gaps := 0, 0
	for _, name := range []string{def2026, def2023, abc2014} {
		plan, _ := readEdition(t, name)
		rows := plainRows(t, name)
		for i, r := range rows {
			want := namedIn(r.subject)
			for _, nsn := range []uint64{r.first, r.last, (r.first + r.last) / 2} {
				got, ok := plan.Lookup(nsn)
				require.True(t, ok, nsn)
				require.Equal(t, want, joinCodes(got.Subdivisions), "%d %s", nsn, r.subject)
				require.Equal(t, strings.HasPrefix(r.subject, "Российская Федерация"), got.Nationwide)
				lookups++
			}
			if i+1 < len(rows) && r.last+1 < rows[i+1].first {
				for _, nsn := range []uint64{r.last + 1, rows[i+1].first - 1, (r.last + rows[i+1].first) / 2} {
					_, ok := plan.Lookup(nsn)
					require.False(t, ok, nsn)
				}
				gaps++
			}
		}
	}
	require.Equal(t, 139_314, lookups)
	t.Logf("%d lookups right, %d gaps give nothing", lookups, gaps)
}

func TestEditionsNumbersOfSubdivisions(t *testing.T) {
	plan, _ := readEdition(t, def2026)
	count := map[Subdivision]uint64{}
	for r, a := range plan.All() {
		if len(a.Subdivisions) == 1 {
			count[a.Subdivisions[0]] += r.Last - r.First + 1
		}
	}
	want := map[Subdivision]uint64{"RU-IRK": 9_511_220, "RU-ZAB": 3_478_210, "RU-AMU": 2_961_310, "RU-BU": 3_570_810}
	for s, n := range want {
		require.Equal(t, n, count[s], s)
		t.Logf("%s: %d numbers", s, n)
	}
}

// The built-in area codes and the register say the same, but where the register is too old.
func TestEditionsAreaCodes(t *testing.T) {
	agree, differ := uint64(0), map[string]uint64{}
	for _, r := range plainRows(t, abc2014) {
		want := namedIn(r.subject)
		if p := areaOf(r.first); want != "" && p != nil && joinCodes(p.Subdivisions) == want {
			agree += r.last - r.first + 1
			continue
		} else if want == "" {
			want = r.subject
		}
		differ[fmt.Sprint(r.first/1e7, " ", want)] += r.last - r.first + 1
	}
	t.Logf("%d numbers agree; the rest: %v", agree, differ)
	require.Equal(t, uint64(26_118_305), agree)
	require.Equal(t, map[string]uint64{
		"336 Байконур": 26_000,    // has no code
		"346 RU-TYU":   2_034_302, // Ugra and Yamal stood under Tyumen then
		"349 RU-TYU":   627_406,
		"394 RU-KEM":   100, // a slip of the register: Tuva's code
	}, differ)
}

// namedIn finds the subjects in the last segment of a cell by the stems of their names, as codes
// joined by ",": another way than the library's, which goes by keys.
func namedIn(cell string) string {
	if i := strings.LastIndexByte(cell, '|'); i >= 0 {
		cell = cell[i+1:]
	}
	if strings.HasPrefix(cell, "Сургутский") || strings.HasPrefix(cell, "Абзелиловский") { // districts alone
		return ""
	}
	cell = strings.NewReplacer("Ямало-Ненецкий", "Ямало", "Ямало - Ненецкий", "Ямало").Replace(cell)
	var codes []string
	for stem, code := range subjectStems {
		if strings.Contains(cell, stem) {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return strings.Join(slices.Compact(codes), ",")
}

var subjectStems = func() map[string]string {
	m := map[string]string{}
	f := strings.Fields(`Адыге RU-AD лика_Алтай RU-AL Алтайск RU-ALT Амурск RU-AMU Архангел RU-ARK Астрахан RU-AST Башкор RU-BA
Белгород RU-BEL Брянск RU-BRY Бурятия RU-BU Чечен RU-CE Челябин RU-CHE Чукот RU-CHU Чувашск RU-CU Дагестан RU-DA Ингуш RU-IN
Иркутск RU-IRK Ивановск RU-IVA Камчат RU-KAM Кабардин RU-KB Карачаев RU-KC Краснодар RU-KDA Кемеров RU-KEM Калининград RU-KGD
Курганск RU-KGN Хабаров RU-KHA Ханты RU-KHM Кировск RU-KIR Хакас RU-KK Калмык RU-KL Калужск RU-KLU лика_Коми RU-KO Костромск RU-KOS
Карели RU-KR Курск RU-KRS Красноярск RU-KYA Ленинградская RU-LEN Липецк RU-LIP Магадан RU-MAG Марий RU-ME Мордов RU-MO
Московск RU-MOS Москва RU-MOW Мурман RU-MUR Новгородск RU-NGR Нижегород RU-NIZ Новосибир RU-NVS Омск RU-OMS Оренбург RU-ORE
Орловск RU-ORL Пермск RU-PER Пензен RU-PNZ Приморск RU-PRI Псковск RU-PSK Ростовск RU-ROS Рязан RU-RYA Саха_ RU-SA Сахалин RU-SAK
Самарск RU-SAM Саратов RU-SAR Осетия RU-SE Смоленск RU-SMO Петербург RU-SPE Ставрополь RU-STA Свердлов RU-SVE Татарстан RU-TA
Тамбов RU-TAM Томск RU-TOM Тульск RU-TUL Тверск RU-TVE Тыва RU-TY Тюменск RU-TYU Удмурт RU-UD Ульянов RU-ULY Волгоград RU-VGG
Владимир RU-VLA Вологод RU-VLG Воронеж RU-VOR Ямало RU-YAN Ярослав RU-YAR Еврейск RU-YEV Забайкал RU-ZAB Читинск RU-ZAB
Луганск UA-09 Донецк UA-14 Запорож UA-23 Севастополь UA-40 Крым UA-43 Херсон UA-65 Ненецкий_а RU-NEN Ненецкий_А RU-NEN`)
	for i := 0; i < len(f); i += 2 {
		m[strings.ReplaceAll(f[i], "_", " ")] = f[i+1]
	}
	return m
}()
