package account

import (
	"errors"
	"time"

	"itnio_exporter/itnio"
)

const (
	minBackoff = time.Second // the first wait after a pass that failed
	claimPause = 10 * time.Second
)

// backoff is how long an account is left alone after so many failed readings in a row.
func backoff(err error, failures int, limit time.Duration) time.Duration {
	if errors.Is(err, errUnconfirmed) { // more answers are what is needed
		return min(limit, claimPause)
	}
	if itnio.ClassOf(err) == itnio.ClassAuthentication || failures >= 30 { // no retry helps; or the shift would overflow
		return limit
	}
	return min(limit, minBackoff<<(failures-1))
}
