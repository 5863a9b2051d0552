package notify

import "strings"

// A pattern is a text with variables, in pieces.
type pattern []piece

type piece struct{ literal, variable string } // one of them

const nameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// parsePattern cuts text at its variables. It is not ok if a brace is neither doubled nor part of
// a variable.
func parsePattern(text string) (p pattern, ok bool) {
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			p = append(p, piece{literal: literal.String()})
			literal.Reset()
		}
	}
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			literal.WriteString(text)
			break
		}
		literal.WriteString(text[:i])
		brace, rest := text[i], text[i+1:]
		if rest != "" && rest[0] == brace {
			literal.WriteByte(brace)
			text = rest[1:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if brace == '}' || end <= 0 || strings.Trim(rest[:end], nameChars) != "" {
			return nil, false
		}
		flush()
		p = append(p, piece{variable: rest[:end]})
		text = rest[end+1:]
	}
	flush()
	return p, true
}

func (p pattern) size(vars map[string]string) int {
	n := 0
	for _, x := range p {
		n += len(x.literal)
		if x.variable != "" {
			n += len(vars[x.variable])
		}
	}
	return n
}

func (p pattern) write(b *strings.Builder, vars map[string]string) {
	for _, x := range p {
		b.WriteString(x.literal)
		if x.variable != "" {
			b.WriteString(vars[x.variable])
		}
	}
}

// render fills in both patterns with one allocation.
func render(subject, body pattern, vars map[string]string) (string, string) {
	if len(subject) == 0 && len(body) == 1 && body[0].variable == "" {
		return "", body[0].literal
	}
	var b strings.Builder
	b.Grow(subject.size(vars) + body.size(vars))
	subject.write(&b, vars)
	cut := b.Len()
	body.write(&b, vars)
	return b.String()[:cut], b.String()[cut:]
}
