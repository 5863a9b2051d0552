package phone

import "unicode/utf8"

const (
	maxDigits = 64 // of a chunk: longer ones are no numbers
	maxGroups = 32
	maxJoins  = 3 // slashes within one number
)

// A chunk is a stretch of text that may be one number, or several with nothing but spaces or
// slashes between them.
type chunk struct {
	start, end int // in the text; start is -1 while nothing was met
	plus       bool
	bad        bool // a letter stands for a digit
	long       bool // digits or groups did not fit
	gap, slash bool // met since the last digit

	digits     [maxDigits]byte
	digitCount int
	groups     [maxGroups]group // runs of digits without a gap
	groupCount int

	maskCount int
	maskFirst bool // a mask met before the first digit, with a space after it
	maskTight bool // a mask that touches a digit or lies between digits
}

// A group is a run of digits: digits[first:last] of the chunk, text[start:end] of the text.
type group struct {
	start, end  int
	first, last int
	slash       bool // a slash stands before it
}

func (c *chunk) reset() { *c = chunk{start: -1} }

func (c *chunk) add(digit byte, start, end int) {
	if c.start < 0 {
		c.start = start
	}
	c.end = end
	if c.maskCount > 0 && !c.maskFirst {
		c.maskTight = true
	}
	if c.long || c.digitCount == maxDigits || (c.gap || c.groupCount == 0) && c.groupCount == maxGroups {
		c.long = true
		return
	}
	if c.gap || c.groupCount == 0 {
		c.groups[c.groupCount] = group{start: start, first: c.digitCount, slash: c.slash && c.groupCount > 0}
		c.groupCount++
	}
	c.gap, c.slash = false, false
	c.digits[c.digitCount] = digit
	c.digitCount++
	g := &c.groups[c.groupCount-1]
	g.last, g.end = c.digitCount, end
}

// mask notes the hidden places text[start:end].
func (c *chunk) mask(start, end int, text string) {
	c.maskCount += end - start
	if touchesDigit(text, start, end) {
		c.maskTight = true
	} else if c.digitCount == 0 {
		c.maskFirst = true
	}
	c.gap = true
	if c.start < 0 {
		c.start = start
	}
	c.end = end
}

// complete reports whether the chunk's last digits are a whole number, so that a sign after them
// begins an extension.
func (s Scanner) complete(c *chunk) bool {
	if c.bad || c.long || c.maskTight || c.groupCount == 0 {
		return false
	}
	from := c.groupCount - 1
	for from > 0 && !c.groups[from].slash {
		from--
	}
	if s.read(c, from, c.groupCount).whole() {
		return true
	}
	var ends [maxGroups + 1]int
	return s.split(c, from, c.groupCount, &ends) || s.read(c, 0, c.groupCount).whole()
}

// appendChunk appends what c holds: one number, or several.
func (s Scanner) appendChunk(dst []Number, c *chunk) []Number {
	nothing := Number{Start: c.start, End: c.end}
	switch {
	case c.bad:
		nothing.Why = WhyLetters
		return append(dst, nothing)
	case c.long:
		nothing.Why = WhyTooLong
		return append(dst, nothing)
	case c.maskTight || c.maskCount > 0 && !s.read(c, 0, c.groupCount).whole():
		// A bullet before a whole number hides nothing.
		nothing.Grade = GradeMasked
		return append(dst, nothing)
	}
	for from := 0; from < c.groupCount; {
		to := c.piece(from)
		n := s.read(c, from, to)
		// A slash parts two whole numbers only: "310/246-1501" is one.
		for end, joins := to, 0; !n.whole() && end < c.groupCount && joins < maxJoins; joins++ {
			if s.read(c, end, c.piece(end)).whole() {
				break
			}
			end = c.piece(end)
			if joined := s.read(c, from, end); joined.whole() {
				n, to = joined, end
			}
		}
		if n.whole() {
			dst = append(dst, n)
		} else {
			dst = s.appendSplit(dst, c, from, to, n)
		}
		from = to
	}
	return dst
}

// piece returns the end of the groups from from on that no slash parts.
func (c *chunk) piece(from int) int {
	to := from + 1
	for to < c.groupCount && !c.groups[to].slash {
		to++
	}
	return to
}

// appendSplit appends the several numbers that the groups from..to are when read one after
// another, or else n, what they are when read as one.
func (s Scanner) appendSplit(dst []Number, c *chunk, from, to int, n Number) []Number {
	if !s.plus7() {
		return append(dst, n)
	}
	var ends [maxGroups + 1]int
	if s.split(c, from, to, &ends) {
		for at := from; at < to; at = ends[at] {
			dst = append(dst, s.read(c, at, ends[at]))
		}
		return dst
	}
	// Two numbers written without any gap.
	g := c.groups[from]
	if size := g.last - g.first; to == from+1 && (size == 22 || size == 20) {
		var two chunk
		two.reset()
		two.plus = c.plus && from == 0
		step := (g.end - g.start) / size
		for i := range size {
			two.gap = i == size/2
			two.add(c.digits[g.first+i], g.start+i*step, g.start+(i+1)*step)
		}
		a, b := s.read(&two, 0, 1), s.read(&two, 1, 2)
		if a.whole() && b.whole() && step*size == g.end-g.start {
			return append(dst, a, b)
		}
	}
	return append(dst, n)
}

// split finds ends, the end of the number that begins at each group, such that every number from
// from to to is whole. There must be one way only: what can be cut in two ways is not cut.
func (s Scanner) split(c *chunk, from, to int, ends *[maxGroups + 1]int) bool {
	if !s.plus7() || c.groups[to-1].last-c.groups[from].first < 20 {
		return false
	}
	var ways [maxGroups + 1]int // of reading the groups from here to the end
	ways[to] = 1
	for at := to - 1; at >= from; at-- {
		for end := at + 1; end <= to && c.groups[end-1].last-c.groups[at].first <= 13; end++ {
			if ways[end] > 0 && s.isSeven(c, at, end) {
				ways[at] = min(ways[at]+ways[end], 2)
				ends[at] = end
			}
		}
	}
	return ways[from] == 1
}

// whole reports whether the number can be told from its neighbours.
func (n Number) whole() bool { return n.Grade == GradeUsable || n.Grade == GradeTollFree }

// isSeven reports whether the groups from..to are a whole number of +7.
func (s Scanner) isSeven(c *chunk, from, to int) bool {
	d := c.digits[c.groups[from].first:c.groups[to-1].last]
	nsn, ok := seven(d, c.plus && from == 0, c.groups[from].last-c.groups[from].first)
	if !ok {
		return false
	}
	grade, _, _ := classify7(nsn)
	return grade == GradeUsable || grade == GradeTollFree
}

// read reads the groups from..to as one number.
func (s Scanner) read(c *chunk, from, to int) Number {
	if from == to {
		return Number{Start: c.start, End: c.end, Why: WhyTooShort}
	}
	first, last := c.groups[from], c.groups[to-1]
	plus := c.plus && from == 0
	n := s.resolve(c.digits[first.first:last.last], plus, first.last-first.first)
	n.Start, n.End = first.start, last.end
	if plus {
		n.Start = c.start
	}
	return n
}

// runEnd returns the end of the run of runes that belong, from from on.
func runEnd(text string, from int, belongs func(rune) bool) int {
	for from < len(text) {
		r, size := utf8.DecodeRuneInString(text[from:])
		if !belongs(r) {
			break
		}
		from += size
	}
	return from
}

func everyRune(s string, is func(rune) bool) bool { return runEnd(s, 0, is) == len(s) }
