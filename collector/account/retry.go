package account

import (
	"errors"
	"time"

	"itnio_exporter/collector/reconcile"
	"itnio_exporter/itnio"
)

// What to do after a request that failed. All of it follows from itnio's classification of the error.

const (
	attempts          = 3 // at one request, before a pass is given up; what it has learned stays, so the next one has less to do
	attemptsThrottled = 5 // the client makes the next requests more slowly
	firstPause        = 250 * time.Millisecond
	longestPause      = 4 * time.Second
	patience          = 30 * time.Second // the longest wait that a server may ask for without ending the pass

	minBackoff    = time.Second // the first wait after a pass that failed
	maxRetryAfter = time.Hour   // the longest wait that a server may ask for
	claimPause    = 10 * time.Second
)

// pause is how long to wait before a request is made again that has failed so many times. False: it is not, for now.
func pause(err error, failed int) (wait time.Duration, again bool) {
	told, _ := itnio.RetryAfter(err)
	most := attempts
	if itnio.ClassOf(err) == itnio.ClassThrottled {
		most = attemptsThrottled
	}
	if failed >= most || told > patience {
		return 0, false
	}
	switch itnio.RetryOf(err) {
	case itnio.RetryOnce:
		return firstPause, failed == 1
	case itnio.RetrySoon:
		wait = firstPause << (2 * (failed - 1))
	case itnio.RetryLater:
		wait = min(time.Second<<(failed-1), longestPause)
	default:
		return 0, false
	}
	return max(wait, told), true
}

// refused tells of failures that may be about the window asked for.
func refused(err error) (reconcile.Refusal, bool) {
	switch itnio.RefusalOf(err) {
	case itnio.RefusalTooMuch:
		return reconcile.TooMuch, true
	case itnio.RefusalTooLong:
		return reconcile.TooLong, true
	case itnio.RefusalParameter:
		return reconcile.Parameter, true
	case itnio.RefusalBroken:
		return reconcile.Broken, true
	}
	return 0, false
}

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

// toldToWait is how long the server asked to be left alone; 0: it did not.
func toldToWait(err error) time.Duration {
	told, _ := itnio.RetryAfter(err)
	return min(told, maxRetryAfter)
}
