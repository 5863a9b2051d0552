package pipeline

// Winner is for law 8: a lead that the route wins.
var Winner = winner

// FirstRoute is the first route that takes a lead.
var FirstRoute = firstRoute
