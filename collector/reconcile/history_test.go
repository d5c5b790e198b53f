package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A History has no ledger that could keep deletions: it keeps none itself, however many a server that hides records makes it see.
func TestHistoryKeepsNoDeletions(t *testing.T) {
	a := newAccount(t, usual())
	a.traffic(begin-40*day, begin-day, 600)
	h := NewHistory(Window{begin - 40*day, begin - day})
	walks, noted := map[Window]int{}, 0
	for n := 0; n < 20_000 && !h.Done(); n++ {
		q, more := h.Next()
		if !more {
			h.Over()
			continue
		}
		answer, _, _ := a.srv.answer(q)
		w := Window{q.From, q.To}
		if q.Page == 1 {
			walks[w]++
		}
		switch { // two walks disagree, and then the first record is hidden
		case walks[w] <= 2 && len(answer.IDs) > 0:
			answer.Total += 5 * walks[w]
		case len(answer.IDs) > 1:
			answer.Total--
			if q.Page == 1 {
				answer.IDs = answer.IDs[1:]
			}
		}
		h.Take(answer)
		noted = max(noted, len(h.s.deletions))
		h.Settled()
	}
	require.True(t, h.Done())
	require.Positive(t, noted)
	require.Empty(t, h.s.deletions)
}
