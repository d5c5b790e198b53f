package backfill

import (
	"container/heap"
	"time"
	"unique"

	"itnio_exporter/collector/call"
)

// queue has calls until their step comes, the earliest first.
type queue struct{ h waiting }

// held is a call and when it counts, Unix seconds.
type held struct {
	call call.Call
	at   int64
}

func (q *queue) add(c *call.Call, at time.Time) { heap.Push(&q.h, held{slim(c), at.Unix()}) }

// until takes out the calls that count before a time.
func (q *queue) until(t time.Time) []call.Call {
	var out []call.Call
	for len(q.h) > 0 && q.h[0].at < t.Unix() {
		out = append(out, heap.Pop(&q.h).(held).call) //nolint:forcetypeassert // it has nothing else
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

// waiting implements heap.Interface.
type waiting []held

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, j int) bool { return w[i].at < w[j].at }
func (w waiting) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)        { *w = append(*w, x.(held)) } //nolint:forcetypeassert // see until
func (w *waiting) Pop() any {
	old := *w
	last := old[len(old)-1]
	old[len(old)-1] = held{}
	*w = old[:len(old)-1]
	return last
}
