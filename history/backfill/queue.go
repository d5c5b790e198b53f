package backfill

import (
	"maps"
	"slices"
	"time"
	"unique"

	"itnio_exporter/collector/call"
)

// queue has calls until their step comes.
type queue struct {
	step  int64                 // seconds
	calls map[int64][]call.Call // by the step that they end before, Unix seconds
}

func newQueue(step time.Duration) queue {
	return queue{int64(step / time.Second), map[int64][]call.Call{}}
}

func (q *queue) add(c *call.Call, at time.Time) {
	end := at.Unix() - at.Unix()%q.step + q.step
	q.calls[end] = append(q.calls[end], slim(c))
}

// until takes out the calls that count by a step, those that came too late for theirs included, the earliest first.
func (q *queue) until(t time.Time) []call.Call {
	var out []call.Call
	for _, end := range slices.Sorted(maps.Keys(q.calls)) {
		if end > t.Unix() {
			break
		}
		out = append(out, q.calls[end]...)
		delete(q.calls, end)
	}
	return out
}

// slim is a call with what adds to series, each text kept once: two hours of calls wait.
func slim(c *call.Call) call.Call {
	s := *c
	s.SessionID, s.Anomalies = "", nil
	for _, text := range []*string{&s.Country, &s.CallingCode, &s.Group, &s.VoiceGroupID, &s.Agent, &s.Brand, &s.SIPCode, &s.Media} {
		*text = unique.Make(*text).Value()
	}
	return s
}
