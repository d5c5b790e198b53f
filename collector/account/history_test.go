package account

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/enum"
)

func TestRolling(t *testing.T) {
	const width, slots = 10, 3
	type event struct{ at, now int64 }
	for _, tt := range []struct {
		name   string
		events []event
		now    int64
		want   int
	}{
		{"nothing", nil, 1000, 0},
		{"the newest slot and two before", []event{{1005, 1005}, {999, 1005}, {980, 1005}}, 1005, 3},
		{"older than the slots", []event{{979, 1005}}, 1005, 0},
		{"after now", []event{{1010, 1005}, {9999999, 1005}}, 1005, 0},
		{"before the moment that times count from", []event{{-5, 1005}}, 1005, 0},
		{"forgotten a slot at a time", []event{{985, 1005}, {995, 1005}, {1005, 1005}}, 1015, 2},
		{"forgotten all", []event{{985, 1005}, {1005, 1005}}, 5000, 0},
		{"slots used again", []event{{1005, 1005}, {1035, 1035}}, 1035, 1},
		{"time set back", []event{{5000, 5000}, {1005, 1005}}, 1005, 1},
		{"at the very beginning", []event{{3, 3}}, 3, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRolling(width*time.Second, slots, 2)
			for _, e := range tt.events {
				r.add(e.at, e.now, 1, 1)
			}
			require.Equal(t, []int{0, tt.want}, r.total(tt.now))
			require.Len(t, r.counts, slots*2)
		})
	}
}

// read gives a history one page of calls that ended so long ago.
func read(h *History, outcome enum.Outcome, result ledger.Result, ago ...time.Duration) {
	items, results := []ledger.Item{}, []ledger.Result{}
	for _, d := range ago {
		items = append(items, ledger.Item{Call: call.Call{End: time.Now().Add(-d), Outcome: outcome}})
		results = append(results, result)
	}
	h.read(items, results, time.Now())
}

// TestHistoryOfCalls: calls are counted by the hour and minute of their end, and those that ended more than a day ago, or will, are not.
func TestHistoryOfCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is midnight, UTC
		began := time.Now()
		h := NewHistory(began, func() time.Duration { return time.Since(began) })
		require.Len(t, h.Recent().Hours, 24, "before the first page")
		time.Sleep(30 * time.Minute)
		read(h, enum.Answered, ledger.Counted, 0, 20*time.Minute, 45*time.Minute, 23*time.Hour, 24*time.Hour, 1000*time.Hour, -2*time.Minute, -6*time.Minute, -50*24*time.Hour)
		read(h, enum.OutcomeBusy, ledger.Counted, 5*time.Minute, time.Hour)
		for _, r := range ledger.Results()[1:] {
			read(h, enum.Answered, r, 0, time.Minute)
		}
		now := h.Recent()
		require.Equal(t, began, now.Since)
		require.Equal(t, Outcomes{"answered": 4, "busy": 1}, now.LastHour)
		require.Equal(t, Hour{began.Add(-23 * time.Hour).UTC(), Outcomes{"answered": 1}}, now.Hours[0])
		require.Equal(t, Hour{began.Add(-time.Hour).UTC(), Outcomes{"answered": 1, "busy": 1}}, now.Hours[22])
		require.Equal(t, Hour{began.UTC(), Outcomes{"answered": 3, "busy": 1}}, now.Hours[23])

		time.Sleep(50 * time.Minute) // it runs on without being told the time
		now = h.Recent()
		require.Equal(t, Outcomes{"answered": 2, "busy": 1}, now.LastHour)
		require.Equal(t, Hour{began.UTC(), Outcomes{"answered": 3, "busy": 1}}, now.Hours[22])
		require.Equal(t, Hour{began.Add(time.Hour).UTC(), Outcomes{}}, now.Hours[23])

		time.Sleep(48 * time.Hour)
		now = h.Recent()
		require.Empty(t, now.LastHour)
		for _, hour := range now.Hours {
			require.Empty(t, hour.Calls)
		}
	})
}

func TestHistoryOfRequestsAndLateness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		h := NewHistory(began, func() time.Duration { return time.Since(began) })
		for range 100 { // one a second
			h.Requested()
			time.Sleep(time.Second)
		}
		require.Equal(t, 59, h.Recent().RequestsMinute, "this second is not over")
		require.Equal(t, 100, h.Recent().RequestsDay)
		time.Sleep(23 * time.Hour)
		require.Zero(t, h.Recent().RequestsMinute)
		require.Equal(t, 100, h.Recent().RequestsDay)
		time.Sleep(time.Hour)
		require.Zero(t, h.Recent().RequestsDay)

		require.Equal(t, Lateness{}, h.Recent().Lateness)
		h.late(-time.Second)
		require.Equal(t, Lateness{1, 5 * time.Second, 5 * time.Second}, h.Recent().Lateness)
		for range 97 {
			h.late(16 * time.Second)
		}
		h.late(3 * time.Minute)
		h.late(1000 * time.Hour)
		require.Equal(t, Lateness{100, 20 * time.Second, 3 * time.Minute}, h.Recent().Lateness)
		h.late(1000 * time.Hour)
		require.Equal(t, 7*24*time.Hour, h.Recent().Lateness.P99)
		time.Sleep(time.Hour)
		require.Equal(t, Lateness{}, h.Recent().Lateness)
	})
}

func TestProgress(t *testing.T) {
	var p progress
	for _, step := range []struct {
		at, left time.Duration
		done     float64
		estimate time.Duration
	}{
		{0, 0, 1, 0},
		{time.Minute, 10 * time.Hour, 0, 0},
		{2 * time.Minute, 10 * time.Hour, 0, 0}, // begins now
		{4 * time.Minute, 8 * time.Hour, 0.2, 8 * time.Minute},
		{7 * time.Minute, 5 * time.Hour, 0.5, 5 * time.Minute},
		{8 * time.Minute, 11 * time.Hour, 0, 0}, // a longer stretch is missing
		{9 * time.Minute, 0, 1, 0},
		{10 * time.Minute, time.Hour, 0, 0},
	} {
		done, estimate := p.left(step.left, step.at)
		require.InDelta(t, step.done, done, 1e-9, "%+v", step)
		require.Equal(t, step.estimate, estimate, "%+v", step)
	}
}
