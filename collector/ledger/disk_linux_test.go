package ledger

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
)

const (
	fullDiskVariable = "LEDGER_TEST_FULL_DISK"
	fullDiskDone     = "full disk: all counted once, calls:"
	cannotMount      = "cannot mount a small file system: "
)

// A disk that fills up and empties again: what is served stays what is durable, and what could not be committed is
// counted once when it is read again. Limits are a process's own, so the test runs in a process of its own.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	if how := os.Getenv(fullDiskVariable); how != "" {
		fullDisk(t, how)
		return
	}
	for _, how := range []string{"file size limit", "tmpfs"} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
			cmd.Env = append(os.Environ(), fullDiskVariable+"="+how)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			if bytes.Contains(out, []byte(cannotMount)) {
				t.Skip(string(out))
			}
			require.Contains(t, string(out), fullDiskDone, "the other process ran")
		})
	}
}

// shortage makes a directory on a disk that can be filled and emptied.
func shortage(t *testing.T, how string) (dir string, fill, empty func()) {
	t.Helper()
	dir = t.TempDir()
	if how == "tmpfs" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
			t.Skip(cannotMount, err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		ballast := filepath.Join(dir, "ballast")
		fill = func() {
			f, err := os.Create(ballast)
			require.NoError(t, err)
			defer f.Close()
			for {
				if _, err := f.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}
		return dir, fill, func() { require.NoError(t, os.Remove(ballast)) }
	}
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	limit := func(bytes uint64) {
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: was.Max}))
	}
	fill = func() {
		info, err := os.Stat(filepath.Join(dir, fileName))
		require.NoError(t, err)
		limit(uint64(info.Size()) / 2)
	}
	return dir, fill, func() { limit(was.Cur) }
}

func fullDisk(t *testing.T, how string) {
	dir, fill, empty := shortage(t, how)
	tl := newTestLedger(t, withDir(dir), func(o *Options) { o.NoSync = false })
	tl.establish()
	key := uint64(0)
	calls := func(n int) (items []Item) {
		for range n {
			key++
			items = append(items, Item{Call: someCall(key, func(c *call.Call) { c.Session = key * 0x9E3779B97F4A7C15 })})
		}
		return items
	}
	tl.commit(Batch{Items: calls(3)})
	for round := range 5 {
		before := exposed(tl.Ledger)
		_, gen := tl.Exposition()
		ids := tl.account.IDs()
		fill()
		var failed []Item
		failures := 0
		for range 200 { // the free pages of the file may do for a while
			items := calls(200)
			_, err := tl.Commit(&Batch{Account: tl.account, Server: start(), Items: items})
			if err == nil {
				before, ids = exposed(tl.Ledger), tl.account.IDs()
				_, gen = tl.Exposition()
				continue
			}
			failures++
			failed = append(failed, items...)
			require.Equal(t, before, exposed(tl.Ledger), "what is served is what is durable")
			require.Equal(t, ids, tl.account.IDs())
			_, now := tl.Exposition()
			require.Equal(t, gen, now)
			if failures == 3 {
				break
			}
		}
		require.Equal(t, 3, failures)
		empty()
		if round%2 == 1 {
			tl.reopen()
			require.Equal(t, before, exposed(tl.Ledger))
		}
		report := tl.commit(Batch{Items: failed})
		require.Equal(t, len(failed), report.Count(Counted), "nothing is lost")
		report = tl.commit(Batch{Items: failed})
		require.Equal(t, len(failed), report.Count(Duplicate), "nothing is counted twice")
		require.EqualValues(t, key, exposed(tl.Ledger)["itnio_calls_total{main,sales,CN,incoming,answered,incoming_hung_up,customer}"])
	}
	tl.reopen()
	require.EqualValues(t, key, tl.account.IDs())
	require.EqualValues(t, key, exposed(tl.Ledger)["itnio_calls_total{main,sales,CN,incoming,answered,incoming_hung_up,customer}"])
	fmt.Println(fullDiskDone, key)
}
