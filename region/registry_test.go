package region

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
)

const (
	header6 = "АВС/ DEF;От;До;Емкость;Оператор;Регион\n"
	header8 = "АВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН\n"
)

func readOne(t testing.TB, c RegistryConfig, text string) (*Plan, FileReport, error) {
	t.Helper()
	plan, reports, err := ReadRegistry(c, strings.NewReader(text))
	if err != nil {
		return nil, FileReport{}, err
	}
	require.Len(t, reports, 1)
	return plan, reports[0], nil
}

// One row is the same in every form in which the register is met.
func TestReadRegistryForms(t *testing.T) {
	t.Parallel()
	in1251, err := charmap.Windows1251.NewEncoder().String(header6 + "914;0;99;100;ООО \"Байкал\";Братск |Братский |Иркутская область\r\n")
	require.NoError(t, err)
	for name, text := range map[string]string{
		"2026":             "\ufeff" + header8 + "914;0000000;0000099;100;ООО \"Байкал\";-;г. Братск|м.р-н Братский|Иркутская область;1",
		"2026, no newline": header8 + "914;0000000;0000099;100;ООО \"Байкал\";Братск |Братский |Иркутская область;Иркутская область;1",
		"2023":             "\ufeffABC/DEF;От;До;Ёмкость;Оператор;Регион;ИНН\n914;0;99;100;\"ООО \"\"Байкал\"\"\";\"Братск |Братский |Иркутская обл.\";1\n\n",
		"2014":             in1251,
		"other order":      "Регион;Оператор;До;От;Емкость;АВС/ DEF\nг. Братск|р-н Братский|Иркутская обл.;ООО \"Байкал\";99;0;100;914\n",
	} {
		plan, report, err := readOne(t, RegistryConfig{Strict: true}, text)
		require.NoError(t, err, name)
		require.Equal(t, FileReport{Rows: 1, Codes: 1, Numbers: 100}, report, name)
		got, ok := plan.Lookup(9_140_000_050)
		require.True(t, ok, name)
		require.Equal(t, Allocation{Subdivisions: []Subdivision{"RU-IRK"}, District: "Братский", Locality: "Братск", Operator: `ООО "Байкал"`}, got, name)
	}
}

func TestReadTerritory(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ region, gar, want string }{
		{"", "Иркутская область", "RU-IRK||"},
		{"Улан - Удэ |Республика Бурятия", "", "RU-BU||Улан-Удэ"},
		{"Ирбитский |Свердловская область", "", "RU-SVE|Ирбитский|"},
		{"Шилка |Шилкинский |Читинская область", "", "RU-ZAB|Шилкинский|Шилка"},
		{"Ханты - Мансийск |Ханты - Мансийский - Югра АО |Тюменская область", "", "RU-TYU||Ханты-Мансийск"},
		{"Корякский округ|Камчатский край", "", "RU-KAM||"},
		{"г. Норильск|Красноярский край", "г. Норильск|г.о. город Норильск|Красноярский край", "RU-KYA||Норильск"},
		{"г. Сочи|Краснодарский край", "Краснодарский край", "RU-KDA||Сочи"},
		{"-", "п. Южный|м.р-н Верхоянский|Республика Саха (Якутия)", "RU-SA|Верхоянский|Южный"},
		{"-", "Верхоянский м.р-н|Республика Саха (Якутия)", "RU-SA|Верхоянский|"},
		{"-", "Пермский м.о.|Пермский край", "RU-PER|Пермский|"},
		{"Московская область * Москва|Московская область * Москва", "", "RU-MOS,RU-MOW||"},
		{"г. Москва * Московская область", "Город Москва, Московская область", "RU-MOS,RU-MOW||"},
		{"г. Москва и Московская область", "Город Москва", "RU-MOW||Москва differs"},
		{"Республика Крым * г. Севастополь", "", "UA-40,UA-43||"},
		{"Севастополь", "", "UA-40||Севастополь"},
		{"Российская Федерация", "Российская Федерация", "nationwide"},
		{"Байконур", "", "||Байконур"},
		{"Сургутский район * г. Сургут", "", "unknown"},
		{"", "", "unknown"},
	} {
		got := readTerritory(tt.region, tt.gar)
		text := joinCodes(got.subdivisions) + "|" + got.district + "|" + got.locality
		switch {
		case got.nationwide:
			text = "nationwide"
		case !got.known:
			text = "unknown"
		case got.differs:
			text += " differs"
		}
		require.Equal(t, tt.want, text, "%s / %s", tt.region, tt.gar)
	}
}

