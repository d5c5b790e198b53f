package account

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/reconcile"
)

// A failure is logged when it begins, when its reason changes and every 15 minutes while it lasts, and so is its end.
func TestFailureInTheLog(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	vec := func() *prometheus.GaugeVec { return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "test"}, nil) }
	h := &health{metrics: Metrics{Up: vec(), LastSuccess: vec()}, logger: log.NewLogfmtLogger(&out), now: func() time.Time { return now }}
	refused, timeout := errors.New("read tcp 10.0.0.1:4711: refused"), errors.New("timeout")
	for _, step := range []struct {
		minutes int // of one reading a minute that ends so
		err     error
		want    string
	}{
		{5, nil, ""},
		{15, refused, "level=warn msg=\"reading failed\" err=\"read tcp 10.0.0.1:4711: refused\"\n"},
		{10, refused, "level=warn msg=\"reading failed\" err=\"read tcp 10.0.0.1:4711: refused\"\n"},
		{30, timeout, strings.Repeat("level=warn msg=\"reading failed\" err=timeout\n", 2)},
		{5, nil, "level=info msg=\"reading succeeds again\"\n"},
		{5, timeout, "level=warn msg=\"reading failed\" err=timeout\n"},
		{1, errOffset, "level=warn msg=\"reading failed\" err=\"" + failureOf(errOffset).text + "\"\n"},
	} {
		out.Reset()
		for range step.minutes {
			h.ended(reconcile.Live, step.err)
			now = now.Add(time.Minute)
		}
		require.Equal(t, step.want, out.String())
	}
	require.Equal(t, failureOf(errOffset).text, h.Status().LastError)
}

// TestOneCauseInSeveralPasses: a failure that lasts is logged once, whichever passes meet it.
func TestOneCauseInSeveralPasses(t *testing.T) {
	var out bytes.Buffer
	vec := func() *prometheus.GaugeVec { return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "test"}, nil) }
	h := &health{metrics: Metrics{Up: vec(), LastSuccess: vec()}, logger: log.NewLogfmtLogger(&out), now: time.Now}
	timeout := errors.New("timeout")
	h.ended(reconcile.Audit, timeout)
	require.Equal(t, "audit: timeout", h.Status().LastError)
	h.ended(reconcile.Live, timeout)
	require.Equal(t, "timeout", h.Status().LastError)
	h.ended(reconcile.Sweep, timeout)
	h.ended(reconcile.Live, nil)
	h.ended(reconcile.Sweep, nil)
	h.ended(reconcile.Audit, nil)
	require.Equal(t, "level=warn msg=\"reading failed\" err=\"audit: timeout\"\nlevel=info msg=\"reading succeeds again\"\n", out.String())
}

// TestFailingSince: a failure begins once, whatever its reasons, and ends with a success.
func TestFailingSince(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	began := now
	vec := func() *prometheus.GaugeVec { return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "test"}, nil) }
	h := &health{metrics: Metrics{Up: vec(), LastSuccess: vec()}, logger: log.NewNopLogger(), now: func() time.Time { return now }}
	for _, err := range []error{errors.New("a"), errors.New("b"), errOffset} {
		h.ended(reconcile.Live, err)
		require.Equal(t, began, h.Status().FailingSince)
		now = now.Add(time.Minute)
	}
	require.Equal(t, TroubleOffset, h.Status().Trouble)
	h.ended(reconcile.Live, nil)
	require.Zero(t, h.Status().FailingSince)
	require.Empty(t, h.Status().Trouble)
	h.ended(reconcile.Audit, errors.New("a"))
	require.Equal(t, now, h.Status().FailingSince)
}
