package booking

import (
	"cmp"
	"slices"
)

// A mark is a change of how many places are taken.
type mark struct {
	at int64
	by int64
}

func sortMarks(marks []mark) {
	slices.SortFunc(marks, func(a, b mark) int {
		if a.at != b.at {
			return cmp.Compare(a.at, b.at)
		}
		return cmp.Compare(a.by, b.by) // what ends makes room for what begins
	})
}

// peak returns the most that is taken at once, given the marks of what is taken.
func peak(marks []mark) int {
	sortMarks(marks)
	var sum, most int64
	for _, m := range marks {
		sum += m.by
		most = max(most, sum)
	}
	return int(most)
}

// A profile is how many places are free, as a step function: free[i] from at[i] to at[i+1].
type profile struct {
	at   []int64
	free []int64
}

// newProfile sums up what is taken; it reorders marks.
func newProfile(capacity int, marks []mark) *profile {
	sortMarks(marks)
	p := &profile{at: make([]int64, 1, len(marks)+1), free: make([]int64, 1, len(marks)+1)}
	p.at[0], p.free[0] = -forever, int64(capacity)
	for i := 0; i < len(marks); {
		at, free := marks[i].at, p.free[len(p.free)-1]
		for ; i < len(marks) && marks[i].at == at; i++ {
			free -= marks[i].by
		}
		if free != p.free[len(p.free)-1] {
			p.at, p.free = append(p.at, at), append(p.free, free)
		}
	}
	return p
}

// segment returns the index of the step that contains at.
func (p *profile) segment(at int64) int {
	low, high := 0, len(p.at)
	for high-low > 1 {
		if mid := int(uint(low+high) >> 1); p.at[mid] <= at {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// least returns how many places are free all over [from, to).
func (p *profile) least(from, to int64) int {
	i := p.segment(from)
	least := p.free[i]
	for i++; i < len(p.at) && p.at[i] < to; i++ {
		least = min(least, p.free[i])
	}
	return int(least)
}

// next returns the first instant, not before from, from which count places are free for length;
// it need not lie within what was loaded.
func (p *profile) next(from, length int64, count int) (start int64, ok bool) {
	start = from
	for i := p.segment(from); i < len(p.at); i++ {
		end := forever
		if i+1 < len(p.at) {
			end = p.at[i+1]
		}
		switch {
		case int(p.free[i]) < count:
			start = end
		case end == forever || end-start >= length:
			return start, true
		}
	}
	return 0, false
}
