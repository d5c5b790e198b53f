package reconcile

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeletionsAreCountedOnceWhenConfirmed(t *testing.T) {
	for _, late := range []int64{2500, hour, 3 * hour, 8 * hour} {
		a := steady(t, nil)
		a.srv.now += 60
		a.live()
		at := a.srv.now - late
		gone := slices.IndexFunc(a.srv.records, func(r record) bool { return r.at >= at })
		a.srv.remove(uint64(gone + 1))
		removed := []uint64{uint64(gone + 1)}
		// One on a bound, which stands in two cells.
		i := a.st.row.from(at - 300)
		want := 1
		for k := range a.srv.records {
			if r := a.srv.records[k]; r.gone == forever && r.at == a.st.row.cells[i].To {
				a.srv.remove(r.id)
				want, removed = 2, append(removed, r.id)
				break
			}
		}
		for range 3 {
			a.srv.now += 60
			a.live()
			a.audit()
		}
		require.Equal(t, want, a.deleted, "%d seconds old", late)
		var durable []uint64
		for _, d := range a.deletions {
			for _, id := range d.IDs {
				at := a.srv.records[id-1].at
				require.True(t, d.From-1 <= at && at <= d.To, "it was in the window")
				durable = append(durable, id)
			}
		}
		require.ElementsMatch(t, removed, durable)
	}
}

// One pass can see two deletions from one window.
func TestTwoDeletionsFromAWindowInOnePass(t *testing.T) {
	a := steady(t, nil)
	a.srv.now += 60
	a.live()
	w := a.st.row.cells[a.st.row.from(a.srv.now-5*hour)].Window
	var in []uint64
	for _, r := range a.srv.records {
		if r.at > w.From && r.at < w.To-1 && r.gone == forever {
			in = append(in, r.id)
		}
	}
	a.srv.remove(in[0])
	p := a.st.Audit(a.srv.now, 0)
	for removed := 1; ; {
		q, more := p.Next()
		if !more {
			break
		}
		answer, _, _ := a.srv.answer(q)
		a.save()
		p.Take(answer)
		if p.Deleted == removed && removed == 1 {
			a.srv.remove(in[1])
			removed = 2
		}
	}
	a.save()
	require.Equal(t, 2, p.Deleted)
	require.Len(t, a.deletions, 2)
	for i, d := range a.deletions {
		require.Equal(t, Deletion{Window: w, At: p.Begun, IDs: in[i : i+1]}, d)
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

// While records are being deleted, the next audit sees such an insert wherever it is, also in what the sweep has just read.
func TestDeletionThatHidesAnInsertAfterTheSweep(t *testing.T) {
	a := steady(t, nil)
	remove := func(age int64) int64 {
		i := slices.IndexFunc(a.srv.records, func(r record) bool { return r.at >= a.srv.now-age && r.gone == forever })
		a.srv.remove(uint64(i + 1))
		return a.srv.records[i].at
	}
	remove(3 * hour)
	a.audit()
	require.Equal(t, 1, a.deleted)
	for age := int64(3 * hour); age < 8*hour; age += 20 * 60 {
		a.srv.now += 60
		a.live()
		a.sweep()
		a.srv.add(remove(age))
		a.audit()
		require.Empty(t, a.unseen(), "%d seconds ago", age)
	}
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

// That records are being deleted is known across a restart.
func TestDeletionThatHidesAnInsertAfterARestart(t *testing.T) {
	a := steady(t, nil)
	remove := func(age int64) int64 {
		at := a.srv.now - age
		i := slices.IndexFunc(a.srv.records, func(r record) bool { return r.at >= at && r.gone == forever })
		a.srv.remove(uint64(i + 1))
		return a.srv.records[i].at
	}
	remove(3 * hour)
	a.srv.now += 60
	a.round()
	require.Equal(t, 1, a.deleted)
	a.crash()
	a.srv.now += hour
	a.srv.add(remove(4*hour) + 1)
	a.round()
	require.Empty(t, a.unseen())
}
