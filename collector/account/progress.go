package account

import "time"

// progress is how far catching up has come. The zero value has nothing to catch up.
type progress struct {
	most  time.Duration // the most that was left
	since time.Duration // steady time when it was
}

// left records how much is left at a steady time. It returns the part that is done, and how long the rest takes if it goes on as so
// far; 0: nothing tells.
func (p *progress) left(rest, at time.Duration) (done float64, estimate time.Duration) {
	switch {
	case rest == 0:
		*p = progress{}
		return 1, 0
	case rest >= p.most:
		*p = progress{rest, at}
		return 0, 0
	}
	read := (p.most - rest).Seconds()
	return read / p.most.Seconds(), time.Duration(rest.Seconds() / read * float64(at-p.since))
}
