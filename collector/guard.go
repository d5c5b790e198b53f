package collector

import (
	"slices"
	"time"
)

// Where the lag of new records has to lie. A zone that is wrong puts it off by at least a quarter of an hour either way,
// most often by hours.
const (
	minLag     = -2 * time.Minute
	maxLag     = 30 * time.Minute
	guardSize  = 20
	guardFirst = 5 // records on a page that are enough to see that all of them are in the future
)

// guard watches whether record times and the server's clock agree.
type guard struct {
	lags  []time.Duration // of the newest live records
	wrong bool
}

// saw takes the lag of a record that has just turned up. It reports whether the verdict has changed.
func (g *guard) saw(lag time.Duration) (changed bool) {
	g.lags = append(g.lags, lag)
	if len(g.lags) < guardSize {
		return false
	}
	if len(g.lags) > guardSize {
		g.lags = g.lags[1:]
	}
	was := g.wrong
	g.wrong = !plausible(median(g.lags))
	return g.wrong != was
}

func plausible(lag time.Duration) bool { return lag >= minLag && lag <= maxLag }

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

// ahead reports whether the newest records of a page are in the future, which no finished call is.
func ahead(lags []time.Duration) bool {
	if len(lags) < guardFirst {
		return false
	}
	newest := slices.Sorted(slices.Values(lags))
	return median(newest[:min(guardSize, len(newest))]) < minLag
}

// suggestion is the offset that would make the lags plausible, from the one configured.
func suggestion(zone *time.Location, lag time.Duration) string {
	_, offset := time.Unix(0, 0).In(zone).Zone()
	right := time.Duration(offset)*time.Second - lag
	right = right.Round(15 * time.Minute)
	return time.Unix(0, 0).In(time.FixedZone("", int(right.Seconds()))).Format("-07:00")
}
