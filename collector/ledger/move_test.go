package ledger

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/series"
)

// exposedOf gives the series that are shown, with their created times, by family and labels.
func exposedOf(l *Ledger) map[string]series.Metric {
	out := map[string]series.Metric{}
	all, _ := l.Exposition()
	for _, f := range all {
		for _, m := range f.Metrics {
			shown := *m.Clone()
			if shown.Hist != nil {
				shown.Hist.Exemplars = nil // they live as long as the process
			}
			out[f.Name+keyOf(m.LabelValues)] = shown
		}
	}
	return out
}

// TestMove: an account goes on in another ledger with the same values, created times and ids, and what is there of others stays.
func TestMove(t *testing.T) {
	from := newTestLedger(t, withModel(withEverything()))
	from.establish()
	calls := []Item{{Call: someCall(1)}, {Call: someCall(2, group("b"))}, {Call: someCall(3, noAnswer)}}
	from.commit(Batch{Items: calls, Swept: start().Unix()})
	was := exposedOf(from.Ledger)

	to := newTestLedger(t, withModel(withEverything()))
	other, err := to.Attach(Identity{Name: "other", BaseURL: "https://api.invalid"})
	require.NoError(t, err)
	require.NoError(t, other.Establish(start(), 0))
	_, err = to.Commit(&Batch{Account: other, Server: start(), Items: calls[:1], InitialDone: true})
	require.NoError(t, err)
	others := exposedOf(to.Ledger)
	require.NoError(t, to.Close())

	require.NoError(t, from.MoveTo(to.o, from.id))
	require.ErrorContains(t, from.MoveTo(to.o, from.id), "is in it already")
	epoch, err := EpochIn(to.o.Dir, "main")
	require.NoError(t, err)
	require.Equal(t, start().Unix(), epoch.Unix())

	to.open()
	_, err = to.Attach(Identity{Name: "other", BaseURL: "https://api.invalid"})
	require.NoError(t, err)
	is := exposedOf(to.Ledger)
	for k, m := range was {
		require.Equal(t, m, is[k], k)
	}
	for k, m := range others {
		require.Equal(t, m, is[k], k)
	}
	require.Equal(t, start().Unix(), to.account.Swept())
	require.True(t, to.account.InitialDone())
	require.False(t, to.account.Copied())
	require.Equal(t, 3, to.commit(Batch{Items: calls}).Count(Duplicate))
	_, err = EpochIn(to.o.Dir, "main")
	require.True(t, IsInUse(err))
}

func TestMoveToNewLedger(t *testing.T) {
	from := newTestLedger(t)
	from.establish()
	from.commit(Batch{Items: []Item{{Call: someCall(1)}}})
	o := from.o
	o.Dir = filepath.Join(t.TempDir(), "new")
	epoch, err := EpochIn(o.Dir, "main")
	require.NoError(t, err)
	require.Zero(t, epoch)
	require.NoError(t, from.MoveTo(o, from.id))
	moved := &testLedger{t: t, o: o, id: from.id}
	moved.open()
	defer moved.Close()
	require.Equal(t, exposedOf(from.Ledger), exposedOf(moved.Ledger))
}

// TestCopy: a copy is as the ledger was, and not taken for a restored backup.
func TestCopy(t *testing.T) {
	from := newTestLedger(t)
	from.establish()
	from.commit(Batch{Items: []Item{{Call: someCall(1)}}})
	was := exposedOf(from.Ledger)
	o := from.o
	o.Dir = t.TempDir()
	for range 2 {
		require.NoError(t, from.Copy(filepath.Join(o.Dir, fileName)))
	}
	from.commit(Batch{Items: []Item{{Call: someCall(2, group("b"))}}, Server: start().Add(time.Hour)})
	copied := &testLedger{t: t, o: o, id: from.id}
	copied.open()
	defer copied.Close()
	require.Equal(t, was, exposedOf(copied.Ledger))
	require.False(t, copied.account.Copied())
}
