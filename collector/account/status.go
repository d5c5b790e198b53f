package account

import (
	"errors"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/reconcile"
	"itnio_exporter/logging"
)

// Status is what is to be known of an account at a glance.
type Status struct {
	Name          string
	Ready         bool          // a pass has ended, a request has failed, or requests are answered slowly
	Up            *bool         // whether the last passes of all kinds succeeded; nil: none has ended and no request has failed
	LastSuccess   time.Time     // local time; zero: none
	CompleteUntil time.Time     // server's time up to which everything is counted; zero: not known
	CatchUp       time.Duration // how much of the past is still to be read
	OpenWindows   int           // windows to be read again
	LastError     string        // of the last passes; empty: all succeeded
	Clock         string        // what is not believed of the server's clock; empty: nothing
}

const kinds = reconcile.Audit + 1 // of passes

// health keeps an account's Status, with the metrics and log lines that say the same. Its methods are for one goroutine, but
// for Status, which waits for none of them.
type health struct {
	metrics Metrics
	logger  log.Logger
	now     func() time.Time
	steady  func() time.Duration
	began   time.Duration // by steady
	timeout time.Duration // of a request
	failure logging.Lasting
	failed  [kinds]string // by kind of pass: why the last one failed; empty: it did not

	mu     sync.Mutex
	status Status
}

// Status is the account's status now.
func (h *health) Status() Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status
}

func (h *health) update(f func(*Status)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(&h.status)
}

func (h *health) openWindows(n int) {
	h.metrics.OpenWindows.WithLabelValues().Set(float64(n))
	h.update(func(s *Status) { s.OpenWindows = n })
}

func (h *health) catchUp(remaining time.Duration) {
	h.metrics.CatchUp.WithLabelValues().Set(remaining.Seconds())
	h.update(func(s *Status) { s.CatchUp = remaining })
}

func (h *health) completeUntil(t time.Time) {
	h.metrics.CompleteUntil.WithLabelValues().Set(float64(t.Unix()))
	h.update(func(s *Status) { s.CompleteUntil = t })
}

// lastSuccess takes when the account was last read.
func (h *health) lastSuccess(at time.Time) {
	h.metrics.LastSuccess.WithLabelValues().Set(float64(at.UnixMilli()) / 1000)
	h.update(func(s *Status) { s.LastSuccess = at })
}

func (h *health) clock(text string) { h.update(func(s *Status) { s.Clock = text }) }

// attempted takes how a request ended. Before the first pass has ended, a failure is all that is known of the account. Where
// answers are so slow that a pass takes longer than a request may, it is not waited for.
func (h *health) attempted(err error) {
	switch {
	case h.Status().Up != nil:
	case err != nil:
		h.show(textOf(err))
	case h.steady()-h.began >= h.timeout:
		h.update(func(s *Status) { s.Ready = true })
	}
}

// goesOn takes that the API answers what a pass asks.
func (h *health) goesOn(kind reconcile.Kind) {
	if h.failed[kind] != "" {
		h.ended(kind, nil)
	}
}

// ended takes how a pass ended, or the part of it that there was time for.
func (h *health) ended(kind reconcile.Kind, err error) {
	h.failed[kind] = textOf(err)
	now := h.now()
	if kind == reconcile.Live && err == nil {
		h.lastSuccess(now)
	}
	text := h.reason()
	h.show(text)
	switch {
	case text == "" && h.failure.Succeeded():
		level.Info(h.logger).Log("msg", "reading succeeds again")
	case text != "" && h.failure.Failed(text, now):
		level.Warn(h.logger).Log("msg", "reading failed", "err", text)
	}
}

// reason is why the account is down; empty: it is up.
func (h *health) reason() string {
	for kind, prefix := range [kinds]string{reconcile.Sweep: "catching up: ", reconcile.Audit: "audit: "} {
		if failed := h.failed[kind]; failed != "" {
			return prefix + failed
		}
	}
	return ""
}

// show makes the account up, or down with a reason.
func (h *health) show(reason string) {
	up, value := reason == "", 0.0
	if up {
		value = 1
	}
	h.metrics.Up.WithLabelValues().Set(value)
	h.update(func(s *Status) { s.Ready, s.Up, s.LastError = true, &up, reason })
}

// textOf is what an operator reads of an error.
func textOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errOffset):
		return errOffset.Error() + ": nothing is counted until utc_offset is right"
	}
	return err.Error()
}
