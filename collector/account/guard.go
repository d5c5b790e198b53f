package account

import (
	"maps"
	"slices"
	"time"
)

// Where the lag of new records has to lie. A wrong zone shifts it by at least a quarter of an hour either way, most often by hours.
const (
	minLag = -2 * time.Minute
	maxLag = 30 * time.Minute
)

const (
	guardSize  = 20 // newest records that a guard judges by
	guardFirst = 5  // records that are enough to see whether they are in the future
	// spread is how much the lags of records differ that come as they should.
	spread = 10 * time.Minute
)

func plausible(lag time.Duration) bool { return lag >= minLag && lag <= maxLag }

// Offsets of zones, and the most by which a wrong one can shift a record's time.
const (
	minOffset = -12 * time.Hour
	maxOffset = 14 * time.Hour
	maxShift  = maxOffset - minOffset + maxLag
)

// tellsOffset reports whether a wrong offset can be the reason for a lag. A time such as 9999-12-31 says nothing of the zone.
func tellsOffset(lag time.Duration) bool { return lag.Abs() <= maxShift }

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

// guard watches whether the times of new records and the server's clock agree. The zero value has seen nothing.
type guard struct {
	seen  []sighting // of the newest records
	wrong bool
	lag   time.Duration // the median that was last judged
}

// sighting is the first reading of a new record.
type sighting struct {
	lag  time.Duration // server's time then, less the end of the call
	pass int           // number of the pass that read it
	gap  time.Duration // time between such passes
}

// saw takes a new record.
func (g *guard) saw(s sighting) {
	if !tellsOffset(s.lag) {
		return
	}
	g.seen = append(g.seen, s)
	if len(g.seen) > guardSize {
		g.seen = g.seen[1:]
	}
}

// sawSome takes no more than half a guard's records of each pass, so that no single pass decides.
func (g *guard) sawSome(s sighting) {
	n := 0
	for _, have := range g.seen {
		if have.pass == s.pass {
			n++
		}
	}
	if n < guardSize/2 {
		g.saw(s)
	}
}

// turnedWrong judges, after a whole pass, the newest records. It reports whether they have just become wrong.
//
// The offset is wrong if the median lag is out of bounds and the lags are alike: a zone shifts them all. Late records that
// are delivered in a lump differ in their lags, or come all at once.
func (g *guard) turnedWrong() bool {
	if len(g.seen) < guardSize {
		return false
	}
	lags := make([]time.Duration, 0, guardSize)
	var gap time.Duration
	for _, s := range g.seen {
		lags = append(lags, s.lag)
		gap = max(gap, s.gap)
	}
	slices.Sort(lags)
	g.lag = median(lags)
	alike := lags[guardSize*9/10-1]-lags[guardSize/10] <= gap+spread
	was := g.wrong
	g.wrong = !plausible(g.lag) && alike && g.seen[0].pass != g.seen[guardSize-1].pass
	return g.wrong && !was
}

// first watches the records of a first start. Until some of them show that the offset is right, those that end in the future,
// which no finished call does, are not counted: if the offset turns out to be wrong, nothing has to be taken back.
// The zero value trusts the offset.
type first struct {
	lags map[uint64]time.Duration // by record; nil: the offset is trusted
}

func newFirst() first { return first{lags: map[uint64]time.Duration{}} }

// saw takes a record's lag.
func (f *first) saw(id uint64, lag time.Duration) {
	if f.lags != nil && tellsOffset(lag) {
		f.lags[id] = lag
	}
}

// doubts reports whether a record with this lag is not to be counted for now.
func (f *first) doubts(lag time.Duration) bool {
	return f.lags != nil && lag < minLag && tellsOffset(lag)
}

// ahead reports whether the newest records are in the future, and by which lag.
func (f *first) ahead() (lag time.Duration, wrong bool) {
	if len(f.lags) < guardFirst {
		return 0, false
	}
	newest := slices.Sorted(maps.Values(f.lags))
	newest = newest[:min(guardSize, len(newest))]
	// Of the past, the newest records tell the zone best; one or two of them may have impossible times.
	return newest[2], median(newest) < minLag
}

// passed ends the doubts if a whole pass brought enough records.
func (f *first) passed() {
	if len(f.lags) >= guardFirst {
		f.lags = nil
	}
}

// suggestion is the offset that would make a lag plausible, from the zone configured; "none" if no zone has it. Records come
// after their end, never before it, so it is the next half hour up.
func suggestion(zone *time.Location, lag time.Duration) string {
	const step = 30 * time.Minute
	_, offset := time.Unix(0, 0).In(zone).Zone()
	right := time.Duration(offset)*time.Second - lag + minLag
	if cut := right.Truncate(step); cut < right {
		right = cut + step
	} else {
		right = cut
	}
	if right < minOffset || right > maxOffset {
		return "none"
	}
	return time.Unix(0, 0).In(time.FixedZone("", int(right.Seconds()))).Format("-07:00")
}
