package diagnose

import (
	"context"
	"slices"
	"time"

	"itnio_exporter/itnio"
)

// habits is how the server answers, as far as the vendor's page leaves it open, and by what that was found out.
type habits struct {
	known      itnio.Habits
	day        int // records of the day before the last two hours, as its total says
	halves     int // of its two halves
	dayErr     error
	sample     sample
	paging     paging
	widest     []width // from wide to narrow, until one was answered
	retention  retention
	filtered   filtered
	comparable bool // day and halves are known
	errs       probeErrors
}

// probeErrors are the errors with which the probes of habits ended early; nil: they did not.
type probeErrors struct{ day, widest, sample, paging, times, ends, filter, retention error }

// seen is what is known of a habit, and by what.
func (h *habits) seen(id, how string) string {
	if text := h.known.Text(id); text != "" {
		return text + ": " + how
	}
	return how
}

// paging is what comes when a page is asked for again, and one past the last.
type paging struct {
	asked   bool // for the first page again
	pastErr error
}

// width is one try of a wide window.
type width struct {
	days int
	err  error
}

// retention is how far back records go.
type retention struct {
	known  bool
	oldest time.Duration // age of the oldest day with records
	limit  time.Duration // how far back was looked
}

func (r *retention) habit() itnio.Retention {
	return itnio.Retention{Days: int(r.oldest / day), Least: r.oldest >= r.limit-day}
}

// filtered is the answer to a query with a filter on the call type of a record of the sample.
type filtered struct {
	known        bool
	want, got    int // records of that type in the sample, and in the answer's total
	others       int // records of another type in the answer
	unconfigured int // records of the sample that the account's own filter should have left out
}

// needsRecords skips what needs records to go by.
func needsRecords(f *facts) string {
	if why := needsSuccess(f); why != "" {
		return why
	}
	if f.clock.recent == 0 {
		return "no finished call of the last 7 days is shown, so there is nothing to go by"
	}
	return ""
}

func probeHabits(ctx context.Context, s *session) {
	h := &s.facts.habits
	for _, probe := range []struct {
		run func(context.Context, *session, *habits) error
		err *error
	}{
		{probeDay, &h.errs.day}, {probeWidest, &h.errs.widest}, {probeSample, &h.errs.sample}, {probePaging, &h.errs.paging},
		{probeTimes, &h.errs.times}, {probeEnds, &h.errs.ends}, {probeFilter, &h.errs.filter}, {probeRetention, &h.errs.retention},
	} {
		if *probe.err = probe.run(ctx, s, h); ctx.Err() != nil {
			return
		}
	}
	probeRecords(ctx, s)
}

// rest is how old a window has to be that should not change while it is read.
const rest = 2 * time.Hour

// probeDay asks for the totals of a day and of its halves: a total that is capped is less than its parts.
func probeDay(ctx context.Context, s *session, h *habits) error {
	w := window{s.serverNow().Add(-rest - day), s.serverNow().Add(-rest)}
	middle := w.from.Add(day / 2)
	if h.day, h.dayErr = s.total(ctx, w); h.dayErr != nil && itnio.ClassOf(h.dayErr) != itnio.ClassWindow {
		return h.dayErr
	}
	for _, half := range []window{{w.from, middle}, {middle.Add(time.Second), w.to}} {
		n, err := s.total(ctx, half)
		if err != nil && itnio.ClassOf(err) == itnio.ClassWindow {
			return nil // capped lower than that
		}
		if err != nil {
			return err
		}
		h.halves += n
	}
	h.comparable = true
	switch {
	case h.dayErr != nil:
		h.day = h.halves
		if itnio.RefusalOf(h.dayErr) == itnio.RefusalTooMuch {
			h.known.Records.Refuse(int64(h.halves))
		}
	case h.capped():
		h.known.TotalCap = h.day
	}
	return nil
}

// probeWidest tries how long a window may be. Beyond the widest that the exporter asks for nothing depends on it.
func probeWidest(ctx context.Context, s *session, h *habits) error {
	now := s.serverNow()
	for _, n := range []int{93, 31, 7, 1} {
		_, err := s.total(ctx, last(time.Duration(n)*day, now))
		if err != nil && !refused(err) {
			return err
		}
		h.widest = append(h.widest, width{n, err})
		if err == nil {
			return nil
		}
	}
	return nil
}

// probePaging asks for the first page of the sample again, and for one past the last.
func probePaging(ctx context.Context, s *session, h *habits) error {
	if !h.sample.known {
		return nil
	}
	again, err := s.ask(ctx, h.sample.window, 1, itnio.PageSize)
	if err != nil {
		return err
	}
	first := h.sample.records[:min(len(again.Records), len(h.sample.records))]
	h.paging.asked = true
	if !slices.EqualFunc(first, again.Records, func(a, b itnio.Record) bool { return idOf(&a) == idOf(&b) }) {
		h.known.Order = itnio.OrderUnsteady
	}
	past, err := s.ask(ctx, h.sample.window, h.sample.reading.Pages+5, itnio.PageSize)
	if err != nil && !refused(err) {
		return err
	}
	h.paging.pastErr, h.known.PastEnd = err, itnio.PastEndOf(len(past.Records), err)
	return nil
}

