package diagnose

import (
	"fmt"
	"slices"
	"time"

	"itnio_exporter/itnio"
)

func habitChecks() []check {
	return []check{
		{"habit-total", "total is the number of records", judgeTotal},
		{"habit-cap", "total is not capped", judgeCap},
		{"habit-page-size", "Pages are as long as asked for", judgePageSize},
		{"habit-order", "Records come in a steady order", judgeOrder},
		{"habit-past-the-end", "Pages end", judgePastTheEnd},
		{"habit-filter-time", "It is clear which time a window filters on", judgeTimes},
		{"habit-ends", "The ends of a window are known", judgeEnds},
		{"habit-width", "Windows may be as wide as the exporter asks", judgeWidth},
		{"habit-retention", "Records go back as far as the configuration needs", judgeRetention},
		{"habit-filters", "Filters are honoured", judgeFilters},
		{"habit-lateness", "Records appear soon after their calls", judgeLateness},
	}
}

func judgeTotal(f *facts) Finding {
	s := &f.habits.sample
	if !s.known {
		return f.unknown()
	}
	found := s.reading.IDs.Len()
	const do = "nothing: the exporter reads such windows twice, then takes what it found; ask the vendor why"
	switch {
	case s.reading.Untold:
		return doubtful("answers have no total", "nothing tells whether a window has changed, so every window is read whole: it costs several times the requests", "ask the vendor for totals, or raise poll_interval")
	case !s.reading.Steady:
		return doubtful("total changed between the pages of a window that is at rest", "such windows are read again and again", do)
	case s.reading.Total != found:
		return doubtful(fmt.Sprintf("total says %d, the pages have %d different records", s.reading.Total, found), "changes are harder to see, which costs requests", do)
	}
	return good(fmt.Sprintf("it was, for %s on %s", count(found, "record"), count(s.reading.Pages, "page")))
}

// capped reports whether the total of a day is less than its parts together. Some records may have been added in between.
func (h *habits) capped() bool { return h.comparable && h.day+2 < h.halves*99/100 }

func judgeCap(f *facts) Finding {
	h := &f.habits
	const do = "nothing: the exporter keeps its questions below the cap; see that rate_limit leaves room"
	switch {
	case h.dayErr != nil && itnio.ClassOf(h.dayErr) == itnio.ClassWindow:
		return doubtful("a whole day is refused: "+shortError(h.dayErr), "the exporter asks for shorter windows, which costs requests", do)
	case !h.comparable:
		return f.unknown()
	case h.capped():
		return doubtful(fmt.Sprintf("total of a day is %d, of its two halves together %d", h.day, h.halves),
			"the server caps totals; a question that reaches the cap tells nothing, so more of them are needed", do)
	}
	return good(fmt.Sprintf("total of a day is %d, of its two halves together %d", h.day, h.halves))
}

func judgePageSize(f *facts) Finding {
	s := &f.habits.sample
	switch {
	case !s.known:
		return f.unknown()
	case s.size != 0 && s.size < itnioPage, s.reading.Pages > 1 && s.longest < itnioPage:
		size := s.size
		if size == 0 || size > s.longest && s.reading.Pages > 1 {
			size = s.longest
		}
		return doubtful(fmt.Sprintf("pages have %d records where %d were asked for", size, itnioPage),
			fmt.Sprintf("reading costs %.1f times the requests", float64(itnioPage)/float64(max(1, size))), "ask the vendor for pages of 100; look at the checks of cost")
	case s.longest > itnioPage:
		return doubtful(fmt.Sprintf("pages have up to %d records where %d were asked for", s.longest, itnioPage), "paging is not as documented", "nothing: the exporter goes by what is sent")
	}
	return good(fmt.Sprintf("%d records asked for, up to %d sent", itnioPage, s.longest))
}

// orders are the orders that records may be in.
var orders = []struct {
	name string
	by   func(*itnio.Record) int64
}{
	{"id", func(r *itnio.Record) int64 { return int64(r.KeyID) }},
	{"start", func(r *itnio.Record) int64 { return r.CallStart.Unix() }},
	{"creation", func(r *itnio.Record) int64 { return r.Create.Unix() }},
	{"hang-up", func(r *itnio.Record) int64 { return r.Hangup.Unix() }},
	{"update", func(r *itnio.Record) int64 { return r.Update.Unix() }},
}

// orderOf names the order of records; "" if they are in none.
func orderOf(records []itnio.Record) string {
	for _, o := range orders {
		rising := func(a, b itnio.Record) int { return int(max(-1, min(1, o.by(&a)-o.by(&b)))) }
		switch {
		case slices.IsSortedFunc(records, rising):
			return "oldest " + o.name + " first"
		case slices.IsSortedFunc(records, func(a, b itnio.Record) int { return rising(b, a) }):
			return "newest " + o.name + " first"
		}
	}
	return ""
}

func judgeOrder(f *facts) Finding {
	h := &f.habits
	const means, do = "records may move between pages while they are read; windows are then read twice", "nothing: the exporter does not depend on the order; ask the vendor for one"
	switch {
	case !h.sample.known || !h.paging.asked:
		return f.unknown()
	case !h.paging.sameOrder:
		return doubtful("the first page had another content when it was asked for again", means, do)
	}
	order := orderOf(h.sample.records)
	if order == "" {
		return doubtful("the records are in no order that can be seen", means, do)
	}
	return good(order)
}

