package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAuditThatWasGivenUpIsTriedAgainSoon(t *testing.T) {
	a := steady(t, nil)
	a.srv.now += hour
	a.live()
	a.sweep()
	require.True(t, a.st.AuditDue(a.srv.now))
	a.run(a.st.Audit(a.srv.now, 0), 1)
	require.False(t, a.st.AuditDue(a.srv.now+60))
	require.True(t, a.st.AuditDue(a.srv.now+15*60))
	a.audit()
	require.False(t, a.st.AuditDue(a.srv.now+15*60))
	require.True(t, a.st.AuditDue(a.srv.now+hour))
}

// A horizon that was raised reaches back to the floor, which may lie in the midst of what was read as one window.
func TestFloorInTheMidstOfAWindow(t *testing.T) {
	a := newAccount(t, Settings{Lookback: 7200, Horizon: 7 * day, AuditInterval: hour})
	a.traffic(begin-10*day, begin+day, 3*hour)
	a.minutes(180)
	a.floor = begin - 3*day - 1234
	id := a.srv.add(a.floor + 100)[0]
	asked := len(a.srv.asks)
	a.srv.now += hour
	a.round()
	require.Contains(t, a.seen, id)
	for _, q := range a.srv.asks[asked:] {
		require.GreaterOrEqual(t, q.From, a.floor-1)
	}
}

// A restart knows what the process before it knew, wherever that was killed.
func TestRestartAsksAndDoesNotRead(t *testing.T) {
	a := steady(t, nil)
	for range 20 {
		a.srv.now += 60
		a.live()
		a.sweep()
		a.crash()
		asked := len(a.srv.asks)
		a.live()
		a.sweep()
		a.audit()
		require.LessOrEqual(t, len(a.srv.asks)-asked, 5)
		require.Zero(t, a.st.OpenWindows())
	}
	late := a.srv.add(a.srv.now-hour, a.srv.now-5*hour)
	a.crash()
	a.live()
	a.audit()
	for _, id := range late {
		require.Contains(t, a.seen, id)
	}
}

func TestHorizonRaisedAndLowered(t *testing.T) {
	a := steady(t, nil)
	for _, h := range []int64{3 * hour, 9 * hour, 2 * day} {
		a.set.Horizon = h
		a.crash()
		a.audit()
		a.srv.add(a.srv.now-h+1800, a.srv.now-2*hour-1800)
		a.srv.now += 60
		a.round()
		require.Empty(t, a.unseen(), "horizon %d", h)
		require.False(t, a.st.Unread(a.srv.now, 0))
	}
	for _, l := range []int64{4 * hour, hour} {
		a.set.Lookback = l
		a.crash()
		a.srv.add(a.srv.now-l+60, a.srv.now-l-60)
		a.minutes(2)
		a.audit()
		require.Empty(t, a.unseen(), "lookback %d", l)
	}
}

func TestNothingBeforeTheFloorIsAskedFor(t *testing.T) {
	a := newAccount(t, usual())
	a.floor = begin - 5*hour
	a.traffic(begin-20*hour, begin, 20)
	a.minutes(3)
	for _, q := range a.srv.asks {
		require.GreaterOrEqual(t, q.From, a.floor-1)
	}
}
