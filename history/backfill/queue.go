package backfill

import (
	"maps"
	"slices"
	"time"
	"unique"

	"itnio_exporter/collector/call"
	"itnio_exporter/enum"
)

// queue has calls until their step comes: those of two hours, so it keeps them small.
type queue struct {
	step  int64               // seconds
	calls map[int64][]waiting // by the step that they end before, Unix seconds
}

// waiting is a call with what adds to series. What many calls have in common is kept once.
type waiting struct {
	common       unique.Handle[common]
	key, session uint64
	start, end   time.Time
	talk, ring   int64
	tags         []string
}

type common struct {
	pending, unreadable                                                 bool
	typ                                                                 enum.CallType
	reason                                                              enum.Reason
	outcome                                                             enum.Outcome
	party                                                               enum.Party
	country, callingCode, group, voiceGroupID, agent, brand, sip, media string
}

func newQueue(step time.Duration) queue {
	return queue{int64(step / time.Second), map[int64][]waiting{}}
}

func (q *queue) add(c *call.Call, at time.Time) {
	end := at.Unix() - at.Unix()%q.step + q.step
	q.calls[end] = append(q.calls[end], waitingOf(c))
}

// until takes out the calls that count by a step, those that came too late for theirs included, the earliest first.
func (q *queue) until(t time.Time) (out []call.Call) {
	for _, end := range slices.Sorted(maps.Keys(q.calls)) {
		if end > t.Unix() {
			break
		}
		for i := range q.calls[end] {
			out = append(out, q.calls[end][i].call())
		}
		delete(q.calls, end)
	}
	return out
}

func waitingOf(c *call.Call) waiting {
	return waiting{
		unique.Make(common{
			c.Pending, c.HangupUnreadable, c.Type, c.Reason, c.Outcome, c.Party, c.Country, c.CallingCode, c.Group, c.VoiceGroupID, c.Agent, c.Brand, c.SIPCode, c.Media,
		}), c.Key, c.Session, c.Start, c.End, c.Talk, c.Ring, c.Tags,
	}
}

func (w *waiting) call() call.Call {
	c := w.common.Value()
	return call.Call{
		Key: w.key, Session: w.session, Pending: c.pending, HangupUnreadable: c.unreadable, Start: w.start, End: w.end, Type: c.typ, Reason: c.reason,
		Outcome: c.outcome, Party: c.party, Country: c.country, CallingCode: c.callingCode, Group: c.group, VoiceGroupID: c.voiceGroupID, Agent: c.agent, Brand: c.brand,
		SIPCode: c.sip, Media: c.media, Tags: w.tags, Talk: w.talk, Ring: w.ring,
	}
}
