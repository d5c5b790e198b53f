package ledger

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func goOn(int64) error { return nil }

// restored opens a backup as the ledger of another directory.
func restored(t *testing.T, tl *testLedger, name string) *testLedger {
	t.Helper()
	dir := t.TempDir()
	copyFile(t, name, filepath.Join(dir, fileName))
	next := &testLedger{t: t, o: tl.o, id: tl.id}
	next.o.Dir = dir
	next.open()
	t.Cleanup(func() { _ = next.Close() })
	return next
}

// TestBackup: each way to make a backup gives a copy that has all that was committed before, nothing after, and is marked.
func TestBackup(t *testing.T) {
	for name, copied := range map[string]func(tl *testLedger, name string) error{
		"in use": func(tl *testLedger, name string) error { return tl.Backup(name) },
		"not in use": func(tl *testLedger, name string) error {
			defer tl.open()
			return errors.Join(tl.Close(), BackupFile(tl.o.Dir, name, goOn))
		},
		"received": func(tl *testLedger, name string) error {
			sent, err := os.ReadFile(filepath.Join(tl.o.Dir, fileName))
			return errors.Join(err, ReceiveBackup(name, bytes.NewReader(sent), int64(len(sent)), goOn))
		},
	} {
		t.Run(name, func(t *testing.T) {
			tl := newTestLedger(t)
			tl.establish()
			tl.count(someCall(1), someCall(2))
			file := filepath.Join(t.TempDir(), "copy.db")
			require.NoError(t, copied(tl, file))
			then := exposed(tl.Ledger)
			tl.count(someCall(3), someCall(4, group("new")))

			require.False(t, tl.account.Copied(), "the ledger itself is no copy")
			r := restored(t, tl, file)
			require.True(t, r.account.Copied())
			require.Empty(t, exposed(r.Ledger), "it is behind")
			r.account.Conceal(false)
			require.Equal(t, then, exposed(r.Ledger))
			r.account.Conceal(true)
			require.Equal(t, []Result{Duplicate, Duplicate, Counted, Counted}, r.count(someCall(1), someCall(2), someCall(3), someCall(4, group("new"))))

			r.reopen()
			require.True(t, r.account.Copied(), "a restart does not make up for what is missing")
			r.account.Conceal(true)
			r.commit(Batch{CaughtUp: true})
			r.account.Conceal(false)
			require.False(t, r.account.Copied())
			require.Equal(t, exposed(tl.Ledger), exposed(r.Ledger))
			r.reopen()
			require.False(t, r.account.Copied())
		})
	}
}

// TestBackupRefused: nothing is overwritten, and what could not be completed leaves nothing behind.
func TestBackupRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	tl := newTestLedger(t)
	tl.establish()
	dir := t.TempDir()
	there, file := filepath.Join(dir, "there.db"), filepath.Join(dir, "new.db")
	require.NoError(t, os.WriteFile(there, []byte("mine"), 0o600))
	whole, err := os.ReadFile(filepath.Join(tl.o.Dir, fileName))
	require.NoError(t, err)
	stopped := errors.New("stopped")

	require.ErrorIs(t, tl.Backup(there), fs.ErrExist)
	require.True(t, IsInUse(BackupFile(tl.o.Dir, file, goOn)))
	require.ErrorIs(t, BackupFile(t.TempDir(), file, goOn), fs.ErrNotExist)
	require.ErrorIs(t, ReceiveBackup(file, bytes.NewReader(whole[:len(whole)/2]), -1, goOn), errCutOff)
	require.ErrorIs(t, ReceiveBackup(file, bytes.NewReader([]byte("<html>a login page</html>")), -1, goOn), errForeign)
	require.ErrorIs(t, ReceiveBackup(file, bytes.NewReader(whole), -1, func(int64) error { return stopped }), stopped)
	require.ErrorContains(t, tl.Backup(filepath.Join(dir, "no", "such.db")), "no such file")

	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	kept, err := os.ReadFile(there)
	require.NoError(t, err)
	require.Equal(t, "mine", string(kept))
}

// TestBackupOfOlderFormat: a copy that this program could not mark is refused.
func TestBackupOfOlderFormat(t *testing.T) {
	require.ErrorContains(t, BackupFile(versionOne(t), filepath.Join(t.TempDir(), "copy.db"), goOn), "start the exporter once")
}

// TestBackupBesideWriter makes copies while batches are committed: each has whole batches only.
func TestBackupBesideWriter(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range uint64(200) {
			_, err := tl.Commit(&Batch{Account: tl.account, Server: start(), Items: []Item{{Call: someCall(2*i + 1)}, {Call: someCall(2*i + 2)}}})
			if err != nil {
				t.Error(err)
				return
			}
		}
	}()
	dir := t.TempDir()
	for i := range 5 {
		file := filepath.Join(dir, string(rune('a'+i)))
		require.NoError(t, tl.Backup(file))
		require.Zero(t, restored(t, tl, file).account.IDs()%2)
		time.Sleep(time.Millisecond)
	}
	<-done
}
