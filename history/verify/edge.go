package verify

import "slices"

// What lies between the end of a call and the rise of its counter decides on which side of an edge it is seen. Only numbers are known: the ends,
// and the rises that samples show. The bounds follow from these assumptions: a call does not raise its counter before it has ended, and does so
// within some seconds after it.

// lateness lists how late calls may be seen, in seconds. The least that explains the rises of a key is assumed for it. A record may be listed forty
// minutes after its call has ended.
func lateness() []int64 { return []int64{180, 600, latest} }

const latest = 40 * 60

// around is how much is looked at on either side of the range: the quieter some time there, the closer are the bounds.
const around = 3 * latest

// ends are the times at which calls ended, Unix seconds.
type ends struct{ all, sure []int64 } // sure: those that have raised their counter

func (e *ends) add(at int64, sure bool) {
	e.all = append(e.all, at)
	if sure {
		e.sure = append(e.sure, at)
	}
}

func (e *ends) sort() {
	slices.Sort(e.all)
	slices.Sort(e.sure)
}

// within counts the times in [from, to).
func within(sorted []int64, from, to int64) int {
	if to <= from {
		return 0
	}
	i, _ := slices.BinarySearch(sorted, from)
	j, _ := slices.BinarySearch(sorted, to)
	return j - i
}

// rise is a higher sample: at its second, by n calls.
type rise struct {
	at  int64 // Unix seconds, rounded up
	n   int
	how how
}

type how uint8

const (
	plain how = iota // above the sample before
	first            // the first sample of a series: calls of any time before
	reset            // below the sample before: it is taken to have begun at 0 again
)

// rises are those of one key, sorted by time.
type rises struct {
	list []rise
	sums map[how][]int // sums[h][i]: of those of list[:i] that are h
}

func (r *rises) add(at int64, n int, h how) { r.list = append(r.list, rise{at, n, h}) }

func (r *rises) sort() {
	slices.SortFunc(r.list, func(a, b rise) int { return int(a.at - b.at) })
	r.sums = map[how][]int{}
	for h := plain; h <= reset; h++ {
		sums := make([]int, len(r.list)+1)
		for i, one := range r.list {
			sums[i+1] = sums[i]
			if one.how == h {
				sums[i+1] += one.n
			}
		}
		r.sums[h] = sums
	}
}

// after counts the calls of rises in (from, to].
func (r *rises) after(from, to int64, kinds ...how) (n int) {
	if to <= from || len(r.list) == 0 {
		return 0
	}
	index := func(t int64) int {
		i, _ := slices.BinarySearchFunc(r.list, t+1, func(x rise, t int64) int { return int(x.at - t) })
		return i
	}
	i, j := index(from), index(to)
	for _, h := range kinds {
		n += r.sums[h][j] - r.sums[h][i]
	}
	return n
}

// possibly counts all calls that rises in (from, to] can stand for.
func (r *rises) possibly(from, to int64) int { return r.after(from, to, plain, first, reset) }

// pending bounds how many calls had ended before at and raised their counter only later. Samples and ends are known up to the time known.
func pending(at, known, late int64, e *ends, r *rises) Bounds {
	last := min(at+around, known)
	low, high := 0, within(e.all, at-late, at)
	for _, b := range moments(at, last, late, e, r) {
		switch {
		case b < at:
			if b >= at-late {
				low = max(low, within(e.sure, b, at)-r.possibly(b, at))
			}
			if b-late >= at-around { // what was pending at b had ended since b-late
				high = min(high, within(e.all, b-late, at)-r.after(b, at, plain))
			}
		default:
			if b <= at+late {
				low = max(low, r.after(at, b, plain)-within(e.all, at, b+1))
			}
			if b+late <= last { // what is pending at b is seen until b+late
				high = min(high, r.possibly(at, b+late)-within(e.sure, at, b))
			}
		}
	}
	high = max(high, 0)
	return Bounds{AtLeast: min(low, high), AtMost: high} // low is higher where rises are missing, or too many: that is not to be hidden
}

// moments are the times around an edge at which the bounds can change.
func moments(at, last, late int64, e *ends, r *rises) []int64 {
	out := []int64{at}
	note := func(t int64) {
		for _, m := range [...]int64{t - late, t - 1, t, t + 1, t + late, t + late + 1} {
			if at-around <= m && m <= last {
				out = append(out, m)
			}
		}
	}
	for i, _ := slices.BinarySearch(e.all, at-around); i < len(e.all) && e.all[i] <= last; i++ {
		note(e.all[i])
	}
	for _, one := range r.list {
		if at-around <= one.at && one.at <= last {
			note(one.at)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// balance compares the calls that ended in a range with the rises in it.
func balance(from, to, known int64, e *ends, r *rises) (out Rises) {
	for _, late := range lateness() {
		if out = balanceWithin(from, to, known, late, e, r); out.Unexplained == 0 {
			return out
		}
	}
	return out
}

func balanceWithin(from, to, known, late int64, e *ends, r *rises) Rises {
	out := Rises{
		Counted:      within(e.all, from, to),
		Before:       pending(from, known, late, e, r),
		After:        pending(to, known, late, e, r),
		FirstSamples: r.after(from, to, first),
		ResetSamples: r.after(from, to, reset),
		Within:       late,
	}
	rose := r.after(from, to, plain)
	out.Rises = rose + out.ResetSamples
	most := out.Counted + out.Before.AtMost - out.After.AtLeast
	least := within(e.sure, from, to) + out.Before.AtLeast - out.After.AtMost - out.FirstSamples - out.ResetSamples
	out.Unexplained = max(rose-most, 0) + min(rose-least, 0)
	return out
}