func TestReadRegistryBadRows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		row  string
		want RowError
	}{
		{"914;0;99;100;А", RowError{Line: 3, Field: "columns", Value: "914;0;99;100;А", Why: "missing"}},
		{"9I4;0;99;100;А;Б", RowError{Line: 3, Column: 1, Field: "code", Value: "9I4", Why: "not_a_number"}},
		{"91;0;99;100;А;Б", RowError{Line: 3, Column: 1, Field: "code", Value: "91", Why: "out_of_range"}},
		{"914;;99;100;А;Б", RowError{Line: 3, Column: 2, Field: "from", Value: "", Why: "not_a_number"}},
		{"914;10000000;99;100;А;Б", RowError{Line: 3, Column: 2, Field: "from", Value: "10000000", Why: "out_of_range"}},
		{"914;0;-9;100;А;Б", RowError{Line: 3, Column: 3, Field: "to", Value: "-9", Why: "not_a_number"}},
		{"914;0;10000000;100;А;Б", RowError{Line: 3, Column: 3, Field: "to", Value: "10000000", Why: "out_of_range"}},
		{"914;99;0;100;А;Б", RowError{Line: 3, Column: 3, Field: "to", Value: "0", Why: "order"}},
		{"914;0;99;99;А;Б", RowError{Line: 3, Column: 4, Field: "capacity", Value: "99", Why: "sum"}},
		{"914;0;99;сто;А;Б", RowError{Line: 3, Column: 4, Field: "capacity", Value: "сто", Why: "not_a_number"}},
	} {
		text := header6 + "900;0;9;10;А;Иркутская обл.\n" + tt.row + "\n900;10;19;10;А; и Б;\"Иркутская обл.\"\n"
		plan, report, err := readOne(t, RegistryConfig{}, text)
		require.NoError(t, err)
		require.Equal(t, FileReport{Rows: 2, Codes: 1, Numbers: 20, BadRows: 1, Bad: []*RowError{&tt.want}}, report, tt.row)
		got, ok := plan.Lookup(9_000_000_015)
		require.True(t, ok)
		require.Equal(t, "А; и Б", got.Operator)

		_, _, err = readOne(t, RegistryConfig{Strict: true}, text)
		var bad *RowError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, tt.want, *bad)
		require.Contains(t, err.Error(), "file 1")
		require.Contains(t, bad.Text("ru"), "строка 3")
	}
	_, report, err := readOne(t, RegistryConfig{}, header6+strings.Repeat("x\n", 1000))
	require.NoError(t, err)
	require.Equal(t, 1000, report.BadRows)
	require.Len(t, report.Bad, 100)
}

func TestReadRegistryNotTheRegister(t *testing.T) {
	t.Parallel()
	var header *HeaderError
	_, _, err := readOne(t, RegistryConfig{}, "<!DOCTYPE html>\n<html></html>")
	require.ErrorAs(t, err, &header)
	require.True(t, header.HTML)
	require.Contains(t, header.Text("ru"), "веб-страница")

	_, _, err = readOne(t, RegistryConfig{}, "")
	require.ErrorAs(t, err, &header)
	require.Len(t, header.Missing, 6)

	_, _, err = readOne(t, RegistryConfig{}, "АВС/ DEF;От;До;Оператор;Регион\n")
	require.ErrorAs(t, err, &header)
	require.Equal(t, []string{"Емкость"}, header.Missing)
	require.Contains(t, header.Text("en"), "Емкость")

	_, _, err = ReadRegistry(RegistryConfig{}, strings.NewReader(header6), iotest.ErrReader(io.ErrUnexpectedEOF))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Contains(t, err.Error(), "file 2")

	_, _, err = readOne(t, RegistryConfig{MaxBytes: 50}, header6+"900;0;9;10;А;Иркутская обл.\n")
	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "too_large", invalid.Why)

	// A file that was cut has a bad last row, and a good beginning.
	_, report, err := readOne(t, RegistryConfig{}, header6+"900;0;9;10;А;Иркутская обл.\n900;10;1")
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 1}, [2]int{report.Rows, report.BadRows})
}

func TestReadRegistryOverlaps(t *testing.T) {
	t.Parallel()
	one := header6 + "900;0;99;100;А;Иркутская обл.\n900;50;149;100;Б;Забайкальский край\n"
	two := header6 + "900;100;299;200;В;Амурская область\n"
	plan, reports, err := ReadRegistry(RegistryConfig{}, strings.NewReader(one), strings.NewReader(two))
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 1}, [2]int{reports[0].Overlaps, reports[1].Overlaps})
	var got []string
	for r, a := range plan.All() {
		got = append(got, a.Operator)
		require.Equal(t, map[string]Range{
			"А": {9_000_000_000, 9_000_000_099}, "Б": {9_000_000_100, 9_000_000_149}, "В": {9_000_000_150, 9_000_000_299},
		}[a.Operator], r)
	}
	require.Equal(t, []string{"А", "Б", "В"}, got)
}

func FuzzReadRegistry(f *testing.F) {
	f.Add([]byte(register))
	f.Add([]byte(header8 + "914;0;9;10;\"А;Б\";-;г. Москва;1"))
	f.Add([]byte("<html>"))
	f.Add([]byte(header6 + "900;0;9999999;10000000;А;Б\n900;5;5;1;А;Иркутская обл.\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		plan, reports, err := ReadRegistry(RegistryConfig{MaxBytes: 1 << 20}, strings.NewReader(string(file)))
		if err != nil {
			var header *HeaderError
			var invalid *InvalidError
			require.True(t, errors.As(err, &header) || errors.As(err, &invalid), err)
			return
		}
		numbers := uint64(0)
		for r, a := range plan.All() {
			numbers += r.Last - r.First + 1
			got, ok := plan.Lookup(r.Last)
			require.True(t, ok)
			require.Equal(t, a, got)
		}
		require.LessOrEqual(t, numbers, uint64(reports[0].Numbers))
		require.Equal(t, reports[0].Overlaps == 0, numbers == uint64(reports[0].Numbers))
		b, err := plan.AppendBinary(nil)
		require.NoError(t, err)
		opened, err := OpenPlan(b)
		require.NoError(t, err)
		again, err := opened.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}
