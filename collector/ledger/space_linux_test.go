package ledger

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBackupNeedsSpace: a copy that would fill the disk is not begun, whoever makes it, and nothing is left behind.
func TestBackupNeedsSpace(t *testing.T) {
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip(cannotMount, err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(small, syscall.MNT_DETACH) })
	tl := newTestLedger(t)
	tl.establish()
	for i := range uint64(3) { // larger than the small disk
		var many []Item
		for j := range uint64(3000) {
			many = append(many, Item{Call: someCall(1 + (i*3000+j)*1_000_000)})
		}
		tl.commit(Batch{Items: many})
	}
	name := filepath.Join(small, "copy.db")
	refused := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, syscall.ENOSPC)
		left, err := os.ReadDir(small)
		require.NoError(t, err)
		require.Empty(t, left)
	}
	refused(tl.Backup(name))
	require.ErrorContains(t, tl.Backup(name), "and the disk of "+small+" has")
	sent, err := os.Open(FileIn(tl.o.Dir))
	require.NoError(t, err)
	defer sent.Close()
	info, err := sent.Stat()
	require.NoError(t, err)
	refused(ReceiveBackup(name, sent, info.Size(), goOn))
	refused(ReceiveBackup(name, sent, -1, goOn)) // fails midway
	require.NoError(t, tl.Close())
	defer tl.open()
	refused(BackupFile(tl.o.Dir, name, goOn))
}
