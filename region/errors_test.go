package region

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every error says in both languages what is wrong, and with which value.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	type told interface {
		error
		Text(lang string) string
	}
	for _, tt := range []struct {
		err    told
		en, ru string
	}{
		{&InvalidError{"number", "24-00-00", "too_short"}, `number "24-00-00": too short`, `номер "24-00-00": слишком короткий`},
		{&ConfigError{[]Problem{{2, "zone", "Asia/X", "unknown"}, {3, "id", "", "empty"}}}, `row 2, zone "Asia/X": unknown; row 3, id "": empty`, `запись 2, часовой пояс "Asia/X": неизвестно; запись 3, код офиса "": пусто`},
		{&HeaderError{Missing: []string{"От"}, Got: "a;b"}, `the first line lacks the columns От: "a;b"`, `в первой строке нет столбцов От: "a;b"`},
		{&HeaderError{HTML: true, Got: "<html>"}, `the file is a web page, not the register: "<html>"`, `вместо реестра в файле веб-страница: "<html>"`},
		{&RowError{Line: 7, Column: 3, Field: "to", Value: "1", Why: "order"}, `line 7: to "1": order`, `строка 7: конец "1": конец раньше начала`},
		{&FormatError{12, "checksum"}, "plan file, byte 12: checksum", "файл плана, байт 12: контрольная сумма не сходится"},
	} {
		require.Equal(t, tt.en, tt.err.Text("en"))
		require.Equal(t, tt.ru, tt.err.Text("ru"))
		require.Contains(t, tt.err.Error(), "region: ")
	}
	long := (&InvalidError{"number", strings.Repeat("я", 1000), "too_long"}).Error()
	require.Less(t, len(long), 250)
}

// Every code word in the package's sources has a Russian text.
func TestCodeWordsAreTranslated(t *testing.T) {
	t.Parallel()
	found := 0
	for _, file := range []string{"did.go", "directory.go", "planfile.go", "registry.go", "region.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?:fail|add|bad)\([^\n]*"([a-z_]+)"\)|Why: +"([a-z_]+)"|return "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
			word := m[1] + m[2] + m[3]
			require.Contains(t, russian, word, file)
			found++
		}
	}
	require.Greater(t, found, 30)
}
