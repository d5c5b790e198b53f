package call

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"itnio_exporter/itnio"
)

// hashed is the bit that marks a session hash. Numbers of up to 18 digits do not use it.
const hashed = 1 << 63

// session turns a session id into a number. An id of up to 18 digits without leading zeros is that number. Any other text is the last
// 63 bits of the first 8 bytes of its SHA-256, with the bit hashed set. No id, and the id "0", are 0.
func session(id string) uint64 {
	if id == "" || id == "0" {
		return 0
	}
	if len(id) <= 18 && id[0] != '0' && isDigits(id) {
		n, _ := strconv.ParseUint(id, 10, 64) // 18 digits always fit
		return n
	}
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[:]) | hashed
}

// maxSessionID is the longest session id that can be an exemplar, in bytes. OpenMetrics allows 128 runes, label names
// included.
const maxSessionID = 64

// sessionID is the session id for exemplars; "" if it is longer than maxSessionID or not printable ASCII.
func sessionID(id string) string {
	if len(id) > maxSessionID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

// identify sets the call's ids.
func (b *builder) identify(r *itnio.Record) {
	id := strings.TrimSpace(r.CallSessionID)
	b.Key, b.Session, b.SessionID = r.KeyID, session(id), sessionID(id)
	switch {
	case b.Key == 0 && b.Session == 0:
		b.note(AnomalyNoID)
	case b.Key == 0:
		b.note(AnomalyNoKeyID)
	}
}

// isDigits reports whether s has nothing but ASCII digits; true for "".
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
