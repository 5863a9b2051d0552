// Package edits counts how far apart two spellings are, for errors that name what was meant.
package edits

// Distance is Levenshtein's: how many elements, bytes or characters, are to be put in, left out or
// changed to make one of the other.
func Distance[E comparable](a, b []E) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := diagonal
			if x != y {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
