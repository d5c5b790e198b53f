package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// backup runs the command backup.
func (s *setup) backup(file string, args ...string) (output string, err error) {
	args = append([]string{"backup", "--config.file=" + s.config, "--storage.path=" + s.storage, "--web.listen-address=" + s.address, file}, args...)
	out, err := exec.CommandContext(s.t.Context(), os.Getenv(binaryVariable), args...).CombinedOutput()
	return string(out), err
}

// TestBackupAndRestore: a backup of a running exporter is restored after more calls came. Under traffic no series is lower than it
// was, in four scrapes a second, and in the end all is as if the ledger had never been lost.
func TestBackupAndRestore(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	o, m := history(23, 2*time.Hour, 2000), newMaker(23)
	few(&o, m)
	a := newAPI(t, o)
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 500ms, initial_history: 3h", ", rate_limit: 200", "")
	copied := filepath.Join(t.TempDir(), "copy.db")

	e := s.start()
	e.filled()
	v := view{epoch: time.Now().Add(-4 * time.Hour)}
	output, err := s.backup(copied)
	require.Error(t, err)
	require.Contains(t, output, "--web.enable-admin-api")
	require.NoFileExists(t, copied)
	e.stop()

	e = s.start("--web.enable-admin-api")
	e.equals(v, a.sim)
	output, err = s.backup(copied)
	require.NoError(t, err, output)
	require.Contains(t, output, "backup written: "+copied)
	output, err = s.backup(copied)
	require.Error(t, err)
	require.Contains(t, output, "choose another name")

	m.traffic(t, a.sim, 50, time.Second)
	waitForRecords(t, a.sim)
	e.equals(v, a.sim)
	was := e.scrape().counters()
	e.Kill()
	backup, err := os.ReadFile(copied)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.storage, "ledger.db"), backup, 0o600))

	stop := flow(100*time.Millisecond, func() { m.batch(t, a.sim, 2) })
	e = s.start()
	process.Eventually(t, "the restored ledger has caught up", func() bool {
		time.Sleep(250 * time.Millisecond)
		is := e.scrape().counters()
		if len(is) > 0 {
			notLower(t, was, e.scrape())
			was = is
		}
		return len(is) > 0
	})
	stop()
	waitForRecords(t, a.sim)
	e.equals(v, a.sim)
	notLower(t, was, e.scrape())

	e.stop()
	output, err = s.backup(filepath.Join(t.TempDir(), "stopped.db"))
	require.NoError(t, err, output)
}
