package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/families"
)

const (
	failingCallsVariable = "LEDGER_TEST_FAILING_CALLS_DIR"
	failingCallsBatches  = 12
)

// The kernel fails one system call of one commit, each in turn: the writing of pages, the first sync, the writing of the meta page,
// the second sync. The process goes on for a while and is killed. What it leaves is read here. strace plants the failures.
func TestFailingSystemCalls(t *testing.T) {
	if dir := os.Getenv(failingCallsVariable); dir != "" {
		failingCalls(t, dir)
		return
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	if out, err := exec.Command(strace, "-f", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		t.Skip("strace may not trace here: ", string(out))
	}
	last := 3
	if testing.Short() {
		t.Skip("runs without -short")
	}
	if *proof {
		last = 14
	}
	seen := map[string]int{}
	for _, call := range []string{"fdatasync", "pwrite64"} {
		for when := 1; when <= last; when++ {
			for _, suffix := range []string{"", "+"} { // once; from then on
				dir := filepath.Join(t.TempDir(), "data")
				newTestLedger(t, withDir(dir), func(o *Options) { o.NoSync = false }).Close()
				cmd := exec.Command(strace, "-f", "-o", "/dev/null", "-e", "trace="+call,
					"-e", fmt.Sprintf("inject=%s:error=EIO:when=%d%s", call, when, suffix), os.Args[0], "-test.run=^TestFailingSystemCalls$", "-test.v")
				cmd.Env = append(os.Environ(), failingCallsVariable+"="+dir)
				out, err := cmd.CombinedOutput()
				require.Error(t, err, "it kills itself")
				checkAfterKill(t, dir, out, seen)
			}
		}
	}
	require.Positive(t, seen["failed"], "some commits failed")
	require.Positive(t, seen["in the file"], "some of those were in the file")
}

// failingCalls counts calls as an account does: what failed is read again.
func failingCalls(t *testing.T, dir string) {
	defer func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }()
	tl := &testLedger{t: t, log: &strings.Builder{}, id: identity()}
	o := Options{Dir: dir, Model: families.New(testMetrics()), Now: newClock().now, Logger: log.NewLogfmtLogger(tl.log)}
	var err error
	if tl.Ledger, err = Open(o); err == nil {
		tl.account, err = tl.Attach(tl.id)
	}
	if err != nil { // it could not start
		fmt.Println("FAILED\nSHOWN 0\nDONE 0")
		return
	}
	if _, ok := tl.account.Epoch(); !ok {
		for range 3 {
			if tl.account.Establish(start(), 0) == nil {
				break
			}
		}
	}
	done := 0
	for batch := range failingCallsBatches {
		items := []Item{{Call: someCall(uint64(2*batch + 1))}, {Call: someCall(uint64(2*batch + 2))}}
		for range 3 {
			if _, err := tl.Commit(&Batch{Account: tl.account, Server: start(), Items: items, InitialDone: true}); err == nil {
				done += len(items)
				break
			} else if errors.Is(err, errUndecided) {
				fmt.Println("FAILED")
			}
		}
	}
	if strings.Contains(tl.log.String(), "but all of it is in the ledger") {
		fmt.Println("IN THE FILE")
	}
	fmt.Println("SHOWN", int(exposed(tl.Ledger)[salesCalls]))
	fmt.Println("DONE", done)
}

func checkAfterKill(t *testing.T, dir string, out []byte, seen map[string]int) {
	t.Helper()
	seen["failed"] += bytes.Count(out, []byte("FAILED"))
	seen["in the file"] += bytes.Count(out, []byte("IN THE FILE"))
	tl := newTestLedger(t, withDir(dir))
	require.GreaterOrEqual(t, tl.account.IDs(), figure(t, out, "DONE "), "what was said to be committed is there")
	require.GreaterOrEqual(t, int(exposed(tl.Ledger)[salesCalls]), figure(t, out, "SHOWN "), "nothing was shown that is not durable")
	require.NoError(t, tl.account.Establish(start(), 0))
	all := make([]Item, 0, 2*failingCallsBatches)
	for key := range uint64(2 * failingCallsBatches) {
		all = append(all, Item{Call: someCall(key + 1)})
	}
	tl.commit(Batch{Items: all, InitialDone: true})
	values := exposed(tl.Ledger)
	require.Equal(t, 2*failingCallsBatches, tl.account.IDs())
	require.EqualValues(t, 2*failingCallsBatches, values[salesCalls])
	require.EqualValues(t, 2*failingCallsBatches, values["itnio_call_ring_duration_seconds{main,sales,CN,incoming,true}_count"])
	require.EqualValues(t, 2*failingCallsBatches, values["itnio_call_sip_responses_total{main,CN,incoming,200}"])
}

func figure(t *testing.T, out []byte, name string) int {
	t.Helper()
	_, rest, ok := strings.Cut(string(out), "\n"+name)
	require.True(t, ok, string(out))
	n, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]))
	require.NoError(t, err)
	return n
}
