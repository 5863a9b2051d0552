package forecast

var russianWords = map[string]string{}
