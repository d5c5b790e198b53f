package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// One second that the server never answers for must not keep the rest from being swept and audited.
func TestSecondThatCannotBeRead(t *testing.T) {
	a := newAccount(t, Settings{Lookback: 7200, Horizon: 2 * day, AuditInterval: hour, History: 6 * hour})
	a.traffic(begin-10*hour, begin+2*hour, 10)
	bad := begin - 5*hour
	a.srv.deaf = func(q Ask) (Refusal, bool) { return TooMuch, q.From <= bad && bad < q.To-1 && q.To-q.From > 1 }
	a.minutes(3)
	require.Zero(t, a.st.CatchUp(a.srv.now))
	require.Positive(t, a.st.OpenWindows())
	a.srv.deaf = nil
	a.srv.now += hour
	a.round()
	require.Empty(t, a.unseen())
	require.Zero(t, a.st.OpenWindows())
}

// A pass whose last window was refused says so until the server answers again.
func TestRefusing(t *testing.T) {
	a := newAccount(t, Settings{Lookback: 7200, Horizon: 2 * day, AuditInterval: hour, History: 6 * hour})
	a.traffic(begin-10*hour, begin, 10)
	a.live()
	p := a.st.Sweep(a.srv.now, a.floor)
	_, more := p.Next()
	require.True(t, more)
	require.False(t, p.Refusing())
	require.True(t, p.Refused(TooMuch))
	require.True(t, p.Refusing())
	_, more = p.Next()
	require.True(t, more)
	p.Take(Answer{Total: 0})
	require.False(t, p.Refusing())
}

// Nor must a minute of such seconds, in a row.
func TestSecondsInARowThatCannotBeRead(t *testing.T) {
	for _, late := range []int64{5 * hour, hour, 0} {
		a := newAccount(t, Settings{Lookback: 7200, Horizon: 2 * day, AuditInterval: hour, History: 6 * hour})
		a.traffic(begin-10*hour, begin+8*hour, 10)
		from, to := begin-late+30, begin-late+90
		a.srv.deaf = func(q Ask) (Refusal, bool) { return TooMuch, q.From < to && from <= q.To }
		a.minutes(40)
		require.False(t, a.failed, "%d seconds ago", late)
		require.Zero(t, a.st.CatchUp(a.srv.now), "%d seconds ago", late)
		require.Positive(t, a.st.OpenWindows())
		a.minutes(150)
		before := a.srv.requests
		a.srv.add(a.srv.now - 4*hour)
		a.srv.now += 60
		a.round()
		require.Less(t, a.srv.requests-before, 300)
		for _, r := range a.unseen() {
			require.True(t, from-2 <= r.at && r.at <= to+2, "%d", r.at-begin)
		}
		a.srv.deaf = nil
		a.srv.now += hour
		a.round()
		require.Empty(t, a.unseen())
		require.Zero(t, a.st.OpenWindows())
	}
}

// One record that makes the server fail, wherever it is in the answer, keeps nothing but its own second from being read.
func TestRecordThatBreaksTheAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for _, r := range []Refusal{Broken, Parameter} {
		for _, age := range []int64{-600, -60, 0, hour, 3 * hour, 6 * hour} {
			a := newAccount(t, Settings{Lookback: 7200, Horizon: 2 * day, AuditInterval: hour, History: 8 * hour})
			a.traffic(begin-12*hour, begin+6*hour, 10)
			bad := begin - age
			a.srv.deaf = func(q Ask) (Refusal, bool) { return r, q.From <= bad && bad <= q.To && bad <= a.srv.now }
			a.minutes(240)
			require.False(t, a.failed, "refusal %d, %d seconds ago", r, age)
			require.Zero(t, a.st.CatchUp(a.srv.now))
			require.Positive(t, a.st.OpenWindows())
			require.True(t, a.st.Unread(a.srv.now, 0))
			a.srv.add(a.srv.now-3*hour, a.srv.now-hour, bad-5, bad+5)
			before := a.srv.requests
			a.srv.now += 60
			a.round()
			require.Less(t, a.srv.requests-before, 100)
			for _, left := range a.unseen() {
				require.InDelta(t, bad, left.at, 2)
			}
			a.srv.deaf = nil
			a.minutes(61)
			require.Empty(t, a.unseen())
			require.Zero(t, a.st.OpenWindows())
			require.False(t, a.st.Unread(a.srv.now, 0))
		}
	}
}

// A server that is down is not taken for one with a record that breaks its answers.
func TestOutageNarrowsNothingDown(t *testing.T) {
	a := steady(t, nil)
	a.srv.deaf = func(Ask) (Refusal, bool) { return Broken, true }
	before := a.srv.requests
	for range 30 {
		a.srv.now += 60
		a.live()
		require.True(t, a.failed)
	}
	require.Less(t, a.srv.requests-before, 300)
	a.srv.deaf = nil
	a.srv.now += 60
	a.live()
	require.False(t, a.failed)
	for range 10 { // a single failure now and then is none that lasts
		a.srv.now += 60
		a.srv.deaf = func(Ask) (Refusal, bool) { return Broken, true }
		require.Equal(t, 1, a.live())
		a.srv.deaf = nil
		a.live()
	}
	require.Zero(t, a.st.OpenWindows())
	a.sweep()
	a.audit()
	require.Empty(t, a.unseen())
	// Nor is one that goes down in the midst of each pass.
	for range 10 {
		a.srv.now += 20 * 60
		a.live()
		a.srv.deaf = func(Ask) (Refusal, bool) { return Broken, true }
		a.sweep()
		a.audit()
		a.srv.deaf = nil
	}
	a.minutes(10)
	require.Zero(t, a.st.OpenWindows())
	require.Empty(t, a.unseen())
}

