package account

import (
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/reconcile"
	"itnio_exporter/itnio"
	"itnio_exporter/logging"
)

// Status is a summary of an account, for the status page and readiness.
type Status struct {
	Name          string
	Ready         bool          // a pass has ended, a request has failed, or requests are answered slowly
	Up            *bool         // whether the last passes of all kinds succeeded; nil: none has ended and no request has failed
	LastSuccess   time.Time     // local time; zero: none
	CompleteUntil time.Time     // server's time up to which everything is counted; zero: not known
	CatchUp       time.Duration // how much of the past is still to be read
	CaughtUp      float64       // the part of the past that has been read since catching up began, 0 to 1
	Estimate      time.Duration // until the past has been read, if it goes on as so far; 0: not known
	Auditing      bool          // an audit is under way
	OpenWindows   int           // windows to be read again
	LastError     string        // of the last passes; empty: all succeeded
	Trouble       Trouble       // the kind of LastError
	FailingSince  time.Time     // local time; zero: the account is not down
	Clock         string        // what is not believed of the server's clock; empty: nothing
	Habits        []itnio.Habit // of the server, as far as they are known
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
	failed  [kinds]failure // by kind of pass: why the last one failed
	past    progress

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
	done, estimate := h.past.left(remaining, h.steady())
	h.update(func(s *Status) { s.CatchUp, s.CaughtUp, s.Estimate = remaining, done, estimate })
}

func (h *health) auditing(yes bool) { h.update(func(s *Status) { s.Auditing = yes }) }

func (h *health) completeUntil(t time.Time) {
	h.metrics.CompleteUntil.WithLabelValues().Set(float64(t.Unix()))
	h.update(func(s *Status) { s.CompleteUntil = t })
}

// lastSuccess sets when the account was last read.
func (h *health) lastSuccess(at time.Time) {
	h.metrics.LastSuccess.WithLabelValues().Set(float64(at.UnixMilli()) / 1000)
	h.update(func(s *Status) { s.LastSuccess = at })
}

func (h *health) habits(habits *itnio.Habits) {
	known := habits.Known()
	h.update(func(s *Status) { s.Habits = known })
}

func (h *health) clock(text string) { h.update(func(s *Status) { s.Clock = text }) }

// attempted records the result of a request. Until the first pass has ended, a failed request makes the account down, and slow
// answers make it ready after the timeout of one request.
func (h *health) attempted(err error) {
	switch {
	case h.Status().Up != nil:
	case err != nil:
		h.show(failureOf(err))
	case h.steady()-h.began >= h.timeout:
		h.update(func(s *Status) { s.Ready = true })
	}
}

// goesOn records that the API answers the requests of a pass again.
func (h *health) goesOn(kind reconcile.Kind) {
	if h.failed[kind].text != "" {
		h.ended(kind, nil)
	}
}

// ended records the result of a pass, or of the part of it that there was time for.
func (h *health) ended(kind reconcile.Kind, err error) {
	h.failed[kind] = failureOf(err)
	now := h.now()
	if kind == reconcile.Live && err == nil {
		h.lastSuccess(now)
	}
	prefix, reason := h.reason()
	h.show(failure{prefix + reason.text, reason.trouble})
	switch cause := reason.text; { // one that lasts is the same for all kinds of passes
	case cause == "" && h.failure.Succeeded():
		level.Info(h.logger).Log("msg", "reading succeeds again")
	case cause != "" && h.failure.Failed(cause, now):
		level.Warn(h.logger).Log("msg", "reading failed", "err", prefix+cause)
	}
}

// reason is why the account is down, and a prefix that says in which kind of pass; the zero value: it is up.
func (h *health) reason() (prefix string, reason failure) {
	for kind, prefix := range [kinds]string{reconcile.Sweep: "catching up: ", reconcile.Audit: "audit: "} {
		if failed := h.failed[kind]; failed.text != "" {
			return prefix, failed
		}
	}
	return "", failure{}
}

// show makes the account up, or down with a reason.
func (h *health) show(reason failure) {
	up, value, now := reason.text == "", 0.0, h.now()
	if up {
		value, now = 1, time.Time{}
	}
	h.metrics.Up.WithLabelValues().Set(value)
	h.update(func(s *Status) {
		s.Ready, s.Up, s.LastError, s.Trouble = true, &up, reason.text, reason.trouble
		if up || s.FailingSince.IsZero() {
			s.FailingSince = now
		}
	})
}
