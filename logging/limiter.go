package logging

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// limitInterval is the shortest time between two written lines of one kind.
const limitInterval = time.Minute

// Keys of a delayed line.
const (
	repeatedKey = "repeated" // how many lines it stands for: all of its kind since the last one written, itself included
	lastKey     = "last"     // when it came, UTC: what it says may have ended since
)

// limiter writes warnings and errors of one kind at most once every limitInterval: the first at once, and after the interval the
// newest of those that came since, with their number. Lines of other levels pass.
type limiter struct {
	next log.Logger
	now  func() time.Time

	mu     sync.Mutex
	recent map[string]*repetition // the kinds that were written less than limitInterval ago
	closed bool
}

// repetition is what has come of one kind since a line of it was written.
type repetition struct {
	newest []any
	last   time.Time // when the newest came
	count  int
	timer  *time.Timer // of the end of the interval
}

func newLimiter(next log.Logger, now func() time.Time) *limiter {
	return &limiter{next: next, now: now, recent: map[string]*repetition{}}
}

func (l *limiter) Log(keyvals ...any) error {
	if limited(keyvals) && l.keepBack(keyvals) {
		return nil
	}
	return l.next.Log(keyvals...)
}

// limited reports whether a line is a warning or an error.
func limited(keyvals []any) bool {
	for i := 1; i < len(keyvals); i += 2 {
		if keyvals[i-1] == level.Key() {
			return keyvals[i] == level.WarnValue() || keyvals[i] == level.ErrorValue()
		}
	}
	return false
}

// keepBack reports whether a line of this kind was written less than limitInterval ago, and if so takes this one.
func (l *limiter) keepBack(keyvals []any) bool {
	kind := kindOf(keyvals)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if r := l.recent[kind]; r != nil {
		r.newest, r.last, r.count = slices.Clone(keyvals), l.now(), r.count+1
		return true
	}
	l.recent[kind] = &repetition{timer: time.AfterFunc(limitInterval, func() { l.intervalOver(kind) })}
	return false
}

// intervalOver writes what has come of a kind during the interval, or forgets the kind if nothing has.
func (l *limiter) intervalOver(kind string) {
	l.mu.Lock()
	r := l.recent[kind]
	if r == nil { // closed meanwhile
		l.mu.Unlock()
		return
	}
	line := r.take()
	if line == nil {
		delete(l.recent, kind)
	} else {
		r.timer.Reset(limitInterval)
	}
	l.mu.Unlock()
	l.write(line)
}

// close ends the limit and writes what is kept back.
func (l *limiter) close() {
	l.mu.Lock()
	l.closed = true
	var lines [][]any
	for _, kind := range slices.Sorted(maps.Keys(l.recent)) {
		r := l.recent[kind]
		r.timer.Stop()
		lines = append(lines, r.take())
	}
	clear(l.recent)
	l.mu.Unlock()
	for _, line := range lines {
		l.write(line)
	}
}

func (l *limiter) write(line []any) {
	if line != nil {
		_ = l.next.Log(line...)
	}
}

// take returns the newest line with the number of lines it stands for, and starts to count anew; nil if none has come.
func (r *repetition) take() []any {
	if r.count == 0 {
		return nil
	}
	line := slices.Concat(r.newest, []any{repeatedKey, r.count, lastKey, r.last.UTC().Truncate(time.Second)})
	r.newest, r.count = nil, 0
	return line
}
