package account

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/reconcile"
	"itnio_exporter/collector/retry"
	"itnio_exporter/itnio"
)

func status(code int) error { return &itnio.StatusError{Code: code} }

func httpStatus(code int) error { return &itnio.HTTPError{StatusCode: code} }

// TestAfterFailure: what follows from a failed request, for one error of each kind.
func TestAfterFailure(t *testing.T) {
	const (
		limit = 5 * time.Minute
		none  = reconcile.Refusal(255)
	)
	soon := []time.Duration{250 * time.Millisecond, time.Second}
	later := []time.Duration{time.Second, 2 * time.Second}
	for _, tt := range []struct {
		name    string
		err     error
		pauses  []time.Duration // before each further attempt
		backoff time.Duration   // after the first failed reading
		refusal reconcile.Refusal
	}{
		{"key refused", status(itnio.StatusAuthFailed), nil, limit, none},
		{"address refused", status(itnio.StatusIPNotAllowed), nil, limit, none},
		{"HTTP 401", httpStatus(http.StatusUnauthorized), nil, limit, none},
		{"too frequent", status(itnio.StatusTooFrequent), []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second}, time.Second, none},
		{"HTTP 429", httpStatus(http.StatusTooManyRequests), []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second}, time.Second, none},
		{"timestamp expired", status(itnio.StatusTimestamp), nil, time.Second, none},
		{"data caps", status(itnio.StatusDataCaps), nil, time.Second, reconcile.TooMuch},
		{"window too long", status(itnio.StatusWindowTooLong), nil, time.Second, reconcile.TooLong},
		{"parameter", status(itnio.StatusParameter), nil, time.Second, reconcile.Parameter},
		{"system exception", status(itnio.StatusSystemException), soon, time.Second, reconcile.Broken},
		{"HTTP 500", httpStatus(http.StatusInternalServerError), soon, time.Second, reconcile.Broken},
		{"time limit", itnio.ErrTimeout, soon[:1], time.Second, reconcile.Broken},
		{"connection", fmt.Errorf("wrapped: %w", itnio.ErrConnection), soon, time.Second, reconcile.Broken},
		{"unknown status", status(-42), later, time.Second, reconcile.Broken},
		{"HTTP 400", httpStatus(http.StatusBadRequest), later, time.Second, reconcile.Broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var pauses []time.Duration
			for failed := 1; ; failed++ {
				wait, again := retry.Pause(tt.err, failed)
				if !again {
					break
				}
				pauses = append(pauses, wait)
			}
			require.Equal(t, tt.pauses, pauses)
			require.Equal(t, tt.backoff, backoff(tt.err, 1, limit))
			require.Equal(t, limit, backoff(tt.err, 1000, limit))
			refusal, ok := retry.Refused(tt.err)
			require.Equal(t, tt.refusal != none, ok)
			if ok {
				require.Equal(t, tt.refusal, refusal)
			}
		})
	}
}

// TestToldToWait: a wait that the server asks for is kept in place if it is short, ends the pass if it is long, and is believed
// up to an hour.
func TestToldToWait(t *testing.T) {
	told := func(d time.Duration) error {
		return &itnio.HTTPError{StatusCode: http.StatusTooManyRequests, RetryAfter: d}
	}
	wait, again := retry.Pause(told(20*time.Second), 1)
	require.True(t, again)
	require.Equal(t, 20*time.Second, wait)
	_, again = retry.Pause(told(31*time.Second), 1)
	require.False(t, again)
	require.Equal(t, 31*time.Second, retry.ToldToWait(told(31*time.Second)))
	require.Equal(t, time.Hour, retry.ToldToWait(told(24*time.Hour)))
	require.Zero(t, retry.ToldToWait(itnio.ErrTimeout))
}
