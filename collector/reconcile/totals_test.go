package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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

// A window whose total is not its number of ids is walked twice when that is found, and not again in every poll: two walks that
// agree may be of different polls.
func TestOddWindowIsWalkedOnce(t *testing.T) {
	a := newAccount(t, usual())
	a.srv.torn = a.srv.add(begin-9, begin-30, begin-10)[0]
	twice := 0
	for minute := range 240 {
		a.srv.now += 60
		if minute%50 == 49 {
			a.srv.add(a.srv.now - 5)
		}
		a.srv.asks = nil
		a.live()
		asked := map[Ask]bool{}
		for _, ask := range a.srv.asks {
			if asked[ask] {
				twice++
			}
			asked[ask] = true
		}
		a.sweep()
	}
	require.Empty(t, a.unseen())
	require.Zero(t, a.st.OpenWindows())
	require.LessOrEqual(t, twice, 12, "when records come or the window changes")
}

func TestCappedTotalHidesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
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

// The cap of the totals may be just the number of records of a row, so that a record more does not change the row's total.
func TestCapThatIsARowsNumberOfRecords(t *testing.T) {
	for _, at := range []int64{60, 600, 2 * hour} {
		a := steady(t, nil)
		a.srv.now += at
		a.live()
		a.srv.asks = nil
		a.audit()
		var row Ask
		for _, ask := range a.srv.asks {
			if n := a.srv.count(ask); n > a.srv.cap {
				a.srv.cap, row = n, ask
			}
		}
		require.Greater(t, a.srv.cap, PageSize)
		a.srv.add(row.To - 5000) // not on the first page
		require.NotEmpty(t, a.unseen())
		a.audit()
		require.Empty(t, a.unseen(), "cap %d", a.srv.cap)
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
			if testing.Short() && c.name != "no totals" {
				t.Skip("runs without -short")
			}
			a := steady(t, c.adjust)
			a.srv.add(a.srv.now-600, a.srv.now-hour, a.srv.now-3*hour, a.srv.now-10*hour)
			a.srv.now += 60
			a.live()
			require.Zero(t, a.incomplete)
			a.audit()
			require.Empty(t, a.unseen())
			require.Zero(t, a.st.OpenWindows())
		})
	}
}
