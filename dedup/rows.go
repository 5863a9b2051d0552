package dedup

import "hash/maphash"

// rows are rows that are found by their ID and refer to one another by their place. Place 0 is
// nobody's. The index holds no pointers, so that the collector passes over it; rows lie in chunks,
// so that none is moved when there are more.
type rows[T any] struct {
	chunks [][]placed[T]
	count  int    // of places
	slots  []slot // a power of two of them, at most 3 of 4 taken
	taken  int
	seed   maphash.Seed
}

type placed[T any] struct {
	id  string
	row T
}

// A slot of an index is tried with its place's hash before the ID is compared.
type slot struct {
	hash  uint32
	place int32 // 0: free
}

const chunk = 64 // rows of one

// id returns the ID of a place.
func (r *rows[T]) id(place int32) string { return r.chunks[place/chunk][place%chunk].id }

// is reports whether a place is that of id.
func (r *rows[T]) is(id string, place int32) bool { return int(place) < r.count && r.id(place) == id }

// row returns the row at a place.
func (r *rows[T]) row(place int32) *T { return &r.chunks[place/chunk][place%chunk].row }

// find returns the place of id, 0 if it has none.
func (r *rows[T]) find(id string) int32 {
	if r.taken == 0 {
		return 0
	}
	hash := uint32(maphash.String(r.seed, id))
	for i := hash; ; i++ {
		s := r.slots[int(i)&(len(r.slots)-1)]
		if s.place == 0 || s.hash == hash && r.id(s.place) == id {
			return s.place
		}
	}
}

// at returns the place of id, making one if need be.
func (r *rows[T]) at(id string) int32 {
	if place := r.find(id); place != 0 {
		return place
	}
	return r.add(id)
}

// add makes a place for id, which has none.
func (r *rows[T]) add(id string) int32 {
	if r.count == 0 {
		r.count, r.seed = 1, maphash.MakeSeed()
	}
	if 4*r.taken >= 3*len(r.slots) {
		r.grow()
	}
	place := int32(r.count)
	if r.count++; int(place/chunk) == len(r.chunks) {
		r.chunks = append(r.chunks, make([]placed[T], chunk))
	}
	r.chunks[place/chunk][place%chunk].id = id
	r.put(slot{uint32(maphash.String(r.seed, id)), place})
	return place
}

func (r *rows[T]) put(s slot) {
	i := s.hash
	for r.slots[int(i)&(len(r.slots)-1)].place != 0 {
		i++
	}
	r.slots[int(i)&(len(r.slots)-1)] = s
	r.taken++
}

// grow makes room, and leaves out what was dropped.
func (r *rows[T]) grow() {
	had := r.slots
	r.slots, r.taken = make([]slot, max(16, 2*len(had))), 0
	for _, s := range had {
		if s.place != 0 && r.id(s.place) != "" {
			r.put(s)
		}
	}
}

// drop makes a place nobody's. Nothing of its ID is left.
func (r *rows[T]) drop(place int32) { r.chunks[place/chunk][place%chunk] = placed[T]{} }
