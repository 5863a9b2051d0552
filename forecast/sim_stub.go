package forecast

func (e *dealEngine) simulate(d *drawing, back *record, now *dealOrigin, chosen int, win Period, periods []Period, f *Forecast) {
	back.bands(d, chosen, win, periods, sum(d.mean)/float64(back.days), f)
}
func (e *dealEngine) zombies(now *dealOrigin, win Period, f *Forecast) {}
func (e *payEngine) simulate(d *drawing, back *record, now *payOrigin, chosen int, win Period, periods []Period, f *Forecast) {
	back.bands(d, chosen, win, periods, sum(d.mean)/float64(back.days), f)
}
func (r *promiseReader) plan(c ReceiptsConfig, win Period, periods []Period) *plan { return nil }
