package collector

import (
	"errors"
	"time"

	"github.com/go-kit/log/level"

	"itnio_exporter/collector/reconcile"
)

// AccountStatus is what is to be known of an account at a glance.
type AccountStatus struct {
	Name          string
	Up            *bool // nil: not read yet
	LastSuccess   time.Time
	CompleteUntil time.Time
	CatchUp       time.Duration
	OpenWindows   int
	LastError     string
}

// finish takes a pass's findings.
func (r *reader) finish(p *reconcile.Pass) {
	for kind, n := range p.Anomalies {
		r.anomaly(kind, n)
	}
	r.metrics.deleted.WithLabelValues(r.cfg.Name).Add(float64(p.Deleted))
	clear(p.Anomalies)
	p.Deleted = 0
	open := r.state.OpenWindows()
	r.metrics.openWindows.WithLabelValues(r.cfg.Name).Set(float64(open))
	r.catchUp(r.state.CatchUp(r.api.ServerNow().Unix()))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.OpenWindows = open
}

func (r *reader) catchUp(remaining time.Duration) {
	r.metrics.catchUp.WithLabelValues(r.cfg.Name).Set(remaining.Seconds())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.CatchUp = remaining
}

func (r *reader) completeUntil(t time.Time) {
	r.metrics.completeUntil.WithLabelValues(r.cfg.Name).Set(float64(t.Unix()))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.CompleteUntil = t
}

// report notes how a reading ended. A failure that lasts is logged once.
func (r *reader) report(err error) {
	up, text := 1.0, ""
	if err != nil {
		up, text = 0, err.Error()
		if errors.Is(err, errOffset) {
			text = errOffset.Error() + ": nothing is counted until utc_offset is right"
		}
	}
	r.metrics.up.WithLabelValues(r.cfg.Name).Set(up)
	now := r.now()
	r.mu.Lock()
	ok := err == nil
	r.status.Up, r.status.LastError = &ok, text
	if ok {
		r.status.LastSuccess = now
		r.metrics.lastSuccess.WithLabelValues(r.cfg.Name).Set(float64(now.UnixMilli()) / 1000)
	}
	r.mu.Unlock()
	switch {
	case err == nil && r.lastError != "":
		level.Info(r.logger).Log("msg", "reading succeeds again")
	case text != "" && text != r.lastError:
		level.Warn(r.logger).Log("msg", "reading failed", "err", text)
	}
	r.lastError = text
}

// Status is what is to be known of the account now.
func (r *reader) Status() AccountStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}
