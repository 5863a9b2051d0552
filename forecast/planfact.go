package forecast

func (r *promiseReader) plan(c ReceiptsConfig, win Period, periods []Period) *plan { return nil }
