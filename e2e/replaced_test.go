package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// TestReplacedPod: an exporter that comes back at another address with its ledger, as a replaced pod does, goes on in the same series if its
// target has the stable instance of the Helm chart. Without it each address has series of its own.
func TestReplacedPod(t *testing.T) {
	skipUnderRaceDetector(t)
	needsPrometheus(t)
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	a := newAPI(t, history(31, time.Hour, 3000))
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 2s", ", rate_limit: 100", "")
	targets := filepath.Join(t.TempDir(), "targets.json")
	discover := func() {
		require.NoError(t, os.WriteFile(targets, fmt.Appendf(nil, `[{"targets": [%q]}]`, s.address), 0o600))
	}
	discover()
	e := s.start()
	e.filled()
	v := viewFrom(a.epoch(), 0)
	discovered := func(more string) string {
		return fmt.Sprintf("{job_name: itnio, file_sd_configs: [{files: [%q], refresh_interval: 1s}]%s}", targets, more)
	}
	stable := startPrometheus(t, "stable instance", "", []string{discovered(", relabel_configs: [{target_label: instance, replacement: monitoring/itnio}]")})
	moving := startPrometheus(t, "instance by address", "", []string{discovered("")})

	m := newMaker(31)
	phase := func() {
		for range 4 {
			for range 6 {
				require.NoError(t, a.sim.Add(m.conversation(m.groups[:2], []string{"CN", "KE", "LV"})))
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	phase()
	for range 2 {
		e.stop()
		phase()
		s.address = freeAddress(t)
		discover()
		e = s.start()
		phase()
	}
	waitForRecords(t, a.sim)
	e.equals(v, a.sim)
	all, _ := v.truth(a.sim)
	require.Greater(t, v.counted(a.sim), 100.0)
	stable.mustRise(all.counters())
	const instances = "count(count by (instance) (last_over_time(itnio_up[1h])))"
	require.Equal(t, 1.0, stable.scalar(instances))
	process.Eventually(t, "an instance for each address", func() bool { return moving.scalar(instances) == 3 })
}
