package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// An older copy of the ledger, restored and concealed until it has read again what came since: no series that was shown before is
// lower, but those born since the copy, which show their 0 first. All end equal to what the lost ledger had.
func TestRestoringAnOlderCopy(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := newClock()
		tl := newTestLedger(t, withClock(c.now), withZeroFirst(time.Minute), withModel(withEverything()))
		tl.establish()
		batches := rapid.SliceOfN(rapid.SliceOfN(genCall(start().Add(time.Hour)), 0, 6), 2, 8).Draw(rt, "batches")
		at := rapid.IntRange(1, len(batches)-1).Draw(rt, "copied after")
		commit := func(l *testLedger, from, to int) {
			for _, calls := range batches[from:to] {
				l.count(calls...)
				_, gen := l.Exposition()
				l.Served(gen, true)
				c.advance(time.Minute)
				require.NoError(rt, l.Release())
			}
		}
		commit(tl, 0, at)
		atCopy := exposed(tl.Ledger)
		restored := tl.crash()
		commit(tl, at, len(batches))
		lost := exposed(tl.Ledger)

		restored.account.Conceal(true)
		require.Empty(rt, exposed(restored.Ledger), "nothing shows before it has caught up")
		for _, calls := range batches[at:] {
			restored.count(calls...)
		}
		restored.account.Conceal(false)
		for name, v := range exposed(restored.Ledger) {
			if _, ok := atCopy[name]; ok {
				require.Equal(rt, lost[name], v, name)
			} else {
				require.Contains(rt, []float64{0, lost[name]}, v, "%s shows its 0 first", name)
			}
		}
		_, gen := restored.Exposition()
		restored.Served(gen, true)
		c.advance(time.Minute)
		require.NoError(rt, restored.Release())
		require.Equal(rt, lost, exposed(restored.Ledger))
		require.Equal(rt, tl.account.IDs(), restored.account.IDs())
	})
}
