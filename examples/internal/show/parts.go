package show

import "strings"

// Parts is how many parts an SMS centre bills a text in, counted by its length alone, for checks of what
// package notify/sms counts: right for plain ASCII without ^{}[]~|\, and for Cyrillic.
func Parts(text string) int64 {
	length, alone, each := len([]rune(text)), 160, 153
	if strings.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
		alone, each = 70, 67
	}
	if length <= alone {
		return 1
	}
	return int64((length + each - 1) / each)
}
