package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/itnio"
)

// TestHabitsOfServers: what polls, sweeps and audits show of a server, and that a restart knows it.
func TestHabitsOfServers(t *testing.T) {
	for _, tt := range []struct {
		name string
		srv  func(*server)
		want func(*itnio.Habits)
	}{
		{"plain", nil, func(h *itnio.Habits) { h.Totals, h.PageSize, h.Future = itnio.TotalsExact, 100, itnio.FutureAnswered }},
		{"no totals", func(s *server) { s.noTotal = true }, func(h *itnio.Habits) { h.Totals, h.PageSize = itnio.TotalsUntold, 100 }},
		{"two too many", func(s *server) { s.lie = 2 }, func(h *itnio.Habits) { h.Totals, h.TotalsOff = itnio.TotalsOff, 2 }},
		{"capped", func(s *server) { s.cap = 150 }, func(h *itnio.Habits) { h.TotalCap = 150 }},
		{"pages of 30", func(s *server) { s.page = 30 }, func(h *itnio.Habits) { h.PageSize = 30 }},
		{"pages of 30, size not told", func(s *server) { s.page, s.noSize = 30, true }, func(h *itnio.Habits) { h.PageSize = 30 }},
		{"pages of 30, said to have 100", func(s *server) { s.page, s.says = 30, 100 }, func(h *itnio.Habits) { h.PageSize = 30 }},
		{"the first page again", func(s *server) { s.firstAgain, s.noTotal = true, true }, func(h *itnio.Habits) { h.PastEnd = itnio.PastEndAgain }},
		{"nothing past the end", func(s *server) { s.noTotal = true }, func(h *itnio.Habits) { h.PastEnd = itnio.PastEndEmpty }},
		{"no future", func(s *server) { s.noFuture = true }, func(h *itnio.Habits) { h.Future = itnio.FutureRefused }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := steady(t, tt.srv)
			for range 2 {
				got := a.habits
				want := got
				tt.want(&want)
				require.Equal(t, want, got)
				a.crash()
				a.st.Describe(&a.habits)
			}
			asked := a.srv.requests
			a.round()
			cold := a.srv.requests - asked
			a.habits = itnio.Habits{}
			a.crash()
			asked = a.srv.requests
			a.round()
			require.LessOrEqual(t, cold, a.srv.requests-asked, "what is known saves requests")
		})
	}
}

// TestPagesLargerThanAskedFor: a size that a server only says is shown, and not planned with.
func TestPagesLargerThanAskedFor(t *testing.T) {
	a := newAccount(t, usual())
	a.srv.says = 1 << 40
	a.minutes(3)
	a.crash()
	a.st.Describe(&a.habits)
	require.Equal(t, 1<<40, a.habits.PageSize)
	require.Equal(t, PageSize, a.st.pageSize())
}

// TestLimitsOfWindows: the widest window that was answered and the narrowest that was refused, until a wider one is answered.
func TestLimitsOfWindows(t *testing.T) {
	a := steady(t, func(s *server) { s.maxWidth, s.maxTotal = 6*hour, 300 })
	h := a.habits
	require.InDelta(t, 6*hour, h.Width.Answered, hour)
	require.Greater(t, h.Width.Refused, int64(6*hour-2))
	require.Greater(t, h.Records.Refused, int64(300))
	require.LessOrEqual(t, h.Records.Answered, int64(300))

	a.crash()
	require.Equal(t, int(h.Records.Refused-1), a.st.limit().total)
	require.Equal(t, h.Width.Refused-1, a.st.limit().width)
	a.srv.maxWidth, a.srv.maxTotal = 0, 0
	a.round()
	require.NotZero(t, a.habits.Records.Refused, "the first audit goes by what was known")
	a.srv.now += hour
	a.round()
	require.Zero(t, a.habits.Records.Refused, "the next one finds out that it is no longer so")
	require.Zero(t, a.habits.Width.Refused)
}

// TestKeptOffsetOfTotals: an offset that is no longer there would hide as many records as it was. It has to show itself again, and
// one reading is enough for that.
func TestKeptOffsetOfTotals(t *testing.T) {
	a := steady(t, func(s *server) { s.lie = 2 })
	a.crash()
	require.Zero(t, a.st.trust.off)
	a.srv.now += 60
	a.live()
	require.Equal(t, 2, a.st.trust.off)

	a.srv.lie = 0
	a.crash()
	a.srv.now += 60
	a.live()
	require.Zero(t, a.st.trust.off)
}

// TestKeptHabitsThatAreNoLongerTrue: the server was upgraded while the exporter was down. What is late is found by the first audit,
// and the habits are learned again.
func TestKeptHabitsThatAreNoLongerTrue(t *testing.T) {
	for name, was := range map[string]func(*server){
		"no totals":    func(s *server) { s.noTotal = true },
		"two too many": func(s *server) { s.lie = 2 },
		"two too few":  func(s *server) { s.lie = -2 },
		"capped":       func(s *server) { s.cap = 150 },
		"pages of 30":  func(s *server) { s.page = 30 },
		"no future":    func(s *server) { s.noFuture = true },
	} {
		t.Run(name, func(t *testing.T) {
			a := steady(t, was)
			before := a.habits
			a.srv.noTotal, a.srv.lie, a.srv.cap, a.srv.page, a.srv.noFuture = false, 0, 0, 0, false
			a.srv.add(a.srv.now-hour, a.srv.now-5*hour) // as many as a total was off by
			a.crash()
			a.srv.now += 60
			a.round()
			require.Empty(t, a.unseen())
			for range 26 {
				a.srv.now += hour
				a.round()
			}
			require.NotEqual(t, before, a.habits)
			require.Equal(t, itnio.TotalsExact, a.habits.Totals)
			require.Zero(t, a.habits.TotalsOff)
			require.Zero(t, a.habits.TotalCap)
			require.Equal(t, 100, a.habits.PageSize)
			require.Equal(t, itnio.FutureAnswered, a.habits.Future)
			require.Empty(t, a.unseen())
		})
	}
}
