package reconcile

import "math"

const (
	lies        = 6    // whole readings in a row whose total is off by the same make that the server's habit
	fruitless   = 4    // searches in a row that find nothing make its totals wander
	distrustFor = hour // how long they are then not searched by
)

// trust is how far the server's totals can be believed. They are exact, off by a constant, capped, absent, or they wander;
// where they say nothing, windows are read whole instead of being searched.
type trust struct {
	off    int   // every total is by so much more than what can be read
	top    int   // totals go no higher; MaxInt: no cap is known
	retry  int64 // from then on that is looked at anew
	absent bool  // the server says none
	until  int64 // they wander, and are not searched by until then

	last, run int // excess of the last whole readings, and how many had it in a row
	vain      int // searches in a row that found nothing
	low       int // the last total that was lower than what its parts hold, and what they held
	parts     int
}

// plain reports whether totals can be believed as they stand.
func (t *trust) plain(now int64) bool {
	return !t.absent && t.off == 0 && t.top == math.MaxInt && !t.wanders(now)
}

// saw takes a total that the server answered.
func (t *trust) saw(total int) {
	if total > t.top {
		t.top = math.MaxInt
	}
}

// look forgets a cap that was learned long ago.
func (t *trust) look(now int64) {
	if now >= t.retry {
		t.top = math.MaxInt
	}
}

func (t *trust) wanders(now int64) bool { return now < t.until }

// believes reports whether a reading is what its total makes one expect.
func (t *trust) believes(r *Reading) bool {
	return r.agrees() || r.Steady && r.excess() != 0 && r.excess() == t.off
}

// read learns from a whole reading by how much its total is off.
func (t *trust) read(excess int) {
	if excess == 0 {
		t.off = 0 // at once: what it was wrong by would hide as many records
	}
	if excess != t.last {
		t.last, t.run = excess, 0
	}
	if t.run++; t.run >= lies {
		t.off = excess
	}
}

// found ends a search that a total led to something.
func (t *trust) found() { t.vain = 0 }

// vainly learns from a search that found nothing: a row's total is not accounted for by its parts, which are all as they were,
// and was the same (again) or not when it was asked once more. It reports what that has shown.
func (t *trust) vainly(total, known int, again bool, now int64) (capped, wanders bool) {
	if again && total < known {
		if total == t.low && known != t.parts {
			// The same answer for rows that hold different numbers of records: it goes no higher.
			t.top, t.retry = max(total, 1), now+day
			return true, false
		}
		t.low, t.parts = total, known
	}
	if t.vain++; t.vain >= fruitless {
		t.vain, t.until = 0, now+distrustFor
		return false, true
	}
	return false, false
}
