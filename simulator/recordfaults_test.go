package simulator_test

import (
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// TestRecordFaults reads a day of records, each fault with a probability of 0.1, and compares them with Calls.
func TestRecordFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	synctest.Test(t, func(t *testing.T) {
		o := traffic()
		o.CallsPerDay = 500
		o.Faults = simulator.Faults{
			Delete: 0.1, Edit: 0.1, Incomplete: 0.1, NeverComplete: 0.1, NoKey: 0.1, KeySometimes: 0.1, WrongTime: 0.1, FutureStart: 0.1,
			UnknownCode: 0.1, BadText: 0.1, NoRing: 0.1, NoGroup: 0.1, NoCountry: 0.1, Burst: 1, BurstSize: 60,
		}
		s := simulator.New(o)
		a := newAPI(t, s)
		s.StopTraffic()
		f := faultyRecords{t: t, seen: map[string]int{}, withKey: map[string]int{}, withoutKey: map[string]int{}}
		for range 10 {
			f.compare(a, s, time.Now())
			time.Sleep(time.Hour)
		}
		f.compareLives(s)
		for _, kind := range []string{
			"incomplete", "completed", "reason", "no group", "no country", "no ring", "bad text", "edited", "no start", "1970", "2099", "future",
			"key sometimes", "deleted",
		} {
			assert.Positive(t, f.seen[kind], kind)
		}
		assert.GreaterOrEqual(t, f.seen["burst"], 30)
	})
}

// faultyRecords compares records with Calls and counts the faults that it sees.
type faultyRecords struct {
	t                   *testing.T
	seen                map[string]int // by fault
	withKey, withoutKey map[string]int // answers with a record, by session
}

// compare reads all records that are visible now.
func (f *faultyRecords) compare(a api, s *simulator.Simulator, now time.Time) {
	truth := map[string]simulator.Call{}
	for c := range s.Calls() {
		if !c.VisibleAt.After(now) && (c.DeletedAt.IsZero() || c.DeletedAt.After(now)) {
			truth[c.Session] = c
		}
	}
	records := a.walk(now.Add(-72*time.Hour), now.Add(48*time.Hour), "")
	require.Len(f.t, records, len(truth))
	for _, r := range records {
		c, ok := truth[r["callSessionId"].(string)]
		require.True(f.t, ok)
		f.compareRecord(r, &c, now)
	}
}

func (f *faultyRecords) compareRecord(r map[string]any, c *simulator.Call, now time.Time) {
	if r["keyId"] != nil {
		f.withKey[c.Session]++
	} else {
		f.withoutKey[c.Session]++
	}
	f.sameTime(r["callStartTime"], c.Start)
	f.sameTime(r["createTime"], c.Create)
	if c.CompletedAt.After(now) || c.Incomplete {
		f.seen["incomplete"]++
		require.Nil(f.t, r["calledHangupTime"])
		require.Nil(f.t, r["hangupReason"])
		return
	}
	f.sameTime(r["calledHangupTime"], c.End)
	f.missing("no group", c.Group == "", r["sipGroupName"])
	f.missing("no country", c.Country == enum.Unknown, r["ccode"])
	f.missing("no ring", c.NoRing, r["ringDuration"])
	want := c.Reason.Code()
	if c.Reason == enum.ReasonUnknown {
		f.seen["reason"]++
		want = 42
	}
	require.Equal(f.t, want, num(r["hangupReason"]))
	if !utf8.ValidString(c.Group) {
		f.seen["bad text"]++
	}
	if !c.EditedAt.IsZero() && !c.EditedAt.After(now) {
		f.seen["edited"]++
		require.Contains(f.t, r["labelNameList"], c.EditTag)
		require.NotEqual(f.t, r["createTime"], r["updateTime"])
	}
	if kind := wrongTime(c); kind != "" {
		f.seen[kind]++
	}
}

// wrongTime names what is wrong with the times of a complete record; "" if nothing is.
func wrongTime(c *simulator.Call) string {
	year := func(y int) bool { return c.Start.Year() == y || c.End.Year() == y }
	switch {
	case c.Start.IsZero():
		return "no start"
	case year(1970):
		return "1970"
	case year(2099):
		return "2099"
	case c.Start.After(c.End):
		return "future"
	}
	return ""
}

func (f *faultyRecords) sameTime(have any, want time.Time) {
	f.t.Helper()
	if want.IsZero() {
		require.Nil(f.t, have)
		return
	}
	require.Equal(f.t, want.In(cst()).Format(time.DateTime), have)
}

// missing requires that a field is null exactly where the call says so.
func (f *faultyRecords) missing(kind string, want bool, field any) {
	f.t.Helper()
	require.Equal(f.t, want, field == nil, kind)
	if want {
		f.seen[kind]++
	}
}

// compareLives checks, after all reading, what happened to each record over time: deletion, completion, keyId.
func (f *faultyRecords) compareLives(s *simulator.Simulator) {
	starts := map[time.Time]int{}
	for c := range s.Calls() {
		if !c.DeletedAt.IsZero() && c.DeletedAt.Before(time.Now()) {
			f.seen["deleted"]++
			require.GreaterOrEqual(f.t, c.VisibleFor(time.Now()), 2*time.Hour)
		}
		if !c.CompletedAt.IsZero() {
			f.seen["completed"]++
		}
		switch with, without := f.withKey[c.Session], f.withoutKey[c.Session]; {
		case c.NoKey:
			require.Zero(f.t, with)
		case !c.KeySometimes:
			require.Zero(f.t, without)
		case with > 0 && without > 0:
			f.seen["key sometimes"]++
		}
		starts[c.Start]++
		f.seen["burst"] = max(f.seen["burst"], starts[c.Start])
	}
}