// probeTimes finds out which time a window filters on: a long call is found only in a narrow window around that one.
func probeTimes(ctx context.Context, s *session, h *habits) error {
	const around = 3 * time.Second
	var long *itnio.Record
	for i := range h.sample.records {
		r := &h.sample.records[i]
		if r.CallStart.IsZero() || r.Hangup.IsZero() || r.Hangup.Sub(r.CallStart) < 4*around {
			continue
		}
		if long == nil || apart(r) > apart(long) {
			long = r
		}
	}
	if long == nil {
		return nil
	}
	found := func(at time.Time) (bool, error) {
		page, err := s.ask(ctx, window{at.Add(-around), at.Add(around)}, 1, itnio.PageSize)
		return err == nil && has(page.Records, long), err
	}
	start, err := found(long.CallStart)
	if err != nil {
		return err
	}
	hangup, err := found(long.Hangup)
	if err != nil {
		return err
	}
	apart, create := !long.Create.IsZero() && long.Create.Sub(long.Hangup).Abs() > 4*around, false
	if apart {
		if create, err = found(long.Create); err != nil {
			return err
		}
	}
	h.known.FilterTime = itnio.FilterTimeOf(start, hangup, create, apart)
	return nil
}

// apart is how well a record tells which of its times a window filters on, in seconds.
func apart(r *itnio.Record) time.Duration {
	d := r.Hangup.Sub(r.CallStart)
	if !r.Create.IsZero() {
		d += 10 * r.Create.Sub(r.Hangup).Abs()
	}
	return min(d, day)
}

// probeEnds asks for windows that begin and end exactly at a record.
func probeEnds(ctx context.Context, s *session, h *habits) error {
	if h.known.FilterTime == "" || len(h.sample.records) == 0 {
		return nil
	}
	r := &h.sample.records[len(h.sample.records)/2]
	at := r.Hangup
	switch h.known.FilterTime {
	case itnio.FilterStart, itnio.FilterSeveral:
		at = r.CallStart
	case itnio.FilterCreate:
		at = r.Create
	}
	if at.IsZero() {
		return nil
	}
	const beside = 2 * time.Second
	from, err := s.ask(ctx, window{at, at.Add(beside)}, 1, itnio.PageSize)
	if err != nil {
		return err
	}
	to, err := s.ask(ctx, window{at.Add(-beside), at}, 1, itnio.PageSize)
	if err != nil {
		return err
	}
	h.known.Ends = itnio.EndsOf(has(from.Records, r), has(to.Records, r))
	return nil
}

// probeFilter asks for one type of calls, the rarest of the sample.
func probeFilter(ctx context.Context, s *session, h *habits) error {
	types := map[int64]int{}
	for i := range h.sample.records {
		r := &h.sample.records[i]
		if r.CallType.Set {
			types[r.CallType.V]++
		}
		if !matches(&s.facts.filter, r) {
			h.filtered.unconfigured++
		}
	}
	rarest := int64(-1)
	for t, n := range types {
		if rarest < 0 || n < types[rarest] || n == types[rarest] && t < rarest {
			rarest = t
		}
	}
	if rarest < 0 || !h.sample.known {
		return nil
	}
	q := itnio.Query{From: h.sample.window.from, To: h.sample.window.to, Page: 1, Size: itnio.PageSize, Filter: s.facts.filter}
	q.Filter.CallTypes = []int64{rarest}
	page, err := s.query(ctx, s.format, q)
	if err != nil {
		return err
	}
	h.filtered.known, h.filtered.want, h.filtered.got = true, types[rarest], page.Total
	for i := range page.Records {
		if page.Records[i].CallType.V != rarest {
			h.filtered.others++
		}
	}
	h.known.Filters = h.filtered.habit(h.known.TotalsOff)
	return nil
}

// habit goes by records first: where totals are always off by some records, those of a filter are, too.
func (p *filtered) habit(off int) itnio.Filters {
	if p.others > 0 || p.got > p.want+1+max(0, off) {
		return itnio.FiltersIgnored
	}
	return itnio.FiltersHonoured
}

// matches reports whether a record may be in answers with a filter, by the fields that it has.
func matches(f *itnio.Filter, r *itnio.Record) bool {
	in := func(list []int64, v itnio.Int) bool { return len(list) == 0 || !v.Set || slices.Contains(list, v.V) }
	return in(f.CallTypes, r.CallType) && in(f.HangupReasons, r.HangupReason) && in(f.HangingDirection, r.HangingDirection) &&
		(f.VoiceGroupID == 0 || !r.VoiceGroupID.Set || r.VoiceGroupID.V == f.VoiceGroupID) &&
		(f.SIPGroupName == "" || r.SIPGroupName == "" || r.SIPGroupName == f.SIPGroupName) &&
		(len(f.SeatNames) == 0 || r.SeatName == "" || slices.Contains(f.SeatNames, r.SeatName))
}

// probeRetention looks how far back records go, to a day. It needs windows of some days.
func probeRetention(ctx context.Context, s *session, h *habits) error {
	const limit = 92 * day
	if h.errs.widest != nil {
		return nil
	}
	widest := h.widest[len(h.widest)-1]
	if widest.err != nil || widest.days < 7 {
		return nil
	}
	now := s.serverNow()
	older := func(age time.Duration) (bool, error) {
		from := min(limit, age+time.Duration(min(widest.days, 60))*day)
		n, err := s.total(ctx, window{now.Add(-from), now.Add(-age)})
		if refused(err) {
			return true, nil // too many records, or so it says
		}
		return n > 0, err
	}
	young, old := day, limit // records are older than young and not older than old
	for _, age := range []time.Duration{s.facts.global.Horizon, 30 * day, 90 * day} {
		found, err := older(min(age, limit-day))
		if err != nil {
			return err
		}
		if !found {
			old = min(age, limit-day)
			break
		}
		young = max(young, age)
	}
	for old < limit && old-young > day && s.left() > 10 {
		middle := young + (old-young)/2
		found, err := older(middle)
		if err != nil {
			return err
		}
		if found {
			young = middle
		} else {
			old = middle
		}
	}
	h.retention = retention{known: true, oldest: young, limit: limit}
	if old < limit {
		h.retention.oldest = old
	}
	h.known.Retention = h.retention.habit()
	return nil
}