func judgePastTheEnd(f *facts) Finding {
	p := &f.habits.paging
	switch {
	case !p.pastAsked:
		return f.unknown()
	case p.pastErr != nil:
		return good("a page past the last is refused: " + shortError(p.pastErr))
	case p.past > 0:
		return good("a page past the last has records again, which the exporter takes for the end")
	}
	return good("a page past the last is empty")
}

func judgeTimes(f *facts) Finding {
	t := &f.habits.times
	const unclear = "send this report to the exporter's maintainers"
	switch {
	case !f.habits.sample.known:
		return f.unknown()
	case !t.known:
		return skipped("no record of the sample has times far enough apart to tell")
	case t.start && t.hangup:
		return doubtful("a record is found around several of its times", "windows are wider than asked for, or not read", unclear)
	case t.start:
		return good("it filters on the start: calls turn up behind the newest ones when they end, which costs about three times the requests of creation time")
	case t.hangup && t.createApart:
		return good("it filters on the hang-up")
	case t.hangup:
		return good("it filters on the hang-up or the creation, which are equal here")
	case t.create:
		return good("it filters on the creation")
	}
	return doubtful("a record is found around none of its start, hang-up and creation", "windows filter on another time, or in another zone than the records' times",
		"look at the check of utc_offset; if it is good, "+unclear)
}

func judgeEnds(f *facts) Finding {
	e := &f.habits.ends
	if !e.known {
		return f.unknown()
	}
	word := map[bool]string{true: "included", false: "left out"}
	return good(fmt.Sprintf("a record at the begin is %s, one at the end is %s", word[e.from], word[e.to]))
}

func judgeWidth(f *facts) Finding {
	tries := f.habits.widest
	if len(tries) == 0 {
		return f.unknown()
	}
	widest := tries[len(tries)-1]
	switch {
	case itnio.RefusalOf(widest.err) == itnio.RefusalTooMuch:
		return good("any width, as far as it does not contain too many records")
	case widest.err != nil:
		return doubtful("a window of a day is refused: "+shortError(widest.err), "the past has to be read in many short windows", "look at the checks of cost; ask the vendor for wider windows")
	case len(tries) > 1:
		return good(fmt.Sprintf("%s are taken, wider ones refused: %s", count(widest.days, "day"), shortError(tries[len(tries)-2].err)))
	}
	return good(count(widest.days, "day") + ", as documented")
}

func judgeRetention(f *facts) Finding {
	r := &f.habits.retention
	if !r.known {
		return f.unknown()
	}
	needed := max(f.global.Horizon, f.global.InitialHistory)
	seen := fmt.Sprintf("nothing older than %s is shown; horizon is %s, initial_history %s", days(r.oldest), span(f.global.Horizon), span(f.global.InitialHistory))
	if r.oldest+day < needed {
		return doubtful(seen, "the server keeps records no longer, or the account is younger; what is older cannot be counted, and downtime longer than that cannot be caught up",
			fmt.Sprintf("if the account is older, set horizon and initial_history to at most %dd", int(r.oldest/day)))
	}
	if r.oldest < r.limit-day {
		return good(seen)
	}
	return good(fmt.Sprintf("at least %s", days(r.oldest)))
}

func judgeFilters(f *facts) Finding {
	p := &f.habits.filtered
	switch {
	case p.unconfigured > 0:
		return wrong(fmt.Sprintf("%d of %d records do not match the account's filter", p.unconfigured, len(f.habits.sample.records)),
			"the server does not honour it, so more calls are counted than you want", "remove the filter from the configuration, and filter in Prometheus by label")
	case !p.known:
		return f.unknown()
	case p.others > 0 || p.got > p.want+1:
		return doubtful("a query for one call type brings others too", "filters are not honoured; without one in the configuration nothing depends on it", "do not use filter for this account")
	}
	return good(fmt.Sprintf("a query for one call type brings %s of %d records, all of that type", count(p.got, "record"), len(f.habits.sample.records)))
}

// judgeLateness goes by how long after the hang-up records were created.
func judgeLateness(f *facts) Finding {
	late := f.records.lateness
	if len(late) == 0 {
		return f.unknown()
	}
	half, most, longest := late[len(late)/2], late[len(late)*99/100], late[len(late)-1]
	seen := fmt.Sprintf("%s after the hang-up for half of %s, %s for 99 %%, at most %s, by their createTime", span(half), count(len(late), "record"), span(most), span(longest))
	switch {
	case half > behindAllowed:
		return wrong(seen, "calls are counted as late as that, and the exporter takes such times for a wrong utc_offset", "ask the vendor why records are written so late; there is no setting that makes them earlier")
	case most > f.global.Lookback-time.Minute:
		return doubtful(seen, fmt.Sprintf("records later than lookback (%s) wait for the next audit", span(f.global.Lookback)), "set lookback above that, or audit_interval lower, if it matters")
	case half > 5*time.Minute:
		return doubtful(seen, "calls are counted as late as that; rates over a few minutes follow", "use windows of at least an hour in rules, and ask the vendor")
	}
	return good(seen)
}
