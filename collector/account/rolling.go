package account

import "time"

// rolling counts events of the recent past by kind, in slots of time of one width. What is older than its slots is forgotten.
// Times are in seconds since any fixed moment.
type rolling struct {
	width   int64
	kinds   int
	numbers []int64 // of the slots, each at its number modulo their count; a number is a time divided by width
	counts  []int   // of each slot, by kind
}

func newRolling(width time.Duration, slots, kinds int) *rolling {
	return &rolling{
		width: int64(width / time.Second), kinds: kinds, numbers: make([]int64, slots), counts: make([]int, slots*kinds),
	}
}

// add counts n events. Those of a time that is older than the slots, or after now, are not counted.
func (r *rolling) add(at, now int64, kind, n int) {
	number, newest := at/r.width, now/r.width
	if at < 0 || number > newest || number <= newest-int64(len(r.numbers)) {
		return
	}
	i := int(number % int64(len(r.numbers)))
	counts := r.counts[i*r.kinds : (i+1)*r.kinds]
	if r.numbers[i] != number {
		r.numbers[i] = number
		clear(counts)
	}
	counts[kind] += n
}

// slot gives what was counted, by kind, in the slot of a time; nil: nothing.
func (r *rolling) slot(at int64) []int {
	number := at / r.width
	i := int(number % int64(len(r.numbers)))
	if at < 0 || r.numbers[i] != number {
		return nil
	}
	return r.counts[i*r.kinds : (i+1)*r.kinds]
}

// total is what was counted, by kind, in all slots up to now.
func (r *rolling) total(now int64) []int {
	sum := make([]int, r.kinds)
	for back := range int64(len(r.numbers)) {
		for kind, n := range r.slot(now - back*r.width) {
			sum[kind] += n
		}
	}
	return sum
}
