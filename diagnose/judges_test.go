package diagnose

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/idset"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// dated are exchanges of 100 ms whose server is ahead by the given times.
func dated(ahead ...time.Duration) []exchange {
	at := time.Date(2026, time.January, 2, 3, 4, 5, 500_000_000, time.UTC)
	var all []exchange
	for i, d := range ahead {
		sent := at.Add(time.Duration(i) * time.Second)
		all = append(all, exchange{sent: sent, received: sent.Add(100 * time.Millisecond), date: sent.Add(d).Truncate(time.Second), code: 200})
	}
	return all
}

// Where the results change from one to the next.
func TestJudges(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	busy := func(calls int, poll time.Duration, rate float64) *facts {
		f := &facts{account: config.Account{RateLimit: rate}, global: config.Global{PollInterval: poll}}
		f.habits.comparable, f.habits.day = true, calls
		return f
	}
	shifted := func(lag, edge time.Duration, iso verdict) *facts {
		f := &facts{account: config.Account{Location: zone, TimeFormat: config.TimeAuto}}
		now := time.Now()
		f.clock = clock{recent: 5, lags: []time.Duration{lag, lag, lag}, now: now, edge: now.Add(-edge), formats: map[string]reading{}}
		if iso == reads {
			f.clock.formats[itnio.TimeISO8601] = reading{recent: 5}
		}
		return f
	}
	lateBy := func(half, most time.Duration) *facts {
		f := &facts{global: config.Global{Lookback: 2 * time.Hour}}
		for i := range 100 {
			if f.records.lateness = append(f.records.lateness, half); i > 60 {
				f.records.lateness[i] = most
			}
		}
		return f
	}
	sampled := func(total int, steady bool, ids ...uint64) *facts {
		f := &facts{}
		f.habits.sample = sample{known: true, longest: len(ids), reading: reconcile.Reading{Total: total, Steady: steady, IDs: idset.Pack(ids), Pages: 1}}
		f.habits.sampled()
		return f
	}
	back := func(oldest, horizon time.Duration) *facts {
		return &facts{global: config.Global{Horizon: horizon}, habits: habits{retention: retention{known: true, oldest: oldest, limit: 92 * day}}}
	}
	for _, tt := range []struct {
		name  string
		judge func(*facts) Finding
		facts *facts
		want  Result
		says  string
	}{
		{"clocks agree", judgeSkew, &facts{clock: clock{exchanges: dated(0, 0, 0)}}, Good, "less than"},
		{"half a minute", judgeSkew, &facts{clock: clock{exchanges: dated(30*time.Second, 30*time.Second)}}, Good, ""},
		{"behind by two minutes", judgeSkew, &facts{clock: clock{exchanges: dated(-2 * time.Minute)}}, Doubtful, "behind"},
		{"ahead by twenty minutes", judgeSkew, &facts{clock: clock{exchanges: dated(20 * time.Minute)}}, Wrong, "ahead of"},
		{"no dates", judgeSkew, &facts{clock: clock{exchanges: []exchange{{code: 200}}}}, Doubtful, "no answer"},
		{"one mind", judgeReplicas, &facts{clock: clock{exchanges: dated(0, time.Second, 0)}}, Good, "3 answers"},
		{"two minds", judgeReplicas, &facts{clock: clock{exchanges: dated(0, 5*time.Second)}}, Doubtful, "4s"},
		{"far apart", judgeReplicas, &facts{clock: clock{exchanges: dated(0, time.Hour)}}, Wrong, "59m59s"},

		{"just now", judgeOffset, shifted(time.Minute, 0, reads), Good, "1m0s ago"},
		{"a little ahead", judgeOffset, shifted(-time.Minute, 0, reads), Good, ""},
		{"an hour ahead", judgeOffset, shifted(-58*time.Minute, -time.Hour, reads), Wrong, `"+09:00"`},
		{"half an hour behind", judgeOffset, shifted(31*time.Minute, 0, reads), Wrong, `"+07:30"`},
		{"one record an hour ahead", judgeOffset, func() *facts {
			f := shifted(-58*time.Minute, -time.Hour, reads)
			f.clock.lags = f.clock.lags[:1]
			return f
		}(), Doubtful, `"+09:00"`},
		{"idle for hours", judgeOffset, shifted(8*time.Hour, 8*time.Hour, reads), Good, "8h0m ago"},
		{"idle or behind", judgeOffset, shifted(8*time.Hour, 8*time.Hour, silent), Doubtful, `"+00:00"`},
		{"idle for days", judgeOffset, shifted(3*day, 3*day, silent), Good, "3 days ago"},
		{"no records", judgeOffset, &facts{}, Skipped, "no records"},

		{"soon", judgeLateness, lateBy(time.Second, time.Minute), Good, "1s after"},
		{"some are late", judgeLateness, lateBy(time.Second, 3*time.Hour), Doubtful, "lookback (2h0m)"},
		{"all are a little late", judgeLateness, lateBy(6*time.Minute, 7*time.Minute), Doubtful, "6m0s"},
		{"all are late", judgeLateness, lateBy(31*time.Minute, 31*time.Minute), Wrong, "31m0s"},
		{"nothing read", judgeLateness, &facts{}, Skipped, "could not be found out"},
		{"reading failed", judgeLateness, &facts{records: records{err: itnio.ErrTimeout}}, Doubtful, "timeout"},
		{"refused", judgeTotal, &facts{habits: habits{errs: probeErrors{sample: &itnio.StatusError{Code: -22, Reason: "Anna"}}}}, Doubtful, "API status -22"},
		{"pages failed, filter time known", judgeTimes, &facts{habits: habits{known: itnio.Habits{FilterTime: itnio.FilterStart}, errs: probeErrors{sample: itnio.ErrTimeout}}}, Good, "start"},
		{"no request is left", judgeTotal, &facts{habits: habits{errs: probeErrors{sample: errBudget}}}, Skipped, "no request is left"},
		{"failed before", judgeEnds, &facts{habits: habits{errs: probeErrors{sample: &itnio.HTTPError{StatusCode: 302}}}}, Doubtful, "look at base_url"},
		{"no calls, or no answer", judgeShown, &facts{clock: clock{formats: map[string]reading{itnio.TimeISO8601: {err: &itnio.HTTPError{StatusCode: 302}}}}}, Doubtful, "HTTP 302"},
		{"format set, not answered", judgeFormats, &facts{account: config.Account{TimeFormat: config.TimeISO8601}, clock: clock{recent: 1, formats: map[string]reading{
			itnio.TimeISO8601: {err: itnio.ErrTimeout}, itnio.TimeDatetime: {recent: 1},
		}}}, Doubtful, "timeout"},

		{"total is right", judgeTotal, sampled(3, true, 1, 2, 3), Good, "3 records on 1 page"},
		{"total is one too many", judgeTotal, sampled(4, true, 1, 2, 3), Doubtful, "total says 4, the pages have 3"},
		{"total is unsteady", judgeTotal, sampled(3, false, 1, 2, 3), Doubtful, "changed"},

		{"back far enough", judgeRetention, back(8*day, 7*day), Good, "8 days"},
		{"as far as was looked", judgeRetention, back(92*day, 7*day), Good, "at least 92 days"},
		{"too short", judgeRetention, back(31*day, 60*day), Doubtful, "at most 31d"},

		{"little traffic", judgeRate, busy(1_000, time.Minute, 5), Good, "3070 requests a day and 16 in the busiest minute"},
		{"as measured", judgeRate, busy(24_000, time.Minute, 5), Good, "13451 requests a day and 83"},
		{"every five minutes", judgeRate, busy(300_000, 5*time.Minute, 10), Good, ""},
		{"close to the rate", judgeRate, busy(100_000, time.Minute, 5), Doubtful, "rate_limit allows 300 a minute"},
		{"above the rate", judgeRate, busy(1_000_000, time.Minute, 20), Wrong, ""},
		{"polled every second", judgeRate, busy(10, time.Second, 1), Wrong, "172800 requests a day and 120"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.judge(tt.facts)
			require.Equal(t, tt.want, f.Result, f)
			require.Contains(t, f.Seen+f.Means+f.Do, tt.says)
			if f.Result == Doubtful || f.Result == Wrong {
				require.NotEmpty(t, f.Means)
				require.NotEmpty(t, f.Do)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{"2.41.0": true, "2.42.0": false, "3.0.0-rc.1": false, "1.8.2": true, "": false, "mimir": false, "v2.1": false} {
		require.Equal(t, want, older(version, 2, 42), version)
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 1499 * time.Millisecond: "1s", 90 * time.Second: "1m30s", -2 * time.Hour: "2h0m", 7199 * time.Second: "2h0m", 49 * time.Hour: "2 days",
	} {
		require.Equal(t, want, span(d))
	}
	require.Equal(t, "0.3 %", percent(3, 1000))
	require.Equal(t, "0 %", percent(0, 0))
	err := &itnio.HTTPError{StatusCode: 500, Business: &itnio.StatusError{Code: -18, Reason: "Anna"}}
	require.Equal(t, "HTTP 500 Internal Server Error, API status -18 (system exception)", shortError(err))
}

// Judges cope with probes that saw nothing.
func TestJudgesOfNothing(t *testing.T) {
	why := errors.New("why")
	for _, f := range []*facts{{}, {
		contact: contact{err: why}, clock: clock{err: why, aheadErr: why}, records: records{err: why},
		habits: habits{errs: probeErrors{why, why, why, why, why, why, why, why}},
	}} {
		f.account.Location = time.UTC
		for _, s := range sections() {
			for _, c := range s.checks {
				require.NotEmpty(t, c.judge(f).Result, c.id)
				require.NotEmpty(t, c.judge(f).Seen, c.id)
			}
		}
	}
	for _, c := range prometheusChecks() {
		require.NotEmpty(t, c.judge(&scraping{}).Result, c.id)
	}
}
