package show

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Checks is the table of facts that a program ends with. Each fact must be computed by other code
// than the code that did the work. The zero value is an empty table.
type Checks struct {
	facts  []Fact
	failed int
}

// A Fact is one line of the table.
type Fact struct {
	What, What2 string // in English, in Russian
	OK          bool
	Found       string
}

// Add records a fact: what was checked, in English and in Russian, whether it held, and what was
// found.
func (c *Checks) Add(en, ru string, ok bool, found string, args ...any) {
	c.facts = append(c.facts, Fact{en, ru, ok, fmt.Sprintf(found, args...)})
	if !ok {
		c.failed++
	}
}

// Facts returns the table.
func (c *Checks) Facts() []Fact { return c.facts }

// Print writes the table in a language, "en" or "ru", and returns the exit status: 0 if every check
// passed and there is one, else 1.
func (c *Checks) Print(w io.Writer, lang string) int {
	say := func(en, ru string) string {
		if lang == "ru" {
			return ru
		}
		return en
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, say("CHECK\tRESULT\tFOUND", "ПРОВЕРКА\tИТОГ\tНАЙДЕНО"))
	for _, f := range c.facts {
		verdict := say("passed", "сошлось")
		if !f.OK {
			verdict = say("FAILED", "НЕ СОШЛОСЬ")
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\n", say(f.What, f.What2), verdict, f.Found)
	}
	_ = tw.Flush()
	if c.failed > 0 || len(c.facts) == 0 {
		fmt.Fprintf(w, say("%d of %d checks failed\n", "не сошлось %d проверок из %d\n"), c.failed, len(c.facts))
		return 1
	}
	fmt.Fprintf(w, say("all %d checks passed\n", "все проверки сошлись: %d\n"), len(c.facts))
	return 0
}
