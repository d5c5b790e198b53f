package itnio

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter cuts what a server may ask for.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads the Retry-After header, seconds or a date. A date is measured against the server's own clock. 0: no
// header, a senseless one, or one that asks for nothing.
func retryAfter(h http.Header, serverNow time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if isDigits(v) {
		s, err := strconv.ParseInt(v, 10, 64)
		if err != nil || s > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter // an error can only be a number too large
		}
		return time.Duration(s) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(serverNow), 0), maxRetryAfter)
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}
