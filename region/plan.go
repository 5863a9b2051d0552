package region

import (
	"cmp"
	"container/heap"
	"iter"
	"slices"
	"strings"
)

// A Plan is the register of the Russian numbering plan: which number was issued where, and to
// whom. It is made by [ReadRegistry] or [OpenPlan] and never changes. A nil Plan lists nothing.
//
// It is an index of blocks: a three-digit code has 1,000 blocks of 10,000 numbers, and a block is
// nothing, one record, or a short run of pieces.
type Plan struct {
	slots   [1000]uint16 // three-digit code -> 1 + its place in blocks, 0: not listed
	blocks  []uint32     // 1,000 for each code: 0, 1 + record, or inPieces and a run
	runs    []uint32     // where each run begins in pieces; one more than there are runs
	pieces  []uint16     // the first number of each piece within its block; of each run, the first is 0
	values  []uint32     // of each piece: 0 or 1 + record
	records []record
}

const (
	blockSize = 10_000
	codeSize  = 10_000_000
	inPieces  = 1 << 31
)

// A record is what the register says of a range, and the clocks there.
type record struct {
	Allocation
	zones []string
}

func (r *record) place() Place {
	return Place{Country: "RU", Subdivisions: r.Subdivisions, District: r.District, Locality: r.Locality, Zones: r.zones}
}

// A Range is a range of ten-digit national numbers of +7, both ends included.
type Range struct{ First, Last uint64 }

// An Allocation is what the register says of a range.
type Allocation struct {
	Subdivisions       []Subdivision // sorted; none if Nationwide or if its place cannot be read; read-only
	District, Locality string
	Operator           string // as registered, for the reader: never a key
	Nationwide         bool
}

// Lookup returns what the register says of the ten-digit national number nsn of +7. It allocates
// nothing.
func (p *Plan) Lookup(nsn uint64) (Allocation, bool) {
	if r := p.find(nsn); r != nil {
		return r.Allocation, true
	}
	return Allocation{}, false
}

func (p *Plan) find(nsn uint64) *record {
	if p == nil || nsn >= 1000*codeSize {
		return nil
	}
	slot := p.slots[nsn/codeSize]
	if slot == 0 {
		return nil
	}
	v := p.blocks[int(slot-1)*1000+int(nsn%codeSize/blockSize)]
	if v&inPieces != 0 {
		at := uint16(nsn % blockSize)
		lo, hi := p.runs[v&^inPieces], p.runs[v&^inPieces+1]
		for hi-lo > 1 { // pieces[lo] <= at
			if mid := (lo + hi) / 2; p.pieces[mid] <= at {
				lo = mid
			} else {
				hi = mid
			}
		}
		v = p.values[lo]
	}
	if v == 0 {
		return nil
	}
	return &p.records[v-1]
}

// covers reports whether the register lists any number of the code.
func (p *Plan) covers(ndc uint64) bool { return p != nil && p.slots[ndc] != 0 }

// All yields the ranges in rising order. Neighbours that say the same are one range, within one
// three-digit code.
func (p *Plan) All() iter.Seq2[Range, Allocation] {
	return func(yield func(Range, Allocation) bool) {
		for row := range p.rows() {
			if !yield(Range{row.first, row.last}, p.records[row.record].Allocation) {
				return
			}
		}
	}
}

// A planRow gives the numbers first..last the record with this index.
type planRow struct {
	first, last uint64
	record      uint32
}

// rows yields what All does.
func (p *Plan) rows() iter.Seq[planRow] {
	return func(yield func(planRow) bool) {
		if p == nil {
			return
		}
		var row planRow // pending
		pending := false
		// next takes the stretch first..last with the value v; it reports whether to go on.
		next := func(first, last uint64, v uint32) bool {
			if pending && v == row.record+1 && row.last+1 == first && first%codeSize != 0 {
				row.last = last
				return true
			}
			if pending && !yield(row) {
				return false
			}
			if pending = v != 0; pending {
				row = planRow{first, last, v - 1}
			}
			return true
		}
		for ndc, slot := range p.slots {
			if slot == 0 {
				continue
			}
			for b, v := range p.blocks[int(slot-1)*1000 : int(slot)*1000] {
				first := uint64(ndc)*codeSize + uint64(b)*blockSize
				if v&inPieces == 0 {
					if !next(first, first+blockSize-1, v) {
						return
					}
					continue
				}
				lo, hi := p.runs[v&^inPieces], p.runs[v&^inPieces+1]
				for i := lo; i < hi; i++ {
					end := uint64(blockSize)
					if i+1 < hi {
						end = uint64(p.pieces[i+1])
					}
					if !next(first+uint64(p.pieces[i]), first+end-1, p.values[i]) {
						return
					}
				}
			}
		}
		if pending {
			yield(row)
		}
	}
}

