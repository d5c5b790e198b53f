package reconcile

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// steady gives an account that has been read for half a day, with a record each ten seconds.
func steady(t testing.TB, adjust func(*server)) *account {
	a := newAccount(t, usual())
	a.traffic(begin-6*hour, begin+12*hour, 10)
	if adjust != nil {
		adjust(a.srv)
	}
	a.minutes(180)
	for range 4 {
		a.srv.now += 15 * 60
		a.round()
	}
	require.Empty(t, a.unseen())
	return a
}

// round is a poll with all that may come behind it.
func (a *account) round() {
	a.live()
	a.sweep()
	a.audit()
}

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

// A walk over whole pages ends at an empty one, which some servers answer with nothing at all, not even a total.
func TestEmptyAnswersWithoutTotal(t *testing.T) {
	plain, mute := newAccount(t, usual()), newAccount(t, usual())
	mute.srv.mute = true
	for _, a := range []*account{plain, mute} {
		a.srv.page = 10
		a.traffic(begin-6*hour, begin+6*hour, 10)
		a.minutes(240)
		require.Empty(t, a.unseen())
		require.Zero(t, a.st.OpenWindows())
	}
	require.Equal(t, plain.srv.requests, mute.srv.requests)
}

// A total that was wrong for a while must not hide as many records as it was wrong by once it is right again.
func TestWrongTotalForAWhileHidesNothing(t *testing.T) {
	for _, lie := range []int{1, -1, 2} {
		a := steady(t, nil)
		a.srv.lie = lie
		for range 10 {
			a.srv.now += 60
			a.live()
		}
		a.audit()
		a.srv.lie = 0
		for range max(1, lie) {
			a.srv.add(a.srv.now-hour, a.srv.now-5*hour)
		}
		a.srv.now += 60
		a.live()
		a.audit()
		require.Empty(t, a.unseen(), "lie %d", lie)
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

func TestCappedTotalHidesNothing(t *testing.T) {
	for _, limit := range []int{40, 150, 500, 1000} {
		a := steady(t, func(s *server) { s.cap = limit })
		for range 3 {
			for _, late := range []int64{hour / 2, hour, 3 * hour, 5 * hour, 8 * hour} {
				a.srv.add(a.srv.now - late)
			}
			a.srv.now += 60
			a.live()
			a.audit()
			require.Empty(t, a.unseen(), "at most %d", limit)
		}
	}
}

func TestServerWithoutTotals(t *testing.T) {
	for _, c := range []struct {
		name   string
		adjust func(*server)
	}{
		{"no totals", func(s *server) { s.noTotal = true }},
		{"nor sizes", func(s *server) { s.noTotal, s.noSize = true, true }},
		{"nor sizes, and small pages", func(s *server) { s.noTotal, s.noSize, s.page = true, true, 15 }},
		{"small pages", func(s *server) { s.noTotal, s.page = true, 15 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := steady(t, c.adjust)
			a.srv.add(a.srv.now-600, a.srv.now-hour, a.srv.now-3*hour, a.srv.now-10*hour)
			a.srv.now += 60
			a.live()
			require.Zero(t, a.unsettled)
			a.audit()
			require.Empty(t, a.unseen())
			require.Zero(t, a.st.OpenWindows())
		})
	}
}

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

func TestDeletionsAreCountedOnceWhenConfirmed(t *testing.T) {
	for _, late := range []int64{1500, hour, 3 * hour, 8 * hour} {
		a := steady(t, nil)
		a.srv.now += 60
		a.live()
		at := a.srv.now - late
		gone := slices.IndexFunc(a.srv.records, func(r record) bool { return r.at >= at })
		a.srv.remove(uint64(gone + 1))
		// One on a bound, which stands in two cells.
		i := a.st.row.from(at - 300)
		want := 1
		for k := range a.srv.records {
			if r := a.srv.records[k]; r.gone == forever && r.at == a.st.row.cells[i].To {
				a.srv.remove(r.id)
				want = 2
				break
			}
		}
		for range 3 {
			a.srv.now += 60
			a.live()
			a.audit()
		}
		require.Equal(t, want, a.deleted, "%d seconds old", late)
	}
}

// A record that is left out until one reading of its window has missed it, and shown again then, is not deleted.
func TestRecordLeftOutOnceIsNotDeleted(t *testing.T) {
	for _, late := range []int64{1500, hour, 110 * 60} {
		a := steady(t, nil)
		a.srv.now += 60
		a.live()
		victim := &a.srv.records[slices.IndexFunc(a.srv.records, func(r record) bool { return r.at >= a.srv.now-late })]
		victim.gone = a.srv.now
		missed := 0
		p := a.st.Live(a.srv.now, 0)
		for {
			q, more := p.Next()
			if !more {
				break
			}
			answer, _, _ := a.srv.answer(q)
			p.Take(answer)
			if q.From < victim.at && victim.at < q.To && answer.Total <= len(answer.IDs) {
				if victim.gone != forever {
					missed++
				}
				victim.gone = forever
			}
		}
		require.Equal(t, 1, missed, "%d seconds ago: a whole reading of its window", late)
		require.Zero(t, p.Deleted, "%d seconds ago", late)
		require.Zero(t, a.st.OpenWindows())
	}
}

// What an insert and a deletion hide from the totals is seen when the window leaves the lookback, and again when it leaves
// the horizon.
func TestDeletionThatHidesAnInsert(t *testing.T) {
	set := Settings{Lookback: 7200, Horizon: 12 * hour, AuditInterval: hour}
	a := newAccount(t, set)
	a.traffic(begin-6*hour, begin+20*hour, 30)
	a.minutes(60)
	swap := func(age int64) {
		at := a.srv.now - age
		old := slices.IndexFunc(a.srv.records, func(r record) bool { return r.at >= at })
		a.srv.remove(uint64(old + 1))
		a.srv.add(at + 1)
	}
	swap(hour)
	a.minutes(70)
	require.Empty(t, a.unseen(), "read whole when it left the lookback")
	a.st.deletedAt = 0
	swap(4 * hour)
	for range 8 {
		a.minutes(60)
		a.st.deletedAt = 0
	}
	require.Empty(t, a.unseen(), "read whole before it leaves the horizon")
}

// The same where few audits fit into the horizon.
func TestDeletionThatHidesAnInsertWithRareAudits(t *testing.T) {
	for _, horizon := range []int64{4 * hour, 6 * hour, 8 * hour} {
		a := newAccount(t, Settings{Lookback: 7200, Horizon: horizon, AuditInterval: 2 * hour})
		a.traffic(begin-6*hour, begin+20*hour, 30)
		a.minutes(360)
		at := a.srv.now - 7200 - 900
		old := slices.IndexFunc(a.srv.records, func(r record) bool { return r.at >= at })
		a.srv.remove(uint64(old + 1))
		id := a.srv.add(at + 1)[0]
		for range 6 {
			a.minutes(60)
			a.st.deletedAt = 0
		}
		require.Contains(t, a.seen, id, "horizon %d", horizon)
	}
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
		require.LessOrEqual(t, len(a.srv.asks)-asked, 8)
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
		require.LessOrEqual(t, len(a.srv.asks)-asked, 8)
	}
	// Less is taken as it is, more is read.
	a.srv.remove(1500)
	a.audit()
	asked = len(a.srv.asks)
	a.audit()
	require.LessOrEqual(t, len(a.srv.asks)-asked, 8)
	late := a.srv.add(a.srv.now - 4*day)[0]
	a.audit()
	require.Contains(t, a.seen, late)
	late = a.srv.add(a.srv.now - 4*day)[0]
	asked = len(a.srv.asks)
	a.audit()
	require.Contains(t, a.seen, late)
	require.LessOrEqual(t, len(a.srv.asks)-asked, 30, "its day is known by now")
}

// A first fill reads hardly more than the pages there are, and the audit after it only asks.
func TestRequestsOfAFill(t *testing.T) {
	for _, step := range []int64{1, 7, 60} {
		a := newAccount(t, Settings{Lookback: 7200, Horizon: 7 * day, AuditInterval: hour, History: 3 * day})
		a.traffic(begin-3*day-hour, begin-hour/2, step)
		pages := float64(len(a.srv.records)) / 100
		fill := a.live() + a.sweep()
		require.Zero(t, a.st.CatchUp(a.srv.now))
		require.LessOrEqual(t, float64(fill), 1.15*pages+5, "a record each %d s", step)
		require.LessOrEqual(t, a.audit(), 10)
		require.Empty(t, a.unseen())
	}
}

// A wrong clock that no second audit confirms lets nothing that is remembered go.
func TestClockThatIsWrongForAnAuditDropsNothing(t *testing.T) {
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
