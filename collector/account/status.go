package account

import (
	"errors"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/logging"
)

// Status is what is to be known of an account at a glance.
type Status struct {
	Name          string
	Up            *bool         // whether the last reading succeeded; nil: not read yet
	LastSuccess   time.Time     // local time; zero: none
	CompleteUntil time.Time     // server's time up to which everything is counted; zero: not known
	CatchUp       time.Duration // how much of the past is still to be read
	OpenWindows   int           // windows to be read again
	LastError     string        // of the last reading; empty: it succeeded
	Clock         string        // what is not believed of the server's clock; empty: nothing
}

// health keeps an account's Status, with the metrics and log lines that say the same. Its methods are for one goroutine, but
// for Status, which waits for none of them.
type health struct {
	metrics Metrics
	logger  log.Logger
	now     func() time.Time
	failure logging.Lasting

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

func (h *health) clock(text string) { h.update(func(s *Status) { s.Clock = text }) }

// polled takes how a reading of the lookback ended.
func (h *health) polled(err error) {
	text := textOf(err)
	ok := err == nil
	now := h.now()
	h.update(func(s *Status) {
		s.Up, s.LastError = &ok, text
		if ok {
			s.LastSuccess = now
		}
	})
	if ok {
		h.metrics.Up.WithLabelValues().Set(1)
		h.metrics.LastSuccess.WithLabelValues().Set(float64(now.UnixMilli()) / 1000)
	} else {
		h.metrics.Up.WithLabelValues().Set(0)
	}
	switch {
	case ok && h.failure.Succeeded():
		level.Info(h.logger).Log("msg", "reading succeeds again")
	case !ok && h.failure.Failed(text, now):
		level.Warn(h.logger).Log("msg", "reading failed", "err", text)
	}
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
