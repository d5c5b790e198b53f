package exposition

import (
	"net/http"
	"strconv"
	"strings"
)

// encoding is a content encoding.
type encoding string

const (
	identity   encoding = "identity"
	gzipCoding encoding = "gzip"
	zstdCoding encoding = "zstd"
)

// negotiateEncoding chooses as promhttp does: the best quality, the earlier of ours among equals, identity when nothing
// fits. promhttp's own function is internal to it.
func negotiateEncoding(h http.Header) encoding {
	best, bestQuality := identity, -1.0
	accepted := parseAcceptEncoding(h)
	for _, offer := range []encoding{identity, gzipCoding, zstdCoding} {
		for _, a := range accepted {
			if a.quality > bestQuality && (a.coding == "*" || a.coding == string(offer)) {
				best, bestQuality = offer, a.quality
			}
		}
	}
	if bestQuality == 0 { // everything we have is refused
		return identity
	}
	return best
}

type acceptedCoding struct {
	coding  string
	quality float64
}

// parseAcceptEncoding reads each header line up to the first clause it does not understand.
func parseAcceptEncoding(h http.Header) []acceptedCoding {
	var accepted []acceptedCoding
	for _, line := range h.Values("Accept-Encoding") {
		for clause := range strings.SplitSeq(line, ",") {
			coding, param, hasParam := strings.Cut(clause, ";")
			coding = strings.TrimSpace(coding)
			if coding == "" {
				break
			}
			quality := 1.0
			param, _, more := strings.Cut(param, ";")
			if hasParam {
				value, ok := strings.CutPrefix(strings.TrimSpace(param), "q=")
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if !ok || err != nil || value[0] == '.' || !(q >= 0 && q < 2) {
					break
				}
				quality = q
			}
			accepted = append(accepted, acceptedCoding{coding, quality})
			if more {
				break
			}
		}
	}
	return accepted
}
