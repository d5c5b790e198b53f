package diagnose

import (
	"fmt"
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
		{"habit-future", "It is known whether windows may end in the future", judgeFuture},
		{"habit-retention", "Records go back as far as the configuration needs", judgeRetention},
		{"habit-filters", "Filters are honoured", judgeFilters},
		{"habit-lateness", "Records appear soon after their calls", judgeLateness},
	}
}

func judgeTotal(f *facts) Finding {
	h := &f.habits
	s := &h.sample
	if !s.known {
		return unanswered(h.errs.sample)
	}
	found := s.reading.IDs.Len()
	const do = "nothing: the exporter reads such windows twice, then takes what it found; ask the vendor why"
	seen := h.known.Text("habit-total")
	switch h.known.Totals {
	case itnio.TotalsUntold:
		return doubtful(seen, "nothing tells whether a window has changed, so every window is read whole: it costs several times the requests", "ask the vendor for totals, or raise poll_interval")
	case itnio.TotalsChanging:
		return doubtful(seen, "such windows are read again and again", do)
	case itnio.TotalsOff:
		return doubtful(fmt.Sprintf("%s: total says %d, the pages have %d", seen, s.reading.Total, found), "changes are harder to see, which costs requests", do)
	}
	return good(fmt.Sprintf("%s: %s on %s", seen, count(found, "record"), count(s.reading.Pages, "page")))
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
		return unanswered(h.errs.day)
	case h.capped():
		return doubtful(h.seen("habit-cap", fmt.Sprintf("total of a day is %d, of its two halves together %d", h.day, h.halves)),
			"the server caps totals; a question that reaches the cap tells nothing, so more of them are needed", do)
	}
	return good(fmt.Sprintf("total of a day is %d, of its two halves together %d", h.day, h.halves))
}

func judgePageSize(f *facts) Finding {
	s, size := &f.habits.sample, f.habits.known.PageSize
	seen := f.habits.known.Text("habit-page-size")
	switch {
	case !s.known:
		return unanswered(f.habits.errs.sample)
	case size == 0:
		return good(fmt.Sprintf("%d records asked for, up to %d sent", itnio.PageSize, s.longest))
	case size < itnio.PageSize:
		return doubtful(seen, fmt.Sprintf("reading costs %.1f times the requests", itnio.PageSize/float64(size)), "ask the vendor for pages of 100; look at the checks of cost")
	case size > itnio.PageSize:
		return doubtful(seen, "paging is not as documented", "nothing: the exporter goes by what is sent")
	}
	return good(seen)
}

func judgeOrder(f *facts) Finding {
	h := &f.habits
	switch {
	case !h.sample.known || !h.paging.asked || h.known.Order == "":
		return unanswered(h.errs.sample, h.errs.paging)
	case h.known.Order == itnio.OrderUnsteady || h.known.Order == itnio.OrderNone:
		return doubtful(h.known.Order.String(), "records may move between pages while they are read; windows are then read twice",
			"nothing: the exporter does not depend on the order; ask the vendor for one")
	}
	return good(h.known.Order.String())
}

func judgePastTheEnd(f *facts) Finding {
	h := &f.habits
	switch {
	case h.known.PastEnd == "":
		return unanswered(h.errs.sample, h.errs.paging)
	case h.paging.pastErr != nil:
		return good(h.seen("habit-past-the-end", shortError(h.paging.pastErr)))
	}
	return good(h.known.PastEnd.String())
}

func judgeTimes(f *facts) Finding {
	filters := f.habits.known.FilterTime
	const unclear = "send this report to the exporter's maintainers"
	switch {
	case filters == "" && (!f.habits.sample.known || f.habits.errs.times != nil):
		return unanswered(f.habits.errs.sample, f.habits.errs.times)
	case filters == "":
		return skipped("no record of the sample has times far enough apart to tell")
	case filters == itnio.FilterSeveral:
		return doubtful(filters.String(), "windows are wider than asked for, or not read", unclear)
	case filters == itnio.FilterNone:
		return doubtful(filters.String(), "windows filter on another time, or in another zone than the records' times", "look at the check of utc_offset; if it is good, "+unclear)
	}
	return good(filters.String())
}

func judgeEnds(f *facts) Finding {
	if errs := &f.habits.errs; f.habits.known.Ends == "" {
		return unanswered(errs.sample, errs.times, errs.ends)
	}
	return good(f.habits.known.Ends.String())
}

func judgeWidth(f *facts) Finding {
	h := &f.habits
	if len(h.widest) == 0 || h.errs.widest != nil {
		return unanswered(h.errs.widest)
	}
	widest := h.widest[len(h.widest)-1]
	switch {
	case itnio.RefusalOf(widest.err) == itnio.RefusalTooMuch:
		return good("any width, as far as it does not contain too many records")
	case widest.err != nil:
		return doubtful("a window of a day is refused: "+shortError(widest.err), "the past has to be read in many short windows", "look at the checks of cost; ask the vendor for wider windows")
	case len(h.widest) > 1:
		return good(h.seen("habit-width", shortError(h.widest[len(h.widest)-2].err)))
	}
	return good(h.seen("habit-width", "as documented"))
}

func judgeFuture(f *facts) Finding {
	if f.habits.known.Future == "" {
		return unanswered(f.clock.aheadErr)
	}
	return good(f.habits.known.Future.String())
}

func judgeRetention(f *facts) Finding {
	r := &f.habits.retention
	if !r.known {
		return unanswered(f.habits.errs.widest, f.habits.errs.retention)
	}
	needed := max(f.global.Horizon, f.global.InitialHistory)
	seen := fmt.Sprintf("%s; horizon is %s, initial_history %s", r.habit(), span(f.global.Horizon), span(f.global.InitialHistory))
	if r.oldest+day < needed {
		return doubtful(seen, "the server keeps records no longer, or the account is younger; what is older cannot be counted, and downtime longer than that cannot be caught up",
			fmt.Sprintf("if the account is older, set horizon and initial_history to at most %dd", int(r.oldest/day)))
	}
	return good(seen)
}

func judgeFilters(f *facts) Finding {
	p := &f.habits.filtered
	switch {
	case p.unconfigured > 0:
		return wrong(fmt.Sprintf("%d of %d records do not match the account's filter", p.unconfigured, len(f.habits.sample.records)),
			"the server does not honour it, so more calls are counted than you want", "remove the filter from the configuration, and filter in Prometheus by label")
	case !p.known:
		return unanswered(f.habits.errs.sample, f.habits.errs.filter)
	case f.habits.known.Filters == itnio.FiltersIgnored:
		return doubtful(f.habits.seen("habit-filters", "a query for one call type brings others too"), "without one in the configuration nothing depends on it", "do not use filter for this account")
	}
	return good(f.habits.seen("habit-filters", fmt.Sprintf("a query for one call type brings %s of %d records, all of that type", count(p.got, "record"), len(f.habits.sample.records))))
}

// judgeLateness goes by how long after the hang-up records were created.
func judgeLateness(f *facts) Finding {
	late := f.records.lateness
	if len(late) == 0 {
		return unanswered(f.records.err)
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
