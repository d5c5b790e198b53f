package ledger

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

// deletions are those that a copy of a ledger has of the test's account.
func (tl *testLedger) deletions() ([]Deletion, error) {
	file := filepath.Join(tl.t.TempDir(), "copy.db")
	if err := tl.Backup(file); err != nil {
		return nil, err
	}
	e, err := ReadAccount(file, tl.id)
	if err != nil {
		return nil, err
	}
	return e.Deletions, nil
}

// TestDeletions: deletions are kept until their windows are forgotten, whatever becomes of the windows meanwhile.
func TestDeletions(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tl := newTestLedger(t)
		tl.establish()
		want := map[[3]int64]Deletion{}
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			from := rapid.Int64Range(0, 9).Draw(rt, "from")
			d := Deletion{
				From: from, To: from + rapid.Int64Range(1, 10).Draw(rt, "width"), At: rapid.Int64Range(50, 52).Draw(rt, "at"),
				IDs: []uint64{rapid.Uint64Range(1, 3).Draw(rt, "first id"), 5, rapid.Uint64Min(6).Draw(rt, "id")},
			}
			before := rapid.SampledFrom([]int64{0, 0, 0, 5, 12}).Draw(rt, "before")
			for k, had := range want {
				if had.To <= before {
					delete(want, k)
				}
			}
			want[[3]int64{d.From, d.At, int64(d.IDs[0])}] = d
			cell := Cell{From: from, To: d.To, Data: []byte("read again")}
			tl.commit(Batch{Cells: []Cell{cell}, Deletions: []Deletion{d}, DropBefore: before})
		}
		tl.reopen()
		got, err := tl.deletions()
		require.NoError(rt, err)
		require.Len(rt, got, len(want))
		for _, d := range got {
			require.Equal(rt, want[[3]int64{d.From, d.At, int64(d.IDs[0])}], d)
		}
	})
}

// TestDeletionsOfDroppedIDs: with the ids, deletions go too, and with the windows of another filter.
func TestDeletionsOfDroppedIDs(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	tl.commit(Batch{Deletions: []Deletion{{From: 1, To: 9, At: 70, IDs: []uint64{3}}}})
	got, err := tl.deletions()
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.NoError(t, tl.account.Forget())
	got, err = tl.deletions()
	require.NoError(t, err)
	require.Empty(t, got)

	tl.commit(Batch{Deletions: []Deletion{{From: 1, To: 9, At: 70, IDs: []uint64{3}}}})
	other := tl.id
	other.Filter = "another"
	_, err = tl.Attach(other)
	require.NoError(t, err)
	require.NoError(t, tl.file.view(func(tx *bolt.Tx) (err error) {
		got, err = readDeletions(tx.Bucket([]byte(bucketAccounts)).Bucket([]byte(tl.id.Name)))
		return err
	}))
	require.Empty(t, got)
}

// TestDamagedDeletions: they are refused at the start, as all that is damaged.
func TestDamagedDeletions(t *testing.T) {
	for name, value := range map[string][]byte{"no checksum": []byte("x"), "cut off": seal([]byte{2, 3}), "too long": seal([]byte{2, 1, 5, 0}), "no id": seal([]byte{2, 0})} {
		t.Run(name, func(t *testing.T) {
			tl := newTestLedger(t)
			tl.establish()
			tl.commit(Batch{Deletions: []Deletion{{From: 1, To: 9, At: 70, IDs: []uint64{3}}}})
			require.NoError(t, tl.file.update(func(tx *bolt.Tx) error {
				return tx.Bucket([]byte(bucketAccounts)).Bucket([]byte(tl.id.Name)).Bucket([]byte(bucketDeletions)).Put(make([]byte, 24), value)
			}))
			require.NoError(t, tl.Close())
			_, err := Open(tl.o)
			require.ErrorIs(t, err, errDamaged)
		})
	}
}