// What is older than the server keeps does not keep the rest from being caught up with and audited.
func TestPastThatIsRefused(t *testing.T) {
	a := newAccount(t, Settings{Lookback: 7200, Horizon: 10 * day, AuditInterval: hour, History: 5 * day})
	a.traffic(begin-10*day, begin+6*hour, 60)
	kept := 3*int64(day) + 1234
	a.srv.deaf = func(q Ask) (Refusal, bool) { return Parameter, q.From < a.srv.now-kept }
	a.minutes(240)
	require.False(t, a.failed)
	require.Zero(t, a.st.CatchUp(a.srv.now))
	for _, left := range a.unseen() {
		require.Less(t, left.at, a.srv.now-kept+hour)
	}
	a.srv.add(a.srv.now-kept+2*hour, a.srv.now-day)
	before := a.srv.requests
	a.srv.now += hour
	a.round()
	require.False(t, a.failed)
	require.Less(t, a.srv.requests-before, 300)
	for _, left := range a.unseen() {
		require.Less(t, left.at, a.srv.now-kept+hour)
	}
}

func TestQuotaEndsThePass(t *testing.T) {
	for _, r := range []Refusal{TooMuch, TooLong, Parameter} {
		a := steady(t, nil)
		a.srv.now += 600
		a.srv.deaf = func(Ask) (Refusal, bool) { return r, true }
		require.Less(t, a.live(), 200)
		require.True(t, a.failed)
		require.Less(t, a.audit(), 200)
		a.srv.deaf = nil
		a.srv.add(a.srv.now-60, a.srv.now-hour)
		a.srv.now += 60
		a.round()
		require.Empty(t, a.unseen())
	}
}

func TestFutureRefusedAndTriedAgain(t *testing.T) {
	a := steady(t, func(s *server) { s.noFuture = true })
	a.live()
	require.Zero(t, a.st.frontier.ahead)
	late := a.srv.add(a.srv.now + 2*hour)
	a.srv.noFuture = false
	a.audit()
	a.srv.now += 60
	a.live()
	require.Contains(t, a.seen, late[0])
	require.EqualValues(t, day, a.st.frontier.ahead)
}

// Where windows may not be long, the audit reads what the frontier may not reach.
func TestShortWindowsOnly(t *testing.T) {
	a := steady(t, func(s *server) { s.maxWidth = 6 * hour })
	require.Positive(t, a.st.frontier.ahead)
	late := a.srv.add(a.srv.now + 11*hour)
	a.srv.now += 60
	a.live()
	require.NotContains(t, a.seen, late[0])
	a.audit()
	a.srv.now += 60
	a.live()
	a.audit()
	require.Contains(t, a.seen, late[0])
}

// A gap that is still refused as a whole, because it has too many records for one answer, is read in parts.
func TestGapThatIsAnsweredInParts(t *testing.T) {
	a := newAccount(t, Settings{Lookback: hour, Horizon: 6 * hour, AuditInterval: hour / 2})
	a.traffic(begin-6*hour, begin+2*hour, 20)
	a.srv.maxTotal = 300
	from, to := begin-4*hour, begin-2*hour
	a.srv.deaf = func(q Ask) (Refusal, bool) { return Parameter, q.From <= to && from <= q.To }
	a.minutes(2)
	require.True(t, a.st.Unread(a.srv.now, 0))
	a.srv.deaf = nil
	for range 2 {
		a.srv.now += hour / 2
		a.round()
	}
	require.Empty(t, a.unseen())
	require.False(t, a.st.Unread(a.srv.now, 0))
}

// A gap in the lookback is read again by polls, some minutes later: an audit may be under way that does not know of it.
func TestGapIsReadAgainByPolls(t *testing.T) {
	for _, r := range []Refusal{TooMuch, Broken} {
		a := newAccount(t, Settings{Lookback: 7200, Horizon: 2 * day, AuditInterval: hour})
		a.traffic(begin-10*hour, begin+2*hour, 10)
		a.minutes(3)
		late := a.srv.now - hour
		a.srv.add(late)
		a.srv.deaf = func(q Ask) (Refusal, bool) { return r, q.From <= late && late <= q.To }
		for range 4 {
			a.srv.now += 60
			a.live()
		}
		require.Positive(t, a.st.OpenWindows())
		a.srv.deaf = nil
		a.live()
		require.Positive(t, a.st.OpenWindows(), "not with every poll")
		a.srv.now += gapPause
		a.live()
		require.Zero(t, a.st.OpenWindows())
		require.Empty(t, a.unseen())
	}
}

// A server that refuses the future, by a clock that is behind its Date, is read up to its own now.
func TestDateAheadOfTheServersNow(t *testing.T) {
	for _, behind := range []int64{5, 90, 600} {
		a := newAccount(t, Settings{Lookback: 7200, Horizon: 2 * day, AuditInterval: hour})
		a.traffic(begin-10*hour, begin+2*hour, 10)
		a.minutes(3)
		a.srv.deaf = func(q Ask) (Refusal, bool) { return Parameter, q.To > a.srv.now-behind }
		a.minutes(30)
		for _, r := range a.unseen() {
			require.Greater(t, r.at, a.srv.now-behind-130, "%d seconds behind", behind)
		}
		a.srv.deaf = func(Ask) (Refusal, bool) { return Parameter, true } // an outage
		requests, open := a.srv.requests, a.st.OpenWindows()
		a.minutes(10)
		require.Less(t, a.srv.requests-requests, 700)
		require.Equal(t, open, a.st.OpenWindows(), "an outage makes no gaps")
		a.srv.deaf = nil
		a.srv.now += hour
		a.round()
		require.Empty(t, a.unseen())
	}
}
