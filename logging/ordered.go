package logging

import (
	"slices"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

const (
	timeKey   = "time"
	callerKey = "caller"
	msgKey    = "msg"
	errKey    = "err"
)

// ordered writes time, level, caller and msg before all other keys, whatever their order was. The time is that of the
// writing; one that a line brings along is dropped.
type ordered struct {
	next log.Logger
	now  func() time.Time
}

func (o ordered) Log(keyvals ...any) error {
	if len(keyvals)%2 != 0 {
		keyvals = append(slices.Clone(keyvals), log.ErrMissingValue)
	}
	line := append(make([]any, 0, len(keyvals)+2), timeKey, o.now().UTC())
	first := []any{level.Key(), callerKey, msgKey}
	for _, key := range first {
		line = appendPairs(line, keyvals, func(k any) bool { return k == key })
	}
	line = appendPairs(line, keyvals, func(k any) bool { return k != timeKey && !slices.Contains(first, k) })
	return o.next.Log(line...)
}

// appendPairs appends the pairs of keyvals whose key is wanted.
func appendPairs(line, keyvals []any, wanted func(key any) bool) []any {
	for i := 0; i < len(keyvals); i += 2 {
		if wanted(keyvals[i]) {
			line = append(line, keyvals[i], keyvals[i+1])
		}
	}
	return line
}
