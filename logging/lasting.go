package logging

import "time"

// remindInterval is how often a failure that lasts is logged again.
const remindInterval = 15 * time.Minute

// Lasting decides when a failure that may last is logged: when it begins, when its reason changes, and every 15 minutes while it
// lasts. The zero value has not failed. It is not safe for concurrent use.
type Lasting struct {
	failing bool
	reason  string    // without numbers
	logged  time.Time // the last time that Failed returned true
}

// Lasts reports whether the last attempt failed.
func (l *Lasting) Lasts() bool { return l.failing }

// Failed notes a failure and reports whether it is to be logged.
func (l *Lasting) Failed(reason string, now time.Time) bool {
	reason = words(reason)
	if l.failing && reason == l.reason && now.Sub(l.logged) < remindInterval {
		return false
	}
	l.failing, l.reason, l.logged = true, reason, now
	return true
}

// Succeeded notes a success and reports whether it ends a failure.
func (l *Lasting) Succeeded() bool {
	failed := l.failing
	*l = Lasting{}
	return failed
}
