package collector

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/itnio"
)

// TestLedgerFileTakenAway: it is noticed within a minute, every account is down and says why, and what was shown stays. When the
// file is back, reading goes on.
func TestLedgerFileTakenAway(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		time.Sleep(time.Hour)
		w.look()
		time.Sleep(5 * time.Minute) // its first series show their values
		require.Equal(t, 1.0, w.own("itnio_up"))
		require.Equal(t, float64(w.began.Unix()), w.own("itnio_exporter_ledger_created_timestamp_seconds"))
		shown := sum(w, "itnio_calls_total")
		require.Positive(t, shown)

		path := filepath.Join(w.dir, "ledger.db")
		require.NoError(t, os.Rename(path, path+".away"))
		time.Sleep(time.Minute)
		require.Equal(t, 0.0, w.own("itnio_up"))
		time.Sleep(10 * time.Minute)
		require.Equal(t, 0.0, w.own("itnio_up"))
		require.Contains(t, w.c.Status()[0].LastError, path+" was removed while it was in use")
		require.Equal(t, shown, sum(w, "itnio_calls_total"))

		require.NoError(t, os.Rename(path+".away", path))
		time.Sleep(30 * time.Minute)
		require.Equal(t, 1.0, w.own("itnio_up"))
		v := w.judge(3 * time.Minute)
		v.exact(t)
		w.end()
	})
}

// TestLedgerFileTakenAwayBetweenPolls: it is noticed within a minute although nothing is written.
func TestLedgerFileTakenAwayBetweenPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), func(c *config.Config) { c.Global.PollInterval = duration(time.Hour) })
		w.start()
		time.Sleep(10 * time.Minute)
		require.Equal(t, 1.0, w.own("itnio_up"))
		require.NoError(t, os.Rename(w.dir, w.dir+".away"))
		time.Sleep(time.Minute)
		require.Equal(t, 0.0, w.own("itnio_up"))
		require.NoError(t, os.Rename(w.dir+".away", w.dir))
		time.Sleep(time.Minute)
		w.end()
	})
}

// TestLastSuccessOverARestart: an exporter that is restarted during an outage knows when the account was last read.
func TestLastSuccessOverARestart(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		time.Sleep(time.Hour)
		const name = "itnio_exporter_last_success_timestamp_seconds"
		last := w.own(name)
		require.InDelta(t, float64(time.Now().Unix()), last, 90)
		w.end()
		w.fails = func(itnio.Query) error { return errors.New("outage") }
		time.Sleep(time.Hour)
		w.start()
		time.Sleep(10 * time.Minute)
		require.InDelta(t, last, w.own(name), 61)
		require.InDelta(t, last, float64(w.c.Status()[0].LastSuccess.Unix()), 61)
		w.end()
	})
}

// TestWindowsThatCannotBeRead: what the ledger remembers of a window and no planner can read is read again. No call is lost or
// counted twice.
func TestWindowsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	skipDays(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady(time.Now()), nil)
		w.start()
		time.Sleep(3 * time.Hour)
		w.end()
		windows := spoilWindows(t, w)
		w.start()
		time.Sleep(3 * time.Hour)
		v := w.judge(3 * time.Minute)
		v.exact(t)
		require.GreaterOrEqual(t, len(w.c.members["main"].account.Cells()), windows/2)
		for _, c := range w.c.members["main"].account.Cells() {
			require.NotEqual(t, spoilt(), c.Data, "the window is known again")
		}
		w.end()
	})
}

func spoilt() []byte { return []byte{200, 1, 2, 3} }

// spoilWindows makes what is remembered of every window unreadable.
func spoilWindows(t *testing.T, w *world) int {
	t.Helper()
	l, err := ledger.Open(ledger.Options{
		Dir: w.dir, Model: families.New(w.cfg.Metrics()), Now: time.Now, Logger: log.NewNopLogger(), NoSync: true,
		ZeroFirst: w.cfg.Global().ZeroFirst,
	})
	require.NoError(t, err)
	a, err := l.Attach(IdentityOf(w.cfg.Accounts()[0]))
	require.NoError(t, err)
	cells := a.Cells()
	require.NotEmpty(t, cells)
	for i := range cells {
		cells[i].Data = spoilt()
	}
	_, err = l.Commit(&ledger.Batch{Account: a, Server: time.Now(), Cells: cells})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return len(cells)
}
