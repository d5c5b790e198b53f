package reconcile

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where pages say more than fits on one, the window is read in parts.
func TestSplit(t *testing.T) {
	s := New(usual(), nil, 0)
	for _, kind := range []Kind{Live, Sweep} {
		p := s.newPass(kind, begin, 0)
		p.push(&task{kind: taskRead, win: Window{begin - 6400, begin - 5400}})
		_, _ = p.Next()
		p.Take(Answer{Total: 901, Size: 100, IDs: ids(1, 100)})
		require.GreaterOrEqual(t, len(p.stack), 4)
		q, _ := p.Next()
		if kind == Live {
			require.Equal(t, begin-5400, q.To, "the newest first")
		} else {
			require.Equal(t, begin-6401, q.From, "the oldest first")
		}
	}
}

// The figures of the sizing table come from how few requests quiet times need.
func TestRequestsOfAPass(t *testing.T) {
	for _, c := range []struct {
		name          string
		act           func(*account)
		live, audited int
	}{
		{"quiet", func(*account) {}, 3, 4},
		{"a late record of an hour ago", func(a *account) { a.srv.add(a.srv.now - hour) }, 9, 4},
		{"a late record of five hours ago", func(a *account) { a.srv.add(a.srv.now - 5*hour) }, 3, 14},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := steady(t, nil)
			for range 5 {
				a.srv.now += 60
				a.live()
				a.sweep()
			}
			a.audit()
			c.act(a)
			a.srv.now += 20
			live, audited := a.live(), a.audit()
			t.Logf("%d cells: %d requests to poll, %d to audit", len(a.st.row.cells), live, audited)
			require.LessOrEqual(t, live, c.live)
			require.LessOrEqual(t, audited, c.audited)
			require.Empty(t, a.unseen())
		})
	}
}

func BenchmarkRequests(b *testing.B) {
	for _, step := range []int64{60, 10, 4} {
		b.Run(fmt.Sprintf("a record each %ds", step), func(b *testing.B) {
			a := newAccount(b, usual())
			a.traffic(begin-day, begin+4*hour, step)
			a.minutes(60)
			before, minutes := a.srv.requests, 0
			for b.Loop() {
				if minutes++; minutes > 170 {
					continue
				}
				a.minutes(1)
			}
			b.ReportMetric(float64(a.srv.requests-before)/float64(min(minutes, 170)), "requests/min")
		})
	}
}

// A first fill reads hardly more than the pages there are, and the audit after it only asks.
func TestRequestsOfAFill(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for _, step := range []int64{1, 7, 60} {
		a := newAccount(t, Settings{Lookback: 7200, Horizon: 7 * day, AuditInterval: hour, History: day})
		a.traffic(begin-day-hour, begin-hour/2, step)
		pages := float64(len(a.srv.records)) / 100
		fill := a.live() + a.sweep()
		require.Zero(t, a.st.CatchUp(a.srv.now))
		require.LessOrEqual(t, float64(fill), 1.15*pages+5, "a record each %d s", step)
		require.LessOrEqual(t, a.audit(), 12)
		require.Empty(t, a.unseen())
	}
}
