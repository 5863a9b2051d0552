package dedup

import (
	"bufio"
	_ "embed"
	"io"
	"strings"

	"github.com/tenure-go/tenure/internal/phone"
)

// The lists a Reader reads by, if it was given no others.
var (
	//go:embed names_ru.txt
	defaultNames string
	//go:embed providers.txt
	defaultProviders string
	//go:embed roles.txt
	defaultRoles string
	//go:embed placeholders.txt
	defaultPlaceholders string
)

// ReaderConfig holds what a Reader needs. The zero value reads as in Russia.
type ReaderConfig struct {
	// Region is the country (ISO 3166-1 alpha-2) of phone numbers without a calling code.
	// Defaults to "RU".
	Region string

	// Names lists given names, one a line: the name, its forms separated by spaces, Latin
	// spellings that transliteration does not give; three columns separated by tabs.
	// Defaults to 180 names used in Russia.
	Names io.Reader

	// Providers lists mail providers that take several spellings for one mailbox: domain, the
	// domain it stands for, then "yes" or "no" for: dots are ignored, a dash equals a dot, what
	// follows a plus sign is ignored. Defaults to the large ones.
	Providers io.Reader

	// Roles lists mailboxes of a function, one a line: info, sales.
	// Defaults to the customary ones.
	Roles io.Reader

	// Placeholders lists what stands for no value: "phone", "email" or "name", a tab, the value.
	// Defaults to the customary ones.
	Placeholders io.Reader
}

// A Reader finds phones, e-mails and names in what people typed. It is immutable and safe for
// concurrent use.
type Reader struct {
	scanner   phone.Scanner
	names     map[string][]string // a form's spelling -> the names it may stand for, sorted
	forms     map[string][]string // a name's spelling -> the spellings of its forms
	providers map[string]provider
	roles     map[string]bool
	noPhone   map[uint64]bool
	noEmail   map[string]bool
	noName    map[string]bool
	longest   int // of noName, in bytes
}

type provider struct {
	canonical        string
	dots, dash, plus bool
}

// NewReader reads the lists. Its error is a *ConfigError with all faults of all lists.
func NewReader(c ReaderConfig) (*Reader, error) {
	var problems []Problem
	region := c.Region
	if region == "" {
		region = "RU"
	}
	scanner, ok := phone.NewScanner(region)
	if !ok {
		problems = append(problems, Problem{Code: ProblemRegion, Field: "Region", Value: region})
	}
	r := &Reader{
		scanner:   scanner,
		names:     make(map[string][]string),
		forms:     make(map[string][]string),
		providers: make(map[string]provider),
		roles:     make(map[string]bool),
		noPhone:   make(map[uint64]bool),
		noEmail:   make(map[string]bool),
		noName:    make(map[string]bool),
	}
	for _, list := range []struct {
		field string
		given io.Reader
		own   string
		add   func(columns []string) bool
	}{
		{"Names", c.Names, defaultNames, r.addName},
		{"Providers", c.Providers, defaultProviders, r.addProvider},
		{"Roles", c.Roles, defaultRoles, r.addRole},
		{"Placeholders", c.Placeholders, defaultPlaceholders, r.addPlaceholder},
	} {
		if list.given == nil {
			list.given = strings.NewReader(list.own)
		}
		lines := bufio.NewScanner(list.given)
		n := 0
		for lines.Scan() {
			n++
			line := strings.TrimRight(lines.Text(), " \r")
			if line == "" || line[0] == '#' {
				continue
			}
			if !list.add(strings.Split(line, "\t")) {
				problems = append(problems, Problem{Code: ProblemRow, Field: list.field, Value: line, Line: n})
			}
		}
		if err := lines.Err(); err != nil {
			problems = append(problems, Problem{Code: ProblemUnreadable, Field: list.field, Value: err.Error(), Line: n + 1})
		}
	}
	if problems != nil {
		return nil, &ConfigError{Problems: problems}
	}
	return r, nil
}

func (r *Reader) addProvider(columns []string) bool {
	if len(columns) != 5 {
		return false
	}
	for _, c := range columns[2:] {
		if c != "yes" && c != "no" {
			return false
		}
	}
	r.providers[columns[0]] = provider{columns[1], columns[2] == "yes", columns[3] == "yes", columns[4] == "yes"}
	return true
}

func (r *Reader) addRole(columns []string) bool {
	r.roles[strings.ToLower(columns[0])] = true
	return len(columns) == 1
}

func (r *Reader) addPlaceholder(columns []string) bool {
	if len(columns) != 2 {
		return false
	}
	value := columns[1]
	switch columns[0] {
	case "phone":
		numbers := r.scanner.Append(nil, value)
		if len(numbers) != 1 {
			return false
		}
		if n := numbers[0].E164; n != 0 {
			r.noPhone[n] = true
		}
	case "email":
		r.noEmail[strings.ToLower(value)] = true
	case "name":
		r.noName[strings.ToLower(value)] = true
		r.longest = max(r.longest, 3*len(value)) // a letter may be three times as long as its lower one
	default:
		return false
	}
	return true
}
