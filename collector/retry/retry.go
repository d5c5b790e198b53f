// Package retry says what to do after a request that failed. All of it follows from itnio's classification of the error.
package retry

import (
	"context"
	"time"

	"itnio_exporter/collector/reconcile"
	"itnio_exporter/itnio"
)

const (
	attempts          = 3 // at one request, before a pass is given up; what it has learned stays, so the next one has less to do
	attemptsThrottled = 5 // the client makes the next requests more slowly
	firstPause        = 250 * time.Millisecond
	longestPause      = 4 * time.Second
	patience          = 30 * time.Second // the longest wait that a server may ask for without ending the pass

	maxRetryAfter = time.Hour // the longest wait that a server may ask for
)

// Pause is how long to wait before a request is made again that has failed so many times. False: it is not, for now.
func Pause(err error, failed int) (wait time.Duration, again bool) {
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

// Refused tells of failures that may be about the window asked for.
func Refused(err error) (reconcile.Refusal, bool) {
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

// ToldToWait is how long the server asked to be left alone, at most an hour; 0: it did not.
func ToldToWait(err error) time.Duration {
	told, _ := itnio.RetryAfter(err)
	return min(told, maxRetryAfter)
}

// Sleep waits, or ends with the context's error.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
