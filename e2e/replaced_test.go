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
// target has the stable instance of the Helm chart.
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
	p := startPrometheus(t, "stable instance", "", []string{fmt.Sprintf(
		"{job_name: itnio, file_sd_configs: [{files: [%q], refresh_interval: 1s}], relabel_configs: [{target_label: instance, replacement: monitoring/itnio}]}", targets)})

	m := newMaker(31)
	phase := func() { m.conversations(t, a.sim, 4, 6, m.groups[:2], "CN", "KE", "LV") }
	phase()
	for range 2 {
		e.stop()
		phase()
		s.address = freeAddress(t)
		discover()
		began := time.Now()
		e = s.start()
		// Prometheus takes up to five seconds to see another target. Nobody else may look meanwhile: a look starts zero_first too.
		process.Eventually(t, "Prometheus scrapes the new address", func() bool {
			v, err := p.query(fmt.Sprintf("timestamp(itnio_up) > %d", began.Unix()+1))
			return err == nil && len(v) > 0
		})
		phase()
	}
	waitForRecords(t, a.sim)
	e.equals(v, a.sim)
	all, _ := v.truth(a.sim)
	require.Greater(t, v.counted(a.sim), 100.0)
	p.mustRise(all.counters())
	require.Equal(t, 1.0, p.scalar("count(count by (instance) (last_over_time(itnio_up[1h])))"))
}
