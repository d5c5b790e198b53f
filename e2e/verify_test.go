package e2e

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// verification is a part of what verify tells of an account.
type verification struct {
	Ledger     struct{ Source string }
	Total      struct{ Counted, Recent int }
	Prometheus struct {
		Resets int
		Total  struct{ Counted, Rises int }
	}
}

// verify runs the command for a range and gives its exit status, what it tells of the account, and its text.
func (s *setup) verify(from, to time.Time, args ...string) (status int, v verification, text string) {
	s.t.Helper()
	args = append([]string{
		"verify", "--config.file=" + s.config, "--storage.path=" + s.storage, "--web.listen-address=" + s.address,
		"--start=" + from.Format(time.RFC3339), "--end=" + to.Format(time.RFC3339),
	}, args...)
	run := process.Start(s.t, os.Getenv(binaryVariable), append(args, "--output=json")...)
	status = run.Wait()
	require.NotEqual(s.t, 2, status, run.Stderr.String())
	var report struct{ Accounts []verification }
	require.NoError(s.t, json.Unmarshal([]byte(run.Stdout.String()), &report))
	run = process.Start(s.t, os.Getenv(binaryVariable), args...)
	require.Equal(s.t, status, run.Wait())
	return status, report.Accounts[0], run.Stdout.String()
}

// TestVerify: the samples of a real Prometheus that scraped through a restart of the exporter agree with the API and the ledger to the call.
func TestVerify(t *testing.T) {
	skipUnderRaceDetector(t)
	needsPrometheus(t)
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	a := newAPI(t, history(29, time.Hour, 3000))
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 2s", ", rate_limit: 100", "")
	e := s.start("--web.enable-admin-api")
	e.filled()
	v := viewFrom(a.epoch(), 0)
	p := startPrometheus(t, "default flags", "", []string{job("itnio", s.address, "")})

	m := newMaker(29)
	phase := func() { m.conversations(t, a.sim, 4, 6, m.groups[:2], "CN", "KE", "LV") }
	phase()
	e.Kill()
	phase()
	e = s.start("--web.enable-admin-api")
	phase()
	waitForRecords(t, a.sim)
	e.equals(v, a.sim)
	all, _ := v.truth(a.sim)
	p.mustRise(all.counters())

	from, to := a.epoch().Add(-time.Minute), time.Now().Truncate(time.Second).Add(time.Second)
	status, is, text := s.verify(from, to, "--prometheus.url="+p.base)
	t.Log(text)
	require.Zero(t, status, text)
	require.Equal(t, "exporter", is.Ledger.Source)
	counted := int(v.counted(a.sim))
	require.Equal(t, counted, is.Total.Counted)
	require.Equal(t, counted, is.Prometheus.Total.Rises)
	require.Equal(t, counted, is.Prometheus.Total.Counted)
	require.Greater(t, counted, 70)
	require.Zero(t, is.Prometheus.Resets)

	e.stop()
	require.NoError(t, a.sim.Add(m.conversation(m.groups[:2], "CN")))
	waitForRecords(t, a.sim)
	status, is, text = s.verify(from, to.Add(time.Minute))
	require.Zero(t, status, text)
	require.Equal(t, "file", is.Ledger.Source)
	require.Equal(t, counted, is.Total.Counted)
	require.Equal(t, 1, is.Total.Recent, "the ledger cannot have it yet")
}
