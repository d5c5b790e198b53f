package simulator

import (
	"cmp"
	"math"
	"slices"
)

// index finds the rows of a window. It keeps them sorted by time in buckets of an hour, so that counting a week takes a sum of 168
// lengths.
type index struct {
	buckets map[int64][]entry
	hours   []int64 // keys of buckets, sorted
}

type entry struct {
	unix int64
	row  uint32
}

const bucketSeconds = 3600

func hourOf(unix int64) int64 { return int64(math.Floor(float64(unix) / bucketSeconds)) }

func (x *index) insert(unix int64, row uint32) {
	h := hourOf(unix)
	b, ok := x.buckets[h]
	if !ok {
		i, _ := slices.BinarySearch(x.hours, h)
		x.hours = slices.Insert(x.hours, i, h)
	}
	x.buckets[h] = slices.Insert(b, after(b, unix), entry{unix, row})
}

func (x *index) remove(unix int64, row uint32) {
	h := hourOf(unix)
	b := x.buckets[h]
	for i := notBefore(b, unix); i < len(b) && b[i].unix == unix; i++ {
		if b[i].row == row {
			x.buckets[h] = slices.Delete(b, i, i+1)
			return
		}
	}
}

// notBefore is the first position at or after a time; after is the first one later than it.
func notBefore(b []entry, unix int64) int {
	i, _ := slices.BinarySearchFunc(b, unix, func(e entry, t int64) int { return cmp.Compare(e.unix, t) })
	return i
}

func after(b []entry, unix int64) int { return notBefore(b, unix+1) }

// runs calls f with the entries of each bucket in [from, to], in the order of time or against it, until f returns false.
func (x *index) runs(from, to int64, desc bool, f func([]entry) bool) {
	lo, _ := slices.BinarySearch(x.hours, hourOf(from))
	hi, _ := slices.BinarySearch(x.hours, hourOf(to)+1)
	for i := range hi - lo {
		h := lo + i
		if desc {
			h = hi - 1 - i
		}
		b := x.buckets[x.hours[h]]
		if (h == lo || h == hi-1) && len(b) > 0 {
			b = b[notBefore(b, from):after(b, to)]
		}
		if !f(b) {
			return
		}
	}
}

// count is the number of rows in [from, to].
func (x *index) count(from, to int64) (n int) {
	if to < from {
		return 0
	}
	x.runs(from, to, false, func(b []entry) bool {
		n += len(b)
		return true
	})
	return n
}
