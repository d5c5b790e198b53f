package diagnose

import (
	"context"
	"fmt"
	"slices"
	"time"

	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// clock is what answers told of the server's clock, the formats that it reads, and its records' times.
type clock struct {
	exchanges []exchange
	formats   map[string]reading // by time format
	recent    int                // records of the last day, or of the last week if the day had none
	edge      time.Time          // the newest records are found at about this time; zero: not looked for
	lags      []time.Duration    // of the newest records: server's time less hang-up or creation
	now       time.Time          // the server's, when the lags were taken
	aheadErr  error              // why it is not known whether windows may end in the future
	err       error              // why the newest records were not found
}

// reading is how a server took one time format.
type reading struct {
	recent  int  // records of the last day or week
	ignored bool // the window was not read: there are as many records of long ago
	err     error
}

// verdict is what follows from it.
type verdict string

const (
	reads   verdict = "read"
	refuses verdict = "refused"
	silent  verdict = "answered with no records"
	ignores verdict = "answered as if there were no window"
	fails   verdict = "not answered"
)

func (r reading) verdict() verdict {
	switch {
	case refused(r.err):
		return refuses
	case r.err != nil:
		return fails
	case r.recent == 0:
		return silent
	case r.ignored:
		return ignores
	}
	return reads
}

func (c *clock) verdict(format string) verdict { return c.formats[format].verdict() }

// bothFormats are the formats, the documented one first.
func bothFormats() []string { return []string{itnio.TimeISO8601, itnio.TimeDatetime} }

func probeClock(ctx context.Context, s *session) {
	c := &s.facts.clock
	defer func() { c.exchanges = slices.Clone(s.trace.exchanges) }()
	c.formats = map[string]reading{}
	for _, width := range []time.Duration{day, 7 * day} {
		for _, format := range bothFormats() {
			c.formats[format] = s.tryFormat(ctx, format, width)
			c.recent = max(c.recent, c.formats[format].recent)
		}
		if c.recent > 0 {
			break
		}
	}
	if s.format = c.best(s.facts.account.TimeFormat); c.verdict(s.format) == reads {
		s.facts.habits.known.TimeFormat = s.format
	}
	if c.recent > 0 {
		c.err = s.newest(ctx, c)
	}
}

const day = 24 * time.Hour

// tryFormat asks in one time format for recent records, and for long ago.
func (s *session) tryFormat(ctx context.Context, format string, width time.Duration) (r reading) {
	question := func(width time.Duration) itnio.Query {
		w := last(width, s.serverNow())
		return itnio.Query{From: w.from, To: w.to, Page: 1, Size: 1, Filter: s.facts.filter}
	}
	q := question(width)
	page, err := s.query(ctx, format, q)
	if itnio.ClassOf(err) == itnio.ClassWindow {
		q = question(width / 48)
		page, err = s.query(ctx, format, q)
	}
	if r.err = err; err != nil {
		return r
	}
	r.recent = max(page.Total, len(page.Records))
	longAgo, err := s.query(ctx, format, q.LongAgo())
	r.ignored = err == nil && !itnio.WindowRead(page, longAgo)
	return r
}

// best is the format to go on with.
func (c *clock) best(configured config.TimeFormat) string {
	first := firstFormat(configured)
	for _, format := range append([]string{first}, bothFormats()...) {
		if c.verdict(format) == reads {
			return format
		}
	}
	return first
}

const (
	farthest = 26 * time.Hour   // by which a wrong offset can shift a time
	step     = 15 * time.Minute // offsets of zones are multiples of it
	narrow   = 5 * time.Minute
	aimed    = 30 // records by which the offset is judged
)

// newest looks for the newest records, also ahead of the server's clock, where a wrong offset would put them.
func (s *session) newest(ctx context.Context, c *clock) error {
	now := s.serverNow()
	ahead, err := s.total(ctx, window{now.Add(step), now.Add(farthest)})
	if s.facts.habits.known.Future = itnio.FutureOf(err); itnio.ClassOf(err) != itnio.ClassWindow { // that is about its width
		c.aheadErr = err
	}
	found := window{now.Add(-step), now}
	switch {
	case err == nil && ahead > 0:
		if found, err = s.edge(ctx, window{now.Add(step), now.Add(farthest)}); err != nil {
			return err
		}
	default:
		recent, err := s.total(ctx, found)
		if err != nil {
			return err
		}
		if recent == 0 {
			if found, err = s.edge(ctx, window{now.Add(-7 * day), now}); err != nil {
				return err
			}
		}
	}
	page, err := s.newestPage(ctx, found.to, day*aimed/time.Duration(max(1, c.recent)))
	if err != nil {
		return err
	}
	c.edge, c.now = found.to, s.serverNow()
	for i := range page.Records {
		r := &page.Records[i]
		at := r.Hangup
		if r.Create.After(at) {
			at = r.Create
		}
		if lag := c.now.Sub(at); !at.IsZero() && lag.Abs() <= farthest+7*day {
			c.lags = append(c.lags, lag)
		}
	}
	slices.Sort(c.lags)
	return nil
}

// newestPage reads the records of a window with this end, wide enough for some and for no more than one page: on the first of several
// pages may be the oldest.
func (s *session) newestPage(ctx context.Context, end time.Time, width time.Duration) (itnio.Page, error) {
	width = min(max(width, narrow), 6*time.Hour)
	for try := 0; ; try++ {
		page, err := s.ask(ctx, last(width, end), 1, itnio.PageSize)
		if err != nil || page.Total <= len(page.Records) || try == 4 {
			return page, err
		}
		width = time.Duration(float64(width) * 0.8 * float64(len(page.Records)) / float64(page.Total))
	}
}

// edge halves a window until its newest records are left, in a stretch of a few minutes.
func (s *session) edge(ctx context.Context, w window) (window, error) {
	end := w.to
	for w.to.Sub(w.from) > narrow {
		middle := w.from.Add(w.to.Sub(w.from) / 2)
		n, err := s.total(ctx, window{middle, end})
		if err != nil {
			return w, err
		}
		if n > 0 {
			w.from = middle
		} else {
			w.to = middle
		}
	}
	return w, nil
}

func clockChecks() []check {
	return []check{
		{"clock-skew", "The server's clock and this machine's agree", judgeSkew},
		{"clock-replicas", "All answers tell the same time", judgeReplicas},
		{"clock-calls", "Finished calls are shown", judgeShown},
		{"clock-format", "The server reads the times of requests", judgeFormats},
		{"clock-offset", "The times of records fit utc_offset", judgeOffset},
	}
}

// bounds is between what the server's clock is ahead of the local one, by the exchanges with a Date: Date is cut to the second and
// written somewhere between request and answer. Where lower is above upper, the answers contradict each other by that much.
func (c *clock) bounds() (lower, upper time.Duration, dated int) {
	for _, e := range c.exchanges {
		if e.date.IsZero() {
			continue
		}
		low, high := e.date.Sub(e.received), e.date.Add(time.Second).Sub(e.sent)
		if dated == 0 {
			lower, upper = low, high
		}
		lower, upper = max(lower, low), min(upper, high)
		dated++
	}
	return lower, upper, dated
}

const (
	minutesOff = time.Minute      // the alert ItnioClockSkew's threshold
	agreement  = 15 * time.Minute // beyond it the exporter waits for a confirmation
)

func judgeSkew(f *facts) Finding {
	lower, upper, dated := f.clock.bounds()
	if dated == 0 {
		return doubtful("no answer has a Date header that can be read", "the exporter goes by this machine's clock, so that one has to be right",
			"keep this machine's clock synchronised; look for a proxy that removes the header")
	}
	skew := (lower + upper) / 2
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	seen := fmt.Sprintf("the server is %s %s this machine", span(skew), way)
	switch {
	case skew.Abs() > agreement:
		return wrong(seen, "one of the two clocks is wrong; at its start the exporter waits until records or five minutes of answers confirm the server's, and ages and delays are off by so much",
			"compare both with a clock that you trust (date -u); correct this machine's with NTP, or tell the vendor")
	case skew.Abs() > minutesOff:
		return doubtful(seen, "counting is not affected, the exporter goes by the server's clock; the alert ItnioClockSkew fires", "synchronise this machine's clock with NTP, or tell the vendor")
	}
	return good("they differ by less than " + span(max(lower.Abs(), upper.Abs())+time.Second))
}

func judgeReplicas(f *facts) Finding {
	lower, upper, dated := f.clock.bounds()
	apart := lower - upper
	if dated < 2 || apart < 2*time.Second {
		return good(count(dated, "answer") + " with a Date, all of one mind")
	}
	seen := fmt.Sprintf("the Dates of %d answers contradict each other by %s", dated, span(apart))
	const means = "several servers answer under one address, and their clocks differ, or a cache repeats old answers"
	if apart > agreement {
		return wrong(seen, means+"; the exporter goes by the time that most answers confirm, and may wait at its start", "tell the vendor; look for a caching proxy in between")
	}
	return doubtful(seen, means, "tell the vendor if it is more than some seconds; counting does not depend on it")
}

func judgeShown(f *facts) Finding {
	if f.clock.recent == 0 {
		for _, format := range bothFormats() {
			if f.clock.verdict(format) == fails {
				return unanswered(f.clock.formats[format].err)
			}
		}
		return doubtful("none of the last 7 days", "the account had no calls, or they are hidden: by its filter, a key of another account, or a time format or offset that is misread; most checks need records",
			"make a call, wait a minute and run doctor again; leave filter out for a test")
	}
	return good("there are some")
}

func judgeFormats(f *facts) Finding {
	c := &f.clock
	if c.recent == 0 {
		return skipped("there are no records of the last 7 days to tell by")
	}
	if set := c.formats[string(f.account.TimeFormat)]; set.verdict() == fails {
		return unanswered(set.err)
	}
	iso, plain := c.verdict(itnio.TimeISO8601), c.verdict(itnio.TimeDatetime)
	seen := f.habits.seen("clock-format", fmt.Sprintf("iso8601 is %s, datetime is %s", iso, plain))
	if set := string(f.account.TimeFormat); set != itnio.TimeAuto && c.verdict(set) != reads {
		return wrong(fmt.Sprintf("%s; time_format is %s", seen, set), "the account's calls are not found", "set time_format: auto, or the format that is read")
	}
	switch {
	case iso != reads && plain != reads:
		return wrong(seen, "the server reads neither format as documented", "send this report to the exporter's maintainers")
	case f.account.TimeFormat != config.TimeAuto:
		return good(seen)
	}
	for _, other := range []struct {
		format string
		is     verdict
	}{{itnio.TimeDatetime, iso}, {itnio.TimeISO8601, plain}} {
		if other.is == silent || other.is == ignores {
			return doubtful(seen, "one format is not refused but misread; the exporter has to ask in both until records tell which is right, which an idle account has none for",
				"set time_format: "+other.format)
		}
	}
	return good(seen)
}

// lateness of records and the time that they take to appear, within which an offset is plausible.
const (
	aheadAllowed  = 2 * time.Minute
	behindAllowed = 30 * time.Minute
	fewLags       = 5 // the newest records go
	sureLags      = 3 // fewer may be records with times of their own
)

func judgeOffset(f *facts) Finding {
	c := &f.clock
	switch {
	case c.recent == 0:
		return skipped("there are no records of the last 7 days to tell by")
	case len(c.lags) == 0:
		return unanswered(c.err)
	}
	newest := c.lags[:min(fewLags, len(c.lags))]
	lag := newest[len(newest)/2]
	set, suggested := offsetText(f.account.Location, 0), offsetText(f.account.Location, -lag)
	bad := wrong
	if len(newest) < sureLags {
		bad = doubtful
	}
	const means = "every time of a record is read wrongly: ages, delays and the split into counted and baseline calls are off"
	switch {
	case lag < -aheadAllowed:
		return bad(fmt.Sprintf("the newest records end %s ahead of the server's clock, read with utc_offset %s", span(lag), set),
			means+"; at a first start the exporter counts nothing", "set utc_offset: "+suggested)
	case lag > behindAllowed && c.now.Sub(c.edge) < behindAllowed:
		return bad(fmt.Sprintf("records of the last minutes carry times %s ago, read with utc_offset %s", span(lag), set), means, "set utc_offset: "+suggested)
	case lag > behindAllowed && lag <= farthest && f.account.TimeFormat != config.TimeISO8601 && c.verdict(itnio.TimeISO8601) != reads:
		return doubtful(fmt.Sprintf("the newest record ended %s ago, read with utc_offset %s", span(lag), set),
			"either there were no calls since then, or the offset is wrong", "if there were calls just now, set utc_offset: "+suggested)
	}
	return good(fmt.Sprintf("the newest record ended %s ago, read with utc_offset %s", span(lag), set))
}

// offsetText is the offset of a zone as the configuration has it, moved and rounded to half hours if it is moved.
func offsetText(zone *time.Location, by time.Duration) string {
	_, seconds := time.Time{}.In(zone).Zone()
	offset := time.Duration(seconds) * time.Second
	if by != 0 {
		offset = (offset + by).Round(30 * time.Minute)
	}
	sign := '+'
	if offset < 0 {
		sign = '-'
	}
	offset = offset.Abs()
	return fmt.Sprintf("%q", fmt.Sprintf("%c%02d:%02d", sign, offset/time.Hour, offset%time.Hour/time.Minute))
}
