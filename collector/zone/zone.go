// Package zone finds out whether utc_offset, the zone in which the API writes times, is right: by how the times of new records and the
// server's clock agree. It is pure: no I/O, no clock.
package zone

import (
	"maps"
	"slices"
	"time"
)

// Where the lag of new records has to lie. A wrong zone shifts it by at least a quarter of an hour either way, most often by hours.
const (
	MinLag = -2 * time.Minute
	MaxLag = 30 * time.Minute
)

// Enough is how many records are enough to see whether they are in the future, or too long ago.
const Enough = 5

const (
	guardSize = 20 // newest records that a guard judges by
	// spread is how much the lags of records differ that come as they should.
	spread = 10 * time.Minute
)

// Plausible reports whether a record may come so long after the end of its call. A negative lag is an end ahead of the server's clock.
func Plausible(lag time.Duration) bool { return lag >= MinLag && lag <= MaxLag }

// Offsets of zones, and the most by which a wrong one can shift a record's time.
const (
	minOffset = -12 * time.Hour
	maxOffset = 14 * time.Hour
	maxShift  = maxOffset - minOffset + MaxLag
)

// tellsOffset reports whether a wrong offset can be the reason for a lag. A time such as 9999-12-31 says nothing of the zone.
func tellsOffset(lag time.Duration) bool { return lag.Abs() <= maxShift }

// Median is the middle one of durations, of which there is at least one.
func Median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

// Guard watches whether the times of new records and the server's clock agree. The zero value has seen nothing.
type Guard struct {
	seen  []Sighting // of the newest records
	wrong bool
	Lag   time.Duration // the median that was last judged
}

// Sighting is the first reading of a new record.
type Sighting struct {
	Lag  time.Duration // server's time then, less the end of the call
	Pass int           // number of the pass that read it
	Gap  time.Duration // time between such passes
}

// Saw adds a new record.
func (g *Guard) Saw(s Sighting) {
	if !tellsOffset(s.Lag) {
		return
	}
	g.seen = append(g.seen, s)
	if len(g.seen) > guardSize {
		g.seen = g.seen[1:]
	}
}

// SawSome adds at most half a guard's records from each pass, so that no single pass decides.
func (g *Guard) SawSome(s Sighting) {
	n := 0
	for _, have := range g.seen {
		if have.Pass == s.Pass {
			n++
		}
	}
	if n < guardSize/2 {
		g.Saw(s)
	}
}

// TurnedWrong judges, after a complete pass, the newest records. It reports whether they have just become wrong.
//
// The offset is wrong if the median lag is out of bounds and the lags are alike: a zone shifts them all. Late records that
// are delivered in a lump differ in their lags, or come all at once.
func (g *Guard) TurnedWrong() bool {
	if len(g.seen) < guardSize {
		return false
	}
	lags := make([]time.Duration, 0, guardSize)
	var gap time.Duration
	for _, s := range g.seen {
		lags = append(lags, s.Lag)
		gap = max(gap, s.Gap)
	}
	slices.Sort(lags)
	g.Lag = Median(lags)
	alike := lags[guardSize*9/10-1]-lags[guardSize/10] <= gap+spread
	was := g.wrong
	g.wrong = !Plausible(g.Lag) && alike && g.seen[0].Pass != g.seen[guardSize-1].Pass
	return g.wrong && !was
}

// First watches the records of a first start. Until some of them show that the offset is right, those that end in the future,
// which no finished call does, are not counted: if the offset turns out to be wrong, nothing has to be taken back.
// The zero value trusts the offset.
type First struct {
	lags map[uint64]time.Duration // by record; nil: the offset is trusted
}

// NewFirst begins to doubt.
func NewFirst() First { return First{lags: map[uint64]time.Duration{}} }

// Saw adds the lag of a record.
func (f *First) Saw(id uint64, lag time.Duration) {
	if f.lags != nil && tellsOffset(lag) {
		f.lags[id] = lag
	}
}

// Doubts reports whether a record with this lag is not to be counted for now.
func (f *First) Doubts(lag time.Duration) bool {
	return f.lags != nil && lag < MinLag && tellsOffset(lag)
}

// Ahead reports whether the newest records are in the future, and by which lag.
func (f *First) Ahead() (lag time.Duration, wrong bool) {
	if len(f.lags) < Enough {
		return 0, false
	}
	newest := slices.Sorted(maps.Values(f.lags))
	newest = newest[:min(guardSize, len(newest))]
	// Of the past, the newest records tell the zone best; one or two of them may have impossible times.
	return newest[2], Median(newest) < MinLag
}

// Behind judges the lags of records that are listed for a stretch of so much time before the server's clock, whatever zone their own times
// are read in. It reports whether these are too long ago for that, and the lag of the newest.
func Behind(lags []time.Duration, stretch time.Duration) (lag time.Duration, wrong bool) {
	sorted := slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(lags), func(lag time.Duration) bool { return !tellsOffset(lag) })))
	if len(sorted) < Enough {
		return 0, false
	}
	return sorted[2], Median(sorted) > stretch+MaxLag
}

// Passed ends the doubts if a complete pass brought enough records.
func (f *First) Passed() {
	if len(f.lags) >= Enough {
		f.lags = nil
	}
}

// Suggestion is the offset that would make a lag plausible, from the zone configured; "none" if no zone has it. Records come
// after their end, never before it, so it is the next half hour up.
func Suggestion(zone *time.Location, lag time.Duration) string {
	const step = 30 * time.Minute
	_, offset := time.Unix(0, 0).In(zone).Zone()
	right := time.Duration(offset)*time.Second - lag + MinLag
	if cut := right.Truncate(step); cut < right {
		right = cut + step
	} else {
		right = cut
	}
	if right < minOffset || right > maxOffset {
		return "none"
	}
	return Offset(time.FixedZone("", int(right.Seconds())))
}

// Offset writes a zone with a fixed offset as utc_offset is written: +08:00.
func Offset(zone *time.Location) string { return time.Unix(0, 0).In(zone).Format("-07:00") }
