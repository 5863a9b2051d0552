package booking

type profile struct{}
