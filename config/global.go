package config

import (
	"time"

	"github.com/prometheus/common/model"
)

const (
	day        = 24 * time.Hour
	maxHorizon = 93 * day // the longest window the API takes
)

// validate checks the global settings. The defaults of some durations depend on others: backoff_max is 5m with a
// poll_interval of 1m, and 10m with one of 10m.
func (g GlobalConfig) validate(s *source) (Global, error) {
	var v Global
	switch mode := PollMode(g.PollMode); mode {
	case "":
		v.PollMode = PollInterval
	case PollInterval, PollScrape:
		v.PollMode = mode
	default:
		return v, s.errorf("global.poll_mode", "%s is not a mode; it is interval or scrape", quote(g.PollMode))
	}
	v.PollInterval = or(g.PollInterval, time.Minute)
	v.AuditInterval = or(g.AuditInterval, max(time.Hour, v.PollInterval))
	v.Lookback = or(g.Lookback, max(2*time.Hour, 2*v.PollInterval))
	v.InitialHistory = or(g.InitialHistory, 0)
	v.Horizon = or(g.Horizon, max(7*day, v.Lookback, v.InitialHistory))
	v.ZeroFirst = or(g.ZeroFirst, time.Minute)
	v.BackoffMax = or(g.BackoffMax, max(5*time.Minute, v.PollInterval))

	for _, check := range []struct {
		key         string
		value, from time.Duration
		fromName    string
		to          time.Duration
		toName      string
	}{
		{"poll_interval", v.PollInterval, time.Second, "", day, ""},
		{"lookback", v.Lookback, time.Minute, "", maxHorizon, ""},
		{"lookback", v.Lookback, 2 * v.PollInterval, "twice poll_interval", maxHorizon, ""},
		{"initial_history", v.InitialHistory, 0, "", maxHorizon, ""},
		{"horizon", v.Horizon, v.Lookback, "lookback", maxHorizon, ""},
		{"audit_interval", v.AuditInterval, v.PollInterval, "poll_interval", v.Horizon, "horizon"},
		{"initial_history", v.InitialHistory, 0, "", v.Horizon, "horizon"},
		{"zero_first", v.ZeroFirst, 0, "", day, ""},
		{"backoff_max", v.BackoffMax, v.PollInterval, "poll_interval", day, ""},
	} {
		path := "global." + check.key
		switch {
		case check.value < check.from:
			return v, s.errorf(path, "%s is too short; it has to be at least %s", show(check.value), bound(check.from, check.fromName))
		case check.value > check.to:
			return v, s.errorf(path, "%s is too long; it has to be at most %s", show(check.value), bound(check.to, check.toName))
		}
	}
	return v, nil
}

func bound(d time.Duration, name string) string {
	text := show(d)
	if name != "" {
		text += " (" + name + ")"
	}
	return text
}

// show writes a duration as in a configuration file: 7d and not 168h0m0s.
func show(d time.Duration) string {
	if d <= 0 || d%time.Millisecond != 0 {
		return d.String()
	}
	return model.Duration(d).String()
}

// or is the value of p, or the default if the key was left out.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
