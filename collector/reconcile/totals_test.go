package reconcile

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/itnio"
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

// A server whose totals are too high is asked for a page past the last again and again. It may refuse that: the page before was the
// last one then, and not a reason to divide the window.
func TestPagePastTheEndIsRefused(t *testing.T) {
	for _, lie := range []int{0, 1, 3} {
		requests := map[Refusal]int{}
		for _, refusal := range []Refusal{0, Parameter, Broken} {
			a := steady(t, func(s *server) { s.lie, s.endRefusal = lie, min(refusal, Parameter) })
			a.srv.endRefusal = refusal // Broken is taken for the end once it is known that the end is refused
			before := len(a.srv.asks)
			for range 120 {
				a.srv.now += 60
				a.srv.add(a.srv.now-20, a.srv.now-90*60, a.srv.now-4*hour)
				a.live()
				require.False(t, a.failed, "totals + %d, %d", lie, refusal)
				a.sweep()
				if a.st.AuditDue(a.srv.now) {
					a.audit()
				}
			}
			a.audit()
			require.Empty(t, a.unseen(), "totals + %d, %d", lie, refusal)
			require.Zero(t, a.st.OpenWindows())
			require.Equal(t, refusal != 0 && lie > 0, a.habits.PastEnd == itnio.PastEndRefused)
			requests[refusal] = len(a.srv.asks) - before
		}
		require.InEpsilon(t, requests[0], requests[Parameter], 0.1, "totals + %d", lie)
		require.InEpsilon(t, requests[0], requests[Broken], 0.1, "totals + %d", lie)
	}
}

// A failure behind a short page is its end only once three polls in a row have failed there.
func TestPagePastTheEndFails(t *testing.T) {
	a := newAccount(t, usual())
	a.traffic(begin-hour, begin, 20)
	a.srv.lie = 1
	a.live()
	a.srv.endRefusal = Broken
	for _, failed := range []bool{true, true, false, false} {
		a.srv.now += 60
		a.srv.add(a.srv.now - 5)
		a.live()
		require.Equal(t, failed, a.failed)
	}
	require.Empty(t, a.unseen())
}

// A server that sends fewer records than it says a page has, and does not answer for the second one: no page is taken for the last one
// before it has sent a larger one.
func TestSecondPageIsRefused(t *testing.T) {
	for _, refusal := range []Refusal{Parameter, Broken} {
		a := newAccount(t, usual())
		a.traffic(begin-10*hour, begin+3*hour, 20)
		a.srv.page, a.srv.says = 40, 100
		refused := 0
		a.srv.deaf = func(q Ask) (Refusal, bool) {
			if q.Page == 2 && refused < 2 {
				refused++
				return refusal, true
			}
			return 0, false
		}
		a.minutes(60)
		require.Equal(t, 2, refused)
		require.Empty(t, a.unseen())
		require.Zero(t, a.st.OpenWindows())
	}
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

// The same where the cap is up to two records more, and several come at once: a search ends when it has found as many as the capped
// total says. These seeds have lost a record when a row that was searched was not doubted.
func TestCapsAtRandom(t *testing.T) {
	for _, seed := range []uint64{64, 137, 178, 319, 352, 545} {
		g := rand.New(rand.NewPCG(seed, 1))
		a := newAccount(t, usual())
		step := []int64{20, 60, 240}[g.IntN(3)]
		a.srv.lie = []int{0, 0, 0, 2}[g.IntN(4)]
		a.srv.page = []int{0, 0, 30}[g.IntN(3)]
		a.traffic(begin-6*hour, begin+16*hour, step)
		a.minutes(120)
		for range 4 {
			a.srv.now += 15 * 60
			a.round()
		}
		a.srv.now += int64(g.IntN(4 * hour))
		a.round()
		a.srv.now += 60
		a.live()
		a.srv.asks = nil
		a.audit()
		row := slices.MaxFunc(a.srv.asks, func(x, y Ask) int { return cmp.Or(a.srv.count(x)-a.srv.count(y), int(x.From-y.From)) })
		if g.IntN(2) == 0 && len(a.srv.asks) > 2 {
			row = a.srv.asks[g.IntN(len(a.srv.asks))]
		}
		most := a.srv.count(row)
		more, records := g.IntN(3), 1+g.IntN(4)
		a.srv.cap = most + a.srv.lie + more
		old := a.srv.now - a.set.Lookback - 600
		for range records {
			a.srv.add(min(row.From+1+g.Int64N(row.To-row.From-1), old))
		}
		if g.IntN(3) == 0 {
			a.srv.add(old - g.Int64N(3*hour))
		}
		if g.IntN(3) == 0 {
			a.crash()
			a.live()
		}
		a.audit()
		require.Empty(t, a.unseen(), "seed %d: a record each %d s, cap %d, row of %d", seed, step, a.srv.cap, most)
	}
}

// The row with the highest total can be a single cell.
func TestCapThatIsACellsNumberOfRecords(t *testing.T) {
	a := newAccount(t, usual())
	burst := slices.Repeat([]int64{begin - 4*hour}, 150)
	a.srv.add(burst...)
	a.minutes(70)
	a.srv.cap = len(burst)
	a.srv.add(burst[0])
	a.srv.now += 60
	a.round()
	require.Empty(t, a.unseen())
}

// Where every total is off by the same number, the empty rows of an idle account need no second question.
func TestIdleAccountWithAnOffset(t *testing.T) {
	a := newAccount(t, usual())
	a.srv.lie = 2
	a.traffic(begin-6*hour, begin+2*hour, 60)
	a.minutes(180)
	a.srv.now += 50 * hour
	a.round()
	a.srv.now += hour
	a.round()
	require.LessOrEqual(t, a.audit(), 6)
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
