package reconcile

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLateRecordIsReadByTheNextPass(t *testing.T) {
	for _, c := range []struct {
		name string
		late int64
		pass func(*account) int
	}{
		{"a minute, by a poll", 60, (*account).live},
		{"an hour, by a poll", hour, (*account).live},
		{"ten seconds less than the lookback, by a poll", 7190, (*account).live},
		{"three hours, by an audit", 3 * hour, (*account).audit},
		{"nine hours, by an audit", 9 * hour, (*account).audit},
		{"ahead of the clock, by a poll", -3 * hour, (*account).live},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := steady(t, nil)
			a.srv.now += 60
			a.live()
			a.srv.add(a.srv.now - c.late)
			c.pass(a)
			require.Empty(t, a.unseen())
		})
	}
}

// A late record that goes away before it is found must not leave room for another one to hide in.
func TestRecordThatComesAndGoesLeavesNothingBehind(t *testing.T) {
	a := steady(t, nil)
	a.srv.now += 60
	a.live()
	late := a.srv.add(a.srv.now - 90*60)
	p := a.st.Live(a.srv.now, 0)
	for n := 0; ; n++ {
		q, more := p.Next()
		if !more {
			break
		}
		answer, _, _ := a.srv.answer(q)
		for _, id := range answer.IDs {
			a.seen[id] = struct{}{}
		}
		p.Take(answer)
		if answer.Total > len(answer.IDs) || answer.Total > 150 {
			a.srv.remove(late...) // right after the question that tells of it
		}
	}
	a.srv.add(a.srv.now - 85*60)
	a.srv.now += 60
	a.live()
	require.Empty(t, a.unseen())
}

// However dense the newest seconds are, a server that refuses the future is not asked for it.
func TestBurstWhereTheFutureIsRefused(t *testing.T) {
	a := steady(t, func(s *server) { s.noFuture = true })
	a.srv.now += 60
	for range 500 {
		a.srv.add(a.srv.now - 1)
	}
	a.srv.add(a.srv.now)
	a.live()
	require.False(t, a.failed)
	a.srv.now += 60
	a.live()
	require.False(t, a.failed)
	require.Empty(t, a.unseen())
}

// Records in the seconds that two windows share must not make room for others to hide in.
func TestSharedSecondsHideNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	a := steady(t, nil)
	for round := range 60 {
		cells := a.st.row.cells[:a.st.row.from(a.st.swept)-1]
		for range 1 + rng.IntN(3) {
			a.srv.add(cells[rng.IntN(len(cells))].To - rng.Int64N(2))
		}
		a.audit()
		require.Empty(t, a.unseen(), "round %d", round)
	}
}

// Polled each second while many calls end: whatever is shown when a poll begins is read by it or, where it shifted the pages
// that were being read, by the next.
func TestDenseTraffic(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for seed := range uint64(9) {
		rng := rand.New(rand.NewPCG(seed, 5))
		a := newAccount(t, Settings{Lookback: 300, Horizon: day, AuditInterval: 60})
		a.srv.order = int(seed) % 3
		a.srv.openFrom, a.srv.openTo = seed%2 == 1, seed%4 > 1
		for at := begin - 100; at < begin+250; at++ {
			for x := rng.ExpFloat64(); x < []float64{7, 0.3, 30}[seed/3]; x += rng.ExpFloat64() {
				length := int64(rng.ExpFloat64() * 15)
				a.srv.records = append(a.srv.records, record{
					id: uint64(len(a.srv.records) + 1), at: at, visible: at + min(length, 250), gone: forever,
				})
			}
		}
		missed := map[uint64]int{}
		for range 300 {
			a.srv.now++
			a.live()
			for _, r := range a.srv.records {
				if _, seen := a.seen[r.id]; !seen && r.visible < a.begun && r.at > a.begun-a.set.Lookback {
					missed[r.id]++
					require.Less(t, missed[r.id], 3, "seed %d: %+v, polled at %d", seed, r, a.begun)
				}
			}
			a.sweep()
			if a.st.AuditDue(a.srv.now) {
				a.audit()
			}
		}
		require.Zero(t, a.st.OpenWindows())
	}
}

func TestDowntime(t *testing.T) {
	for _, away := range []int64{600, 5 * hour, day, 5 * day} {
		a := steady(t, nil)
		a.traffic(begin+12*hour, begin+12*hour+away, 10)
		a.srv.now += away
		a.crash()
		if away > a.set.Horizon {
			a.floor = a.srv.now - a.set.Horizon - 2*day
		}
		a.live()
		if away > a.set.Lookback {
			require.Positive(t, a.st.CatchUp(a.srv.now))
		}
		a.minutes(2)
		require.Zero(t, a.st.CatchUp(a.srv.now))
		require.Empty(t, a.unseen(), "away for %d", away)
	}
}

// What nothing can count of is only counted, with few questions, also across restarts; what comes to it late is read.
func TestPastThatDoesNotCountIsCounted(t *testing.T) {
	a := newAccount(t, Settings{Lookback: 7200, Horizon: 7 * day, AuditInterval: hour})
	a.traffic(begin-7*day, begin, 60)
	a.live()
	asked := len(a.srv.asks)
	require.True(t, a.st.Unread(a.srv.now, 0))
	a.audit()
	require.Less(t, len(a.srv.asks)-asked, 2*1440/100+2*1440/300+8, "two days are read")
	require.False(t, a.st.Unread(a.srv.now, 0))
	for range 3 {
		a.srv.now += hour
		a.live()
		a.sweep()
		a.crash()
		asked = len(a.srv.asks)
		a.audit()
		require.LessOrEqual(t, len(a.srv.asks)-asked, 10)
	}
	// Less is taken as it is, more is read.
	a.srv.remove(1500)
	a.audit()
	asked = len(a.srv.asks)
	a.audit()
	require.LessOrEqual(t, len(a.srv.asks)-asked, 10)
	late := a.srv.add(a.srv.now - 4*day)[0]
	a.audit()
	require.Contains(t, a.seen, late)
	late = a.srv.add(a.srv.now - 4*day)[0]
	asked = len(a.srv.asks)
	a.audit()
	require.Contains(t, a.seen, late)
	require.LessOrEqual(t, len(a.srv.asks)-asked, 30, "its day is known by now")
}

// What is added to a row while an audit searches it is found by the same audit.
func TestRecordAddedDuringTheSearchOfAnAudit(t *testing.T) {
	a := steady(t, nil)
	a.srv.now += 60
	a.live()
	a.srv.add(a.srv.now - 5*hour)
	p := a.st.Audit(a.srv.now, 0)
	added := false
	for {
		q, more := p.Next()
		if !more {
			break
		}
		answer, _, _ := a.srv.answer(q)
		for _, id := range answer.IDs {
			a.seen[id] = struct{}{}
		}
		p.Take(answer)
		if !added && len(p.stack) > 0 && p.top().kind == taskSearch {
			a.srv.add(a.srv.now - 3*hour)
			added = true
		}
	}
	require.True(t, added)
	require.Empty(t, a.unseen())
}
