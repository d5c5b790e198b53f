package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// needsPromtool gives the promtool beside Prometheus, that of PROMTOOL_BIN, or that of the PATH; else it skips the test.
func needsPromtool(t *testing.T) string {
	t.Helper()
	beside := filepath.Join(filepath.Dir(needsPrometheus(t)), strings.Replace(filepath.Base(needsPrometheus(t)), "prometheus", "promtool", 1))
	for _, path := range []string{os.Getenv("PROMTOOL_BIN"), beside, "promtool"} {
		if found, err := exec.LookPath(path); err == nil && path != "" {
			return found
		}
	}
	t.Skip("needs promtool: set PROMTOOL_BIN to its path")
	return ""
}

// backfill starts the command; more are further arguments.
func (s *setup) backfill(dir string, start time.Time, more ...string) *process.Process {
	s.t.Helper()
	args := append([]string{
		"backfill", "--config.file=" + s.config, "--storage.path=" + s.storage, "--instance=" + s.address, "--start=" + start.Format(time.RFC3339), dir,
	}, more...)
	return process.Start(s.t, os.Getenv(binaryVariable), args...)
}

// days waits until so many days of a history are finished.
func days(t *testing.T, p *process.Process, dir string, n int) {
	t.Helper()
	process.Eventually(t, fmt.Sprintf("%d days are finished", n), func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "*.om"))
		require.NoError(t, err)
		require.False(t, p.Ended() && len(files) < n, "ended early: %s", &p.Stderr)
		return len(files) >= n
	})
}

// TestBackfill: a history that was interrupted by a signal and by kill -9 is imported by the real promtool into a real Prometheus,
// which then scrapes the live exporter. Each series has the truth at the end of each day, at the seam and in the end, and none falls.
func TestBackfill(t *testing.T) {
	skipUnderRaceDetector(t)
	promtool := needsPromtool(t)
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	span, perDay := scale(3, 3, 30), scale(1500., 1500., 24_000.)
	o, m := history(29, time.Duration(span+2)*24*time.Hour, perDay), newMaker(29)
	few(&o, m) // series make the files large, not calls
	o.TalkSigma, o.LongShare = 1, 0.005
	o.End = time.Now().Add(-10 * time.Hour) // the longest calls end before the test does
	a := newAPI(t, o)
	var recent []simulator.Call
	for end := o.End; time.Since(end) > time.Minute; end = end.Add(time.Minute) {
		recent = append(recent, m.call(end))
	}
	require.NoError(t, a.sim.Add(recent...))
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 2s", ", rate_limit: 400", "")
	out := filepath.Join(t.TempDir(), "history")
	start := time.Now().Add(-time.Duration(span) * 24 * time.Hour).Truncate(time.Minute).UTC()

	slow := "--rate-limit=" + scale("15", "15", "30") // it is interrupted before it is done
	run := s.backfill(out, start, slow)
	days(t, run, out, 1)
	run.Signal(syscall.SIGINT)
	require.Equal(t, 1, run.Wait())
	require.Contains(t, run.Stderr.String(), "run the same command again")
	run = s.backfill(out, start, slow)
	days(t, run, out, 2)
	run.Kill()
	require.Equal(t, 1, s.backfill(out, start.Add(time.Minute)).Wait(), "another start")
	run = s.backfill(out, start)
	for n := range span {
		days(t, run, out, n+1)
	}
	require.Zero(t, run.Wait(), &run.Stderr)
	t.Log(run.Stdout.String())
	end := s.endOf(out)

	tsdb := t.TempDir()
	importFiles(t, promtool, run.Stdout.String(), tsdb)

	e := s.start()
	p := prometheusOn(t, tsdb, job("itnio", s.address, ""), "--enable-feature=promql-extended-range-selectors", "--query.max-samples=500000000")
	phase := func() {
		for range 5 {
			m.batch(t, a.sim, 10)
			time.Sleep(200 * time.Millisecond)
		}
	}
	phase()
	e.stop()
	phase()
	e = s.start()
	waitForRecords(t, a.sim)
	v := view{epoch: start, read: start.Add(-23 * time.Hour)}
	e.equals(v, a.sim)
	all, _ := v.truth(a.sim)
	process.Eventually(t, "Prometheus has all", func() bool {
		return differences(positive(all.counters()), nil, positive(p.at(time.Now()))) == ""
	})

	for at := start.Truncate(24 * time.Hour).Add(24 * time.Hour); at.Before(end); at = at.Add(24 * time.Hour) {
		require.Empty(t, differences(v.until(a.sim, at), nil, positive(p.at(at))), "at %s", at)
	}
	require.Empty(t, differences(v.until(a.sim, end), nil, positive(p.at(end))), "at the seam")
	whole := fmt.Sprintf("%ds", int(time.Since(start).Seconds())+3600) // queries of a month take minutes, and nothing is before it
	for _, n := range counterNames {
		require.Empty(t, p.must("resets("+n+"["+whole+"]) > 0"), n)
		require.Empty(t, p.must(fmt.Sprintf("min_over_time(%s[%s]) < 0", n, whole)), n)
	}
	require.Empty(t, differences(positive(all.counters()), nil, positive(p.increases("increase(%s["+whole+"] anchored)"))), "increases over history and seam")
	require.Empty(t, differences(v.since(a.sim, end.Add(-24*time.Hour)), nil, positive(p.increases(
		fmt.Sprintf("increase(%%s[%ds] anchored)", int(time.Since(end.Add(-24*time.Hour)).Seconds()))))), "increases over the seam")
}

