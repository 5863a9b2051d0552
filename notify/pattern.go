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

// fill appends the pieces of p, the variables filled in.
func (p pattern) fill(parts []string, vars map[string]string) []string {
	for i := range p {
		if p[i].variable == "" {
			parts = append(parts, p[i].literal)
		} else {
			parts = append(parts, vars[p[i].variable])
		}
	}
	return parts
}

// render fills in both patterns with one allocation.
func render(subject, body pattern, vars map[string]string) (string, string) {
	if len(subject) == 0 && len(body) == 1 && body[0].variable == "" {
		return "", body[0].literal
	}
	var few [16]string
	parts := subject.fill(few[:0], vars)
	subjects := len(parts)
	parts = body.fill(parts, vars)
	size, cut := 0, 0
	for i, part := range parts {
		if size += len(part); i < subjects {
			cut = size
		}
	}
	var b strings.Builder
	b.Grow(size)
	for _, part := range parts {
		b.WriteString(part)
	}
	return b.String()[:cut], b.String()[cut:]
}
