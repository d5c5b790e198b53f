package reconcile

import "math"

const (
	steadyReadings = 6    // so many full readings in a row with the same excess make it the server's offset
	vainSearches   = 4    // so many searches in a row that find nothing show that totals wander
	distrustFor    = hour // for so long windows are then read in full
)

// trust is how far the server's totals can be believed: they are exact, off by a constant, capped, absent, or they wander.
// Where a total says nothing, windows are read in full instead of being searched by total.
type trust struct {
	off    int   // every total is this much more than the number of records
	top    int   // no total is higher: the server's cap; MaxInt: none is known
	retry  int64 // when to forget top, in case the cap is gone
	absent bool  // the server says no totals
	until  int64 // totals wander, and are not used until then

	last, run int // excess of the last full reading, and how many readings in a row had it
	vain      int // searches in a row that found nothing
	low       int // the last row total that was lower than its number of ids
	parts     int // and that number of ids
}

// plain reports whether totals can be believed as they stand.
func (t *trust) plain(now int64) bool {
	return !t.absent && t.off == 0 && t.top == math.MaxInt && !t.wanders(now)
}

// saw notes a total that the server answered: one above the cap shows that there is no such cap.
func (t *trust) saw(total int) {
	if total > t.top {
		t.top = math.MaxInt
	}
}

// tells reports whether a total says how many records there are: the cap says only that there are no fewer.
func (t *trust) tells(total int) bool { return total < t.top }

// look forgets a cap that was learned a day ago.
func (t *trust) look(now int64) {
	if now >= t.retry {
		t.top = math.MaxInt
	}
}

func (t *trust) wanders(now int64) bool { return now < t.until }

// believes reports whether a reading has as many ids as its total says, given the server's offset.
func (t *trust) believes(r *Reading) bool {
	return r.agrees() || r.Steady && r.excess() != 0 && r.excess() == t.off
}

// read learns the offset from the excess of a full reading.
func (t *trust) read(excess int) {
	if excess == 0 {
		t.off = 0 // at once: an offset that is gone would hide as many records
	}
	if excess != t.last {
		t.last, t.run = excess, 0
	}
	if t.run++; t.run >= steadyReadings {
		t.off = excess
	}
}

// found notes that a total was right.
func (t *trust) found() { t.vain = 0 }

// vainly learns from a search that found nothing: a row's total differs from its number of known ids, but none of its parts has
// changed. again says whether the server repeated the total when it was asked once more.
func (t *trust) vainly(total, known int, again bool, now int64) (capped, wanders bool) {
	if again && total < known {
		if total == t.low && known != t.parts {
			// The same total for rows with different numbers of records: this is the cap.
			t.top, t.retry = max(total, 1), now+day
			return true, false
		}
		t.low, t.parts = total, known
	}
	if t.vain++; t.vain >= vainSearches {
		t.vain, t.until = 0, now+distrustFor
		return false, true
	}
	return false, false
}