// importFiles runs the commands that a backfill has printed.
func importFiles(t *testing.T, promtool, printed, tsdb string) {
	t.Helper()
	for line := range strings.Lines(printed) {
		if words := strings.Fields(line); len(words) == 6 && words[0] == "promtool" {
			made, err := exec.CommandContext(t.Context(), promtool, append(words[1:5], tsdb, "--max-block-duration=24h", "--allow-incompatible-block-duration")...).CombinedOutput()
			require.NoError(t, err, "%s", made)
		}
	}
}

// endOf is the last time in the files of a history.
func (s *setup) endOf(dir string) (end time.Time) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.om"))
	require.NoError(s.t, err)
	text, err := os.ReadFile(files[len(files)-1])
	require.NoError(s.t, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n# EOF\n"), "\n")
	var unix int64
	_, err = fmt.Sscan(lines[len(lines)-1][strings.LastIndex(lines[len(lines)-1], " "):], &unix)
	require.NoError(s.t, err)
	return time.Unix(unix, 0).UTC()
}

// prometheusOn runs a server on a data directory and returns once it scrapes.
func prometheusOn(t *testing.T, tsdb, jobs string, flags ...string) *prometheus {
	t.Helper()
	address, config := freeAddress(t), filepath.Join(t.TempDir(), "prometheus.yml")
	yaml := "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs: [" + jobs + "]\n"
	require.NoError(t, os.WriteFile(config, []byte(yaml), 0o600))
	args := append([]string{
		"--config.file=" + config, "--storage.tsdb.path=" + tsdb, "--storage.tsdb.retention.time=1y", "--web.listen-address=" + address, "--log.level=warn",
	}, flags...)
	p := &prometheus{t: t, name: "backfilled", base: "http://" + address, run: process.Start(t, needsPrometheus(t), args...)}
	process.Eventually(t, "it scrapes", func() bool {
		require.False(t, p.run.Ended(), "%s", &p.run.Stderr)
		v, err := p.query(`itnio_up{job="itnio"} == 1`)
		return err == nil && len(v) > 0
	})
	return p
}

// at is what the server has of the counters at a time.
func (p *prometheus) at(t time.Time) samples {
	p.t.Helper()
	return p.increases(fmt.Sprintf("%%s @ %d", t.Unix()))
}

func positive(s samples) samples {
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(_ string, v float64) bool { return v == 0 })
	return out
}

// until is the truth of the calls that ended before a time, without zeros.
func (v view) until(s *simulator.Simulator, at time.Time) samples {
	return v.between(s, v.epoch, at)
}

// since is the truth of the calls that ended at a time or later.
func (v view) since(s *simulator.Simulator, at time.Time) samples {
	return v.between(s, at, time.Now().Add(time.Hour))
}

func (v view) between(s *simulator.Simulator, from, to time.Time) samples {
	want := samples{}
	for c := range s.Calls() {
		if ended := c.Ended(); !ended.Before(from) && ended.Before(to) {
			v.add(want, &c)
		}
	}
	return positive(want.counters())
}
