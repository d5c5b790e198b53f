package call

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"itnio_exporter/itnio"
)

// hashed marks a session that is a hash: no number of up to 18 digits has this bit.
const hashed = 1 << 63

// session is the call's session as a number: itself if it is a number of up to 18 digits without leading zeros, else a
// 63-bit hash of it with the top bit set; 0 if there is none or it is "0".
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

// maxSessionID bounds a session id that can be an exemplar: OpenMetrics allows 128 runes, its label's name included.
const maxSessionID = 64

// sessionID is the session id for exemplars; "" if it is not one that leads anywhere: too long or not plain.
func sessionID(id string) string {
	if len(id) > maxSessionID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

// identify sets the ids by which the call is known.
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

// isDigits reports whether s is made of ASCII digits only; true for "".
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
