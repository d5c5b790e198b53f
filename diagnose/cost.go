package diagnose

import (
	"fmt"
	"math"
	"strings"
	"time"

	"itnio_exporter/itnio"
)

func costChecks() []check {
	return []check{
		{"cost-calls", "The traffic is known", judgeCalls},
		{"cost-series", "The series fit", judgeSeries},
		{"cost-rate", "rate_limit is enough for the traffic", judgeRate},
		{"cost-server-rate", "The server allows the rate", judgeServerRate},
		{"cost-storage", "Disk and memory to expect", judgeStorage},
	}
}

// callsADay is the account's traffic: by the totals of a day or, where those are capped or refused, by the sample.
func (h *habits) callsADay() (calls int, known bool) {
	calls = max(h.day, h.halves)
	if h.comparable && h.dayErr == nil && !h.capped() {
		return calls, true
	}
	if w := h.sample.window; h.sample.known && w.to.After(w.from) {
		calls = max(calls, int(float64(h.sample.reading.IDs.Len())*float64(day)/float64(w.to.Sub(w.from))))
		return calls, true
	}
	return calls, h.comparable
}

func judgeCalls(f *facts) Finding {
	calls, known := f.habits.callsADay()
	if !known {
		return unanswered(f.habits.errs.day, f.habits.errs.sample)
	}
	return good("about " + count(calls, "call") + " in a day")
}

func judgeSeries(f *facts) Finding {
	r := &f.records
	if r.seen == 0 {
		return unanswered(r.err)
	}
	var parts, over []string
	sum := 0
	limit := f.metrics.Limits.Series
	for _, s := range r.series {
		if s.series == 0 {
			continue
		}
		sum += s.series
		parts = append(parts, fmt.Sprintf("%s %d", s.name, s.series))
		if limit > 0 && s.labelSets > limit*9/10 {
			over = append(over, s.name)
		}
	}
	seen := fmt.Sprintf("%d series from %s (%s)", sum, count(r.seen, "record"), strings.Join(parts, ", "))
	if len(over) > 0 {
		return wrong(fmt.Sprintf("%s; limits.series is %d", seen, limit), "label sets beyond the limit are counted under other: "+strings.Join(over, ", "),
			"raise metrics.limits.series, or leave labels out with metrics.labels; docs/sizing.md says what is lost")
	}
	return good(seen + "; a week has more")
}

// measured is what accounts of different sizes cost, polled each minute, with windows by start time: docs/guarantee.md.
var measured = []struct{ calls, day, busiest float64 }{
	{0, 2880, 10}, {1_000, 3_070, 16}, {10_000, 6_574, 39}, {24_000, 13_451, 83}, {100_000, 53_674, 213}, {300_000, 178_278, 700}, {1_000_000, 913_179, 2_300},
}

// byCreation is about what windows by creation or hang-up time cost of those by start time.
const byCreation = 0.35

// requests estimates the requests a day and those of the busiest minute.
func (f *facts) requests() (aDay, busiest float64) {
	known, _ := f.habits.callsADay()
	calls := float64(known)
	at := 1
	for at < len(measured)-1 && measured[at].calls < calls {
		at++
	}
	below, above := measured[at-1], measured[at]
	share := (calls - below.calls) / (above.calls - below.calls)
	aDay, busiest = below.day+share*(above.day-below.day), below.busiest+share*(above.busiest-below.busiest)
	switch f.habits.known.FilterTime {
	case "", itnio.FilterStart, itnio.FilterSeveral:
	default:
		aDay, busiest = max(2880, byCreation*aDay), max(10, byCreation*busiest)
	}
	if size := f.habits.known.PageSize; size > 0 && size < itnio.PageSize {
		more := math.Sqrt(itnio.PageSize / float64(size))
		aDay, busiest = aDay*more, busiest*more
	}
	// Twice as many polls find half as much each: measured at 1m and 5m, cost goes with the root of the interval.
	often := math.Sqrt(float64(time.Minute) / float64(f.global.PollInterval))
	polls := float64(day / f.global.PollInterval)
	return max(2*polls, aDay*often), max(2*float64(time.Minute)/float64(f.global.PollInterval), busiest*often)
}

func judgeRate(f *facts) Finding {
	calls, known := f.habits.callsADay()
	if !known {
		return unanswered(f.habits.errs.day, f.habits.errs.sample)
	}
	aDay, busiest := f.requests()
	allowed := 60 * f.account.RateLimit
	seen := fmt.Sprintf("about %.0f requests a day and %.0f in the busiest minute for %s in a day at poll_interval %s; rate_limit allows %.4g a minute",
		aDay, busiest, count(calls, "call"), span(f.global.PollInterval), allowed)
	const do = "raise rate_limit if the platform allows it, else poll_interval"
	switch {
	case busiest > allowed:
		return wrong(seen, "polls take longer than their interval in busy hours: calls are counted late, none is lost", do)
	case busiest > allowed*2/3:
		return doubtful(seen, "audits and catching up after downtime have to wait for quieter hours", do)
	}
	return good(seen)
}

func judgeServerRate(f *facts) Finding {
	switch {
	case f.throttled > 0:
		return doubtful(fmt.Sprintf("%s said that there are too many requests, at half of rate_limit (%.4g a second)", count(f.throttled, "answer"), f.account.RateLimit),
			"the exporter slows down by itself, but each refused request is lost time; another program may use the same key", "lower rate_limit to what the platform allows; see who else uses the key")
	case f.failed > 0:
		return doubtful(count(f.failed, "request")+" failed for a reason that may pass (time limit, connection, HTTP 5xx, status -18, an answer that cannot be read or is not the API's)",
			"the exporter repeats such requests; many of them make it slow", "look at itnio_exporter_api_requests_total by status for a day, then ask the vendor or the network's administrators")
	}
	return good("no answer said that there are too many requests, and none failed")
}

// Sizes in bytes, from docs/benchmarks-ledger.md.
const (
	idOnDisk     = 5
	idInMemory   = 7
	seriesMemory = 1_500
	seriesDisk   = 1_100
	program      = 30 << 20
)

func judgeStorage(f *facts) Finding {
	calls, known := f.habits.callsADay()
	if !known {
		return unanswered(f.habits.errs.day, f.habits.errs.sample)
	}
	ids := float64(calls) * (float64(f.global.Horizon)/float64(day) + 2)
	series := 0
	for _, s := range f.records.series {
		series += s.labelSets
	}
	const mib = 1 << 20
	disk := max(1, (ids*idOnDisk+float64(series*seriesDisk))/mib)
	memory := (program + ids*idInMemory + float64(series*seriesMemory)) / mib
	return good(fmt.Sprintf("a ledger of about %.0f MiB and a process of about %.0f MiB, for ids of %s", disk, memory, span(f.global.Horizon)))
}