// newPlan builds the index of rows, which are sorted, do not overlap and lie within one code
// each. Records are numbered anew, in the order of their first number; those of no row are dropped.
func newPlan(rows []planRow, records []record) *Plan {
	p := &Plan{records: make([]record, 0, len(records))}
	runs, pieces, values := []uint32{0}, make([]uint16, 0, len(rows)), make([]uint32, 0, len(rows))
	number := make([]uint32, len(records)) // record -> 1 + its new number
	codes := uint16(0)
	for _, row := range rows {
		if slot := &p.slots[row.first/codeSize]; *slot == 0 {
			codes++
			*slot = codes
		}
	}
	p.blocks = make([]uint32, 1000*int(codes))
	var at uint64 // the block that is open, and its pieces
	open := false
	var end uint16  // of the pieces so far
	var last uint32 // the last piece's value
	closeBlock := func() {
		if !open {
			return
		}
		open = false
		from := runs[len(runs)-1]
		if end < blockSize {
			pieces, values = append(pieces, end), append(values, 0)
		}
		v := uint32(len(runs)-1) | inPieces
		if len(pieces) == int(from)+1 {
			v = values[from]
			pieces, values = pieces[:from], values[:from]
		} else {
			runs = append(runs, uint32(len(pieces)))
		}
		*p.block(at) = v
	}
	put := func(first, past uint16, v uint32) {
		if first > end {
			pieces, values = append(pieces, end), append(values, 0)
			last = 0
		}
		if v != last || first == 0 {
			pieces, values = append(pieces, first), append(values, v)
		}
		end, last = past, v
	}
	for _, row := range rows {
		if number[row.record] == 0 {
			p.records = append(p.records, records[row.record])
			number[row.record] = uint32(len(p.records))
		}
		v := number[row.record]
		for b := row.first / blockSize; b <= row.last/blockSize; b++ {
			if !open || b != at {
				closeBlock()
				at, open, end, last = b, true, 0, 0
			}
			put(uint16(max(row.first, b*blockSize)-b*blockSize), uint16(min(row.last, b*blockSize+blockSize-1)-b*blockSize+1), v)
		}
	}
	closeBlock()
	p.runs, p.pieces, p.values = slices.Clone(runs), slices.Clone(pieces), slices.Clone(values) // no room to grow
	return p
}

// block is the entry of block number b of all numbers.
func (p *Plan) block(b uint64) *uint32 {
	return &p.blocks[int(p.slots[b/1000]-1)*1000+int(b%1000)]
}

// recordSet numbers records by their content.
type recordSet struct {
	records []record
	number  map[recordKey]uint32
	zones   map[string][]string // of a set of subdivisions
	texts   map[string]string   // copies: what add is given may be part of a whole file
}

type recordKey struct {
	subdivisions, district, locality, operator string
	nationwide                                 bool
}

func newRecordSet(size int) *recordSet {
	return &recordSet{
		records: make([]record, 0, size), number: make(map[recordKey]uint32, size),
		zones: map[string][]string{}, texts: map[string]string{},
	}
}

func (s *recordSet) copy(text string) string {
	c, ok := s.texts[text]
	if !ok {
		c = strings.Clone(text)
		s.texts[c] = c
	}
	return c
}

// add returns the number of the record of a; it keeps a's slice.
func (s *recordSet) add(a Allocation) uint32 {
	key := recordKey{joinCodes(a.Subdivisions), a.District, a.Locality, a.Operator, a.Nationwide}
	if n, ok := s.number[key]; ok {
		return n
	}
	zones, ok := s.zones[key.subdivisions]
	if !ok {
		zones = PlaceOf("", a.Subdivisions...).Zones
		s.zones[key.subdivisions] = zones
	}
	if key.subdivisions == "RU-SA" {
		zones = yakutZones(0, a.District)
	}
	a.District, a.Locality, a.Operator = s.copy(a.District), s.copy(a.Locality), s.copy(a.Operator)
	key.district, key.locality, key.operator = a.District, a.Locality, a.Operator
	n := uint32(len(s.records))
	s.number[key] = n
	s.records = append(s.records, record{a, zones})
	return n
}

func joinCodes(s []Subdivision) string {
	if len(s) == 1 {
		return string(s[0])
	}
	codes := make([]string, len(s))
	for i, c := range s {
		codes[i] = string(c)
	}
	return strings.Join(codes, ",")
}

// disjoint sorts rows and cuts them so that none overlap: where they do, the row given first
// holds. It returns which rows met a number that an earlier one holds.
func disjoint(rows []planRow) (cut []planRow, overlapping []bool) {
	overlapping = make([]bool, len(rows))
	order := make([]int, len(rows)) // by first number, then as given
	sorted := true                  // as a file of the register is
	for i := range order {
		order[i] = i
		sorted = sorted && (i == 0 || rows[i-1].last < rows[i].first)
	}
	if sorted {
		return rows, overlapping
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(rows[i].first, rows[j].first) })

	cut = make([]planRow, 0, len(rows))
	var open firstGiven // the rows that began
	at := uint64(0)     // all numbers below are settled
	settle := func(until uint64) {
		for len(open) > 0 {
			top := rows[open[0]]
			if top.last < at {
				heap.Pop(&open)
				continue
			}
			if at == until {
				return
			}
			end := min(top.last, until-1)
			cut = append(cut, planRow{at, end, top.record})
			at = end + 1
		}
		at = until
	}
	for _, i := range order {
		settle(rows[i].first)
		if len(open) > 0 {
			// Whatever else is open met the top, or an earlier one, before.
			overlapping[max(i, open[0])] = true
		}
		heap.Push(&open, i)
	}
	settle(1000 * codeSize)
	return cut, overlapping
}

// firstGiven is a heap of rows with the one given first on top.
type firstGiven []int

func (h firstGiven) Len() int           { return len(h) }
func (h firstGiven) Less(i, j int) bool { return h[i] < h[j] }
func (h firstGiven) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *firstGiven) Push(x any)        { *h = append(*h, x.(int)) }
func (h *firstGiven) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
