package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteMermaid draws the newest version of the pipeline as a Mermaid state diagram, with titles in
// the language where there are any. With a case it draws that case's version, and marks where it
// stands. An unknown pipeline is an [*UnknownError]; an error of w comes back.
func (e *Engine) WriteMermaid(w io.Writer, p PipelineID, c *Case, lang string) error {
	d, err := e.newest(p)
	if err != nil {
		return err
	}
	if c != nil && c.at != nil {
		d = c.def
	}
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "stateDiagram-v2")
	// Names like "end" are words of the language, so stages are drawn as s0, s1.
	for i, s := range d.Stages {
		fmt.Fprintf(out, "    state \"%s\" as s%d\n", drawn(title(s.Title, lang, string(s.ID))), i)
	}
	if len(d.Stages) > 0 {
		fmt.Fprintln(out, "    [*] --> s0")
	}
	for i := range d.Moves {
		m := &d.Moves[i]
		for _, from := range stagesOf(&d.Definition, m.From) {
			fmt.Fprintf(out, "    s%d --> s%d : %s\n", from, d.stages[m.To], drawn(title(m.Title, lang, string(m.Action))))
		}
	}
	for i, s := range d.Stages {
		if s.Final != "" {
			fmt.Fprintf(out, "    s%d --> [*]\n", i)
		}
	}
	if c != nil && c.at != nil {
		fmt.Fprintf(out, "    classDef here stroke-width:4px\n    class s%d here\n", c.at.stage)
	}
	return out.Flush()
}

func title(titles map[string]string, lang, id string) string {
	if t := titles[lang]; t != "" {
		return t
	}
	return id
}

// drawn keeps a text from being read as a part of the diagram.
func drawn(text string) string {
	return strings.NewReplacer(`"`, "#quot;", "#", "#35;", ";", "#59;", ":", "#58;", "<", "#lt;", ">", "#gt;",
		"\n", " ", "\r", " ", "%%", "#37;#37;", "{", "#123;", "}", "#125;", "[", "#91;", "]", "#93;").Replace(text)
}
