package ical

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// maxKey leaves room for a date and a life's number within 256 bytes.
const maxKey = 200

// safeKey returns a UID that is fit to be an ID as it stands; of one that is too long, or contains
// what an ID may not, the beginning and a hash.
func safeKey(uid string) string {
	forbidden := func(r rune) bool { return r < ' ' || r == 0x7f }
	if len(uid) <= maxKey && utf8.ValidString(uid) && !strings.ContainsFunc(uid, forbidden) {
		return uid
	}
	hash := sha256.Sum256([]byte(uid))
	head := strings.Map(func(r rune) rune {
		if forbidden(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(clip([]byte(uid)), "_"))
	return head + "-" + hex.EncodeToString(hash[:16])
}
