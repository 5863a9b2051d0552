package region

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf8"
)

// A plan file is: magic, version, the strings, the records, the ranges, and the CRC-32C of all
// that, little-endian. Counts and numbers are uvarints.
//
//	string: length, bytes
//	record: 2 × count of subdivisions + 1 if nationwide, their strings; district, locality, operator
//	range:  gap since the last one's end, length, record
const (
	planMagic   = "TNRP"
	planVersion = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendBinary appends the plan as a file's content, for [OpenPlan], to b. Equal plans give equal
// bytes. The error is always nil.
func (p *Plan) AppendBinary(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, planMagic...)
	b = append(b, planVersion)

	var body []byte
	put := func(v uint64) { body = binary.AppendUvarint(body, v) }
	texts := []string{}
	number := map[string]uint64{}
	text := func(s string) {
		n, ok := number[s]
		if !ok {
			n = uint64(len(texts))
			number[s] = n
			texts = append(texts, s)
		}
		put(n)
	}
	if p == nil {
		p = newPlan(nil, nil)
	}
	put(uint64(len(p.records)))
	for _, r := range p.records {
		head := 2 * uint64(len(r.Subdivisions))
		if r.Nationwide {
			head++
		}
		put(head)
		for _, s := range r.Subdivisions {
			text(string(s))
		}
		text(r.District)
		text(r.Locality)
		text(r.Operator)
	}
	count := uint64(0)
	for range p.rows() {
		count++
	}
	put(count)
	end := uint64(0)
	for row := range p.rows() {
		put(row.first - end)
		put(row.last - row.first)
		put(uint64(row.record))
		end = row.last + 1
	}

	b = binary.AppendUvarint(b, uint64(len(texts)))
	for _, s := range texts {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli)), nil
}

// OpenPlan reads what AppendBinary wrote. It keeps nothing of b. Anything else is a
// [*FormatError]; the memory used is bounded by the length of b, and an index of 4 MiB at most.
func OpenPlan(b []byte) (*Plan, error) {
	const head = len(planMagic) + 1
	switch {
	case len(b) < head || string(b[:len(planMagic)]) != planMagic:
		return nil, &FormatError{Offset: 0, Why: "not_a_plan"}
	case b[len(planMagic)] != planVersion:
		return nil, &FormatError{Offset: len(planMagic), Why: "unknown_version"}
	case len(b) < head+4:
		return nil, &FormatError{Offset: len(b), Why: "cut_short"}
	}
	sum := len(b) - 4
	if crc32.Checksum(b[:sum], castagnoli) != binary.LittleEndian.Uint32(b[sum:]) {
		return nil, &FormatError{Offset: sum, Why: "checksum"}
	}
	r := planReader{bytes: b[:sum], at: head}
	texts := r.texts()
	records := r.records(texts)
	rows := r.rows(len(records))
	if r.err == nil && r.at != sum {
		r.fail("surplus")
	}
	if r.err != nil {
		return nil, r.err
	}
	return newPlan(rows, records), nil
}

// A planReader reads the parts of a plan file until the first error.
type planReader struct {
	bytes []byte
	at    int
	err   *FormatError
}

func (r *planReader) fail(why string) {
	if r.err == nil {
		r.err = &FormatError{Offset: r.at, Why: why}
	}
}

// uvarint reads a number below limit.
func (r *planReader) uvarint(limit uint64) uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.bytes[r.at:])
	switch {
	case n == 0:
		r.fail("cut_short")
		return 0
	case n < 0 || v >= limit:
		r.fail("out_of_range")
		return 0
	}
	r.at += n
	return v
}

// count reads how many things follow, each of at least size bytes.
func (r *planReader) count(size int) int {
	n := r.uvarint(uint64(len(r.bytes)) + 1)
	if int(n) > (len(r.bytes)-r.at)/size {
		r.fail("cut_short")
		return 0
	}
	return int(n)
}

func (r *planReader) texts() []string {
	texts := make([]string, r.count(1))
	all := string(r.bytes)
	for i := range texts {
		n := r.count(1)
		if r.err != nil {
			return nil
		}
		texts[i] = all[r.at : r.at+n]
		if !utf8.ValidString(texts[i]) {
			r.fail("bad_text")
			return nil
		}
		r.at += n
	}
	return texts
}

func (r *planReader) records(texts []string) []record {
	n := r.count(4)
	set := newRecordSet(n)
	text := func() string {
		if n := r.uvarint(uint64(len(texts))); r.err == nil {
			return texts[n]
		}
		return ""
	}
	for ; n > 0 && r.err == nil; n-- {
		var a Allocation
		head := r.uvarint(2*uint64(len(infos)) + 2)
		a.Nationwide = head%2 == 1
		for range head / 2 {
			s := Subdivision(text())
			if r.err != nil {
				return nil
			}
			if k := len(a.Subdivisions); infos[s] == nil || k > 0 && a.Subdivisions[k-1] >= s {
				r.fail("unknown_subdivision")
				return nil
			}
			a.Subdivisions = append(a.Subdivisions, s)
		}
		a.District, a.Locality, a.Operator = text(), text(), text()
		if before := len(set.records); r.err == nil && set.add(a) != uint32(before) {
			r.fail("duplicate")
		}
	}
	return set.records
}

func (r *planReader) rows(records int) []planRow {
	rows := make([]planRow, 0, r.count(3))
	end := uint64(0)
	for range cap(rows) {
		first := end + r.uvarint(1000*codeSize-end)
		last := first + r.uvarint(codeSize-first%codeSize)
		record := r.uvarint(uint64(records))
		if r.err != nil {
			return nil
		}
		rows = append(rows, planRow{first, last, uint32(record)})
		end = last + 1
	}
	return rows
}
