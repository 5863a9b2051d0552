package pipeline

// Winner is for law 8: a lead that the route wins.
var Winner = winner

// FirstRoute is the first route that takes a lead.
var FirstRoute = firstRoute

// SameName reports whether what compares names takes b for a.
func SameName(a, b string) bool {
	n := nameOf(a)
	return n.is(keyOf(b), b)
}
