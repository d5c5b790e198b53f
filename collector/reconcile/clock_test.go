package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClockThatWasAheadForAWhile(t *testing.T) {
	for _, ahead := range []int64{600, 10 * hour, 10 * day} {
		a := steady(t, nil)
		a.srv.now += ahead
		a.minutes(3)
		a.srv.now -= ahead
		a.srv.add(a.srv.now-30, a.srv.now-hour, a.srv.now-4*hour)
		a.srv.now += 60
		a.live()
		a.sweep()
		require.True(t, a.st.AuditDue(a.srv.now) || ahead < hour, "an audit of the time to come is none")
		a.minutes(70)
		require.Empty(t, a.unseen(), "ahead by %d", ahead)
		require.LessOrEqual(t, a.swept, a.srv.now-a.set.Lookback)
		for _, c := range a.st.row.cells {
			require.LessOrEqual(t, c.readAt, a.srv.now)
		}
	}
}

// A background pass that began by a wrong clock must not go on by it.
func TestPassOfAWrongClockEnds(t *testing.T) {
	a := steady(t, nil)
	a.srv.now += 10 * hour
	a.live()
	p := a.st.Sweep(a.srv.now, 0)
	a.run(p, 2)
	a.srv.now -= 10 * hour
	a.live()
	_, more := p.Next()
	require.False(t, more)
	require.LessOrEqual(t, a.st.swept, a.srv.now-a.set.Lookback)
}

// An audit or a sweep that alone was planned by a wrong clock, that of a poll's last answer, must not put off what follows.
func TestClockThatWasAheadBetweenPolls(t *testing.T) {
	for _, ahead := range []int64{10 * hour, 5 * day, 3650 * day} {
		for _, kind := range []Kind{Sweep, Audit} {
			a := steady(t, nil)
			a.srv.now += 60
			a.live()
			if kind == Sweep {
				a.run(a.st.Sweep(a.srv.now+ahead, 0), 50)
			} else {
				a.run(a.st.Audit(a.srv.now+ahead, 0), 500)
			}
			a.srv.add(a.srv.now - 5*hour)
			a.minutes(62)
			require.Empty(t, a.unseen(), "ahead by %d", ahead)
			for _, c := range a.st.row.cells {
				require.LessOrEqual(t, c.readAt, a.srv.now)
			}
		}
	}
}

// Where the server's clock was ahead when the process before ended, its readings are not taken for ones of the time to come.
func TestRestartAfterAClockThatWasAhead(t *testing.T) {
	for _, ahead := range []int64{hour, 10 * hour, 3 * day} {
		a := steady(t, nil)
		a.srv.now += ahead
		a.live()
		a.sweep()
		a.crash()
		a.srv.now -= ahead
		a.srv.add(a.srv.now-30, a.srv.now-hour, a.srv.now-4*hour)
		a.minutes(3)
		a.audit()
		require.Empty(t, a.unseen(), "ahead by %d", ahead)
		require.LessOrEqual(t, a.swept, a.srv.now-a.set.Lookback)
	}
}

// A wrong clock that no second audit confirms lets nothing that is remembered go.
func TestClockThatIsWrongForAnAuditDropsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	a := steady(t, nil)
	before := len(a.cells)
	a.srv.now += 30 * day
	a.live()
	a.audit()
	a.srv.now -= 30 * day
	a.live()
	require.GreaterOrEqual(t, len(a.cells), before)
	old := a.cells[0]
	for range 60 {
		a.minutes(60)
	}
	require.Greater(t, a.cells[0].From, old.From, "in time they go")
}
