//go:build unix

package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// A file that is no longer the one that was opened is told of and not written to, and what is shown stays.
func TestFileThatIsNoLongerThere(t *testing.T) {
	for want, damage := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"replaced": func(t *testing.T, path string) {
			copyFile(t, path, path+".copy")
			require.NoError(t, os.Rename(path+".copy", path))
		},
		"made longer": func(t *testing.T, path string) {
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.NoError(t, os.Truncate(path, info.Size()+1))
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

// A directory that is removed or renamed takes the file with it.
func TestDirectoryThatIsNoLongerThere(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"removed": func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) },
		"renamed": func(t *testing.T, dir string) { require.NoError(t, os.Rename(dir, dir+".old")) },
	} {
		t.Run(name, func(t *testing.T) {
			tl := newTestLedger(t, withDir(filepath.Join(t.TempDir(), "data")))
			tl.establish()
			require.NoError(t, tl.Health())
			damage(t, tl.o.Dir)
			require.ErrorContains(t, tl.Health(), filepath.Join(tl.o.Dir, fileName)+" was removed")
		})
	}
}

// A file that the exporter's user may no longer write, or a disk that has become read-only, is told of before it matters. Root may
// do anything, so the test runs as another user.
func TestFileThatMayNoLongerBeWritten(t *testing.T) {
	dir := shared(t)
	out := asNobodyRunning(t, "TestChildLosesRights", dir)
	require.Contains(t, out, "READ-ONLY ledger: "+filepath.Join(dir, fileName)+" can no longer be opened for writing: permission denied: give the exporter's user access to it again")
	require.Contains(t, out, "NO RIGHTS ledger: "+filepath.Join(dir, fileName)+" can no longer be opened for writing: permission denied")
	require.Contains(t, out, "REFUSED ledger: ")
	require.Contains(t, out, "AGAIN <nil>")
}

// TestChildLosesRights is the other process of the test above.
func TestChildLosesRights(t *testing.T) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		t.Skip("this is the other process of another test")
	}
	tl := newTestLedger(t, withDir(dir))
	tl.establish()
	require.NoError(t, tl.Health())
	path := filepath.Join(dir, fileName)
	require.NoError(t, os.Chmod(path, 0o400))
	fmt.Println("READ-ONLY", tl.Health())
	require.NoError(t, os.Chmod(path, 0))
	fmt.Println("NO RIGHTS", tl.Health())
	_, err := tl.Commit(&Batch{Account: tl.account, Server: start(), Items: []Item{{Call: someCall(1)}}})
	fmt.Println("REFUSED", err)
	require.NoError(t, os.Chmod(path, 0o600))
	_, err = tl.Commit(&Batch{Account: tl.account, Server: start(), Items: []Item{{Call: someCall(1)}}})
	fmt.Println("AGAIN", errors.Join(err, tl.Health()))
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

// Older releases made the file in its place. One that was never written to is replaced, and the log says so; one of which a part is
// lost is not.
func TestFirstStartOfAnOlderReleaseInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	db, err := bolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, whole, 4*os.Getpagesize())
	for _, n := range []int{512, 4096, 8192, 12000, len(whole)} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName), whole[:n], 0o600))
		tl := newTestLedger(t, withDir(dir))
		require.Contains(t, tl.log.String(), "the ledger's file was replaced: nothing had ever been written to it")
		tl.establish()
		tl.count(someCall(1))
		tl.reopen()
		require.Equal(t, 1, tl.account.IDs(), "a second start opens it")
	}
	used := filled(t)
	for _, n := range []int{4096, 8192} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName), used[:n], 0o600))
		require.ErrorContains(t, openError(t, dir), "cut off")
	}
}

// What an older release is writing just now is left alone.
func TestFirstStartOfAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	db, err := bolt.Open(filepath.Join(dir, fileName), 0o600, nil)
	require.NoError(t, err)
	require.ErrorContains(t, openError(t, dir), "another process has it open")
	require.NoError(t, db.Close())
}
