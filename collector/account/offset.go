package account

import (
	"errors"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/zone"
)

// errOffset says that record times and the server's clock do not agree.
var errOffset = errors.New("record times and the server's clock do not agree")

// offsetGuard finds out whether utc_offset, the zone of record times, is right. At a first start with a wrong one, counting is
// suspended.
type offsetGuard struct {
	zone    *time.Location // as configured
	poll    time.Duration  // interval
	audit   time.Duration  // interval
	metrics Metrics
	logger  log.Logger

	first     zone.First
	live      zone.Guard
	late      zone.Guard // of what only audits find: that is everything if the windows are asked for in a wrong zone too
	passes    int        // over the lookback
	audits    int        // over the horizon, ended
	suspended bool
}

// begin is the start of a pass over the lookback.
func (o *offsetGuard) begin() { o.passes++ }

// sawLive adds a new record of a pass over the lookback.
func (o *offsetGuard) sawLive(lag time.Duration) {
	o.live.Saw(zone.Sighting{Lag: lag, Pass: o.passes, Gap: o.poll})
	o.late = zone.Guard{}
}

// sawLate adds a new record of an audit. The first audit reads for the first time, so only what later ones find is new.
func (o *offsetGuard) sawLate(lag time.Duration) {
	if o.audits > 0 {
		o.late.SawSome(zone.Sighting{Lag: lag, Pass: o.audits, Gap: o.audit})
	}
}

// doubts adds the lag of a record, and reports whether the record is not to be counted for now.
func (o *offsetGuard) doubts(id uint64, lag time.Duration) bool {
	o.first.Saw(id, lag)
	return o.first.Doubts(lag)
}

// checkFirst suspends counting at a first start whose newest records are in the future.
func (o *offsetGuard) checkFirst() error {
	lag, wrong := o.first.Ahead()
	if !wrong {
		return nil
	}
	o.suspended = true
	o.report(lag)
	return errOffset
}

// passed reports, after a complete pass over the lookback, whether the offset has just turned out to be wrong.
func (o *offsetGuard) passed() bool {
	o.first.Passed()
	return o.judge(&o.live)
}

// audited is passed after an audit.
func (o *offsetGuard) audited() bool {
	o.audits++
	return o.judge(&o.late)
}

func (o *offsetGuard) judge(g *zone.Guard) bool {
	wrong := g.TurnedWrong()
	if wrong {
		o.report(g.Lag)
	}
	return wrong
}

func (o *offsetGuard) report(lag time.Duration) {
	o.metrics.anomaly(call.AnomalyOffset, 1)
	level.Error(o.logger).Log("msg", "utc_offset is most likely wrong: new records do not carry the server's time",
		"median_lag", lag.Round(time.Second), "suggested_utc_offset", zone.Suggestion(o.zone, lag))
}

// resume ends the suspension if the lags of the newest records have become plausible.
func (o *offsetGuard) resume(lags []time.Duration) bool {
	if len(lags) == 0 || !zone.Plausible(zone.Median(lags)) {
		return false
	}
	level.Info(o.logger).Log("msg", "record times and the server's clock agree again, counting goes on")
	o.suspended, o.first, o.live = false, zone.NewFirst(), zone.Guard{}
	return true
}
