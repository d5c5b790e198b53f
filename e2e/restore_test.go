package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// TestRestoredLedger: a ledger is replaced by an older copy of itself. The calls since the copy are counted again, each
// once. A ledger that is more than two lookbacks behind shows no call series until it has caught up, so that none comes
// back lower; docs/guarantee.md allows that for a younger one.
func TestRestoredLedger(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	for _, tt := range []struct {
		name, global string
		behind       time.Duration // the copy
	}{
		{"more than two lookbacks behind", ", lookback: 1m, audit_interval: 2s", 3 * time.Minute},
		{"less than two lookbacks behind", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && tt.behind == 0 {
				t.Skip("runs without -short")
			}
			t.Parallel()
			restoreOlder(t, tt.global, tt.behind)
		})
	}
}

// restoreOlder replaces a ledger by a copy that is older than it is by the time given.
func restoreOlder(t *testing.T, global string, older time.Duration) {
	t.Helper()
	concealed := older > 0
	m, o := newMaker(19), history(19, 2*time.Hour, 2000)
	var behind atomic.Int64 // of the server's clock while the copy is made
	behind.Store(int64(older))
	o.Now = func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) }
	groups := m.groups
	m.groups, o.Groups = groups[:3], groups[:3]
	a := newAPI(t, o)
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 500ms, backoff_max: 1s, initial_history: 3h"+global, ", rate_limit: 200", "")
	e := s.start()
	e.filled()
	v := view{epoch: time.Now().Add(-4 * time.Hour)}
	e.equals(v, a.sim)
	then, counted := e.scrape().counters(), v.counted(a.sim)
	require.Positive(t, counted)
	e.stop()
	file := filepath.Join(s.storage, "ledger.db")
	ledger, err := os.ReadFile(file)
	require.NoError(t, err)
	behind.Store(0)

	e = s.start()
	m.groups = groups // there will be series that the copy does not have
	m.traffic(t, a.sim, 90, time.Second)
	waitForRecords(t, a.sim)
	e.equals(v, a.sim)
	shown := e.scrape().counters()
	e.stop()
	require.Greater(t, len(shown), len(then))

	m.batch(t, a.sim, 20) // while no exporter runs
	waitForRecords(t, a.sim)
	require.NoError(t, os.WriteFile(file, ledger, 0o600))
	a.sim.SetSwitches(simulator.Switches{Down: true}) // so that it cannot catch up yet
	e = s.start()
	process.Eventually(t, "a failed poll", func() bool { return strings.Contains(e.page(), "\nitnio_up{account=\"main\"} 0\n") })
	if concealed {
		require.Empty(t, e.scrape().counters())
	} else {
		require.Empty(t, differences(then, nil, e.scrape().counters()))
	}
	a.sim.SetSwitches(simulator.Switches{})
	process.Eventually(t, "the ledger has caught up", func() bool {
		is := e.scrape().counters()
		if concealed && len(is) > 0 {
			neverLower(t, then, shown, is)
		}
		return e.counted() == v.counted(a.sim)-counted
	})
	e.equals(v, a.sim)
	notLower(t, shown, e.scrape())
}

// neverLower checks what a restored ledger shows against what was shown before: series in the copy are not lower, and
// those born since then begin at 0.
func neverLower(t *testing.T, inCopy, before, is samples) {
	t.Helper()
	notLower(t, before.only(func(k string) bool { _, ok := inCopy[k]; return ok }), is)
	for k, n := range is {
		require.Truef(t, n == 0 || n >= before[k], "%s is %v after %v", k, n, before[k])
	}
}
