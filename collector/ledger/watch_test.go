//go:build unix

package ledger

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file that is no longer the one that was opened is told of and not written to, and what is shown stays.
func TestFileThatIsNoLongerThere(t *testing.T) {
	for want, damage := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"replaced": func(t *testing.T, path string) {
			copyFile(t, path, path+".copy")
			require.NoError(t, os.Rename(path+".copy", path))
		},
		"cut off":     func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 8192)) },
		"overwritten": func(t *testing.T, path string) { copyInto(t, path, filled(t)) },
	} {
		t.Run(want, func(t *testing.T) {
			tl := newTestLedger(t)
			tl.establish()
			for i := range uint64(100) {
				tl.count(someCall(1+i, country(string([]byte{byte('A' + i/26), byte('A' + i%26)}))))
			}
			require.NoError(t, tl.Health())
			shown := exposed(tl.Ledger)
			path := filepath.Join(tl.o.Dir, fileName)
			damage(t, path)
			after, readErr := os.ReadFile(path)
			for range 2 {
				require.ErrorContains(t, tl.Health(), path+" was "+want)
				_, err := tl.Commit(&Batch{Account: tl.account, Server: start(), Items: []Item{{Call: someCall(1000)}}})
				require.ErrorContains(t, err, path+" was "+want)
				require.Nil(t, tl.account.Cells())
			}
			require.Equal(t, shown, exposed(tl.Ledger))
			now, err := os.ReadFile(path)
			require.Equal(t, readErr == nil, err == nil)
			require.Equal(t, after, now, "the file is left alone")
		})
	}
}

func copyInto(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.Write(b)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// A page that cannot be read any more, since the file was cut off within a transaction, is an error and not the end of the process.
func TestFaultWithinATransaction(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	for i := range uint64(200) {
		tl.count(someCall(1+i, country(string([]byte{byte('A' + i/26), byte('A' + i%26)}))))
	}
	tl.file.before = func() error { return os.Truncate(tl.file.path, 4096) }
	_, err := tl.Commit(&Batch{Account: tl.account, Server: start(), Items: []Item{{Call: someCall(1000)}}})
	require.ErrorContains(t, err, "a page cannot be read")
	require.ErrorContains(t, tl.Health(), "a page cannot be read")
	_, err = tl.Commit(&Batch{Account: tl.account, Server: start(), Items: []Item{{Call: someCall(1001)}}})
	require.ErrorContains(t, err, "a page cannot be read")
	require.ErrorContains(t, tl.Close(), "a page cannot be read", "and it does not wait for ever")
}

// Network shares may have neither file locks nor memory-mapped files.
func TestFileSystemWithoutLocks(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOLCK, syscall.ENOTSUP, syscall.EINVAL} {
		require.Contains(t, problem(&os.PathError{Op: "open", Path: "x", Err: errno}), "network shares")
	}
	require.NotContains(t, problem(syscall.ENOSPC), "network shares")
}

// A first start that is interrupted at any time leaves nothing that keeps the next one from making the ledger.
func TestInterruptedFirstStart(t *testing.T) {
	whole := filled(t)
	for _, n := range []int{0, 1, 4096, 8192, 16384, len(whole)} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName+unfinished), whole[:n], 0o600))
		tl := newTestLedger(t, withDir(dir))
		require.Zero(t, tl.account.IDs(), "what was unfinished is not used")
		require.Contains(t, tl.log.String(), "new ledger created")
		require.NoFileExists(t, filepath.Join(dir, fileName+unfinished))
		tl.establish()
		tl.count(someCall(1))
		tl.reopen()
		require.Equal(t, 1, tl.account.IDs())
		require.Contains(t, tl.log.String(), "ledger opened")
		require.Contains(t, tl.log.String(), "path="+filepath.Join(dir, fileName))
	}
}
