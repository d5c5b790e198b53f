package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/history/backfill"
)

// TestBackfillRefused: what cannot be done is said in one line, before anything is read.
func TestBackfillRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	asked := 0
	counting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		a.Config.Handler.ServeHTTP(w, r)
	}))
	defer counting.Close()
	one := filepath.Join(t.TempDir(), "one.yml")
	text, err := os.ReadFile(a.config(t, ""))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(one, []byte(strings.Replace(string(text), a.URL, counting.URL, 1)), 0o600))
	two := filepath.Join(t.TempDir(), "two.yml")
	require.NoError(t, os.WriteFile(two, append(text, strings.Replace(strings.TrimPrefix(string(text), "accounts:\n"), "main", "more", 1)...), 0o600))
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "precious"), nil, 0o600))

	stamp := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	hour := []string{"--start=" + stamp(-2*time.Hour), "--end=" + stamp(-time.Hour)}
	for name, tt := range map[string]struct {
		config string
		args   []string
		dir    string
		want   string
	}{
		"no start":           {one, nil, "", "'--start' not provided"},
		"start in future":    {one, []string{"--start=" + stamp(time.Hour)}, "", "--start: " + stamp(time.Hour)[:13]},
		"end in future":      {one, []string{"--start=" + stamp(-time.Hour), "--end=" + stamp(time.Hour)}, "", "is in the future"},
		"end before start":   {one, []string{"--start=" + stamp(-time.Hour), "--end=" + stamp(-2*time.Hour)}, "", "is not after the start"},
		"too late for a end": {one, []string{"--start=" + stamp(-time.Hour)}, "", "is not after the start"},
		"no time":            {one, []string{"--start=yesterday"}, "", `"yesterday" is neither a date`},
		"1970":               {one, []string{"--start=1970-01-01"}, "", "is neither a date"},
		"step 0":             {one, append(hour, "--step=0s"), "", "--step: 0s is not a whole number of seconds from 1s to 4m"},
		"step too long":      {one, append(hour, "--step=5m"), "", "--step: 5m0s is not"},
		"label name":         {one, append(hour, "--label=a-b=c"), "", `"a-b" cannot be the name of a label`},
		"label taken":        {one, append(hour, "--label=country=c"), "", "country is a label that the samples have already"},
		"rate limit":         {one, append(hour, "--rate-limit=-1"), "", "--rate-limit: -1 is not"},
		"rate limit 0":       {one, append(hour, "--rate-limit=0"), "", "--rate-limit: 0 is not"},
		"rate limit NaN":     {one, append(hour, "--rate-limit=NaN"), "", "--rate-limit: NaN is not"},
		"other files":        {one, hour, full, "has other files in it"},
		"a file":             {one, hour, one, one + " is a file, not a directory"},
		"unknown account":    {one, append(hour, "--account=other"), "", `the configuration has no account "other", but "main"`},
		"several accounts":   {two, hour, "", `several accounts: give one of them with --account: "main" and "more"`},
	} {
		if tt.dir == "" {
			tt.dir = filepath.Join(t.TempDir(), "out")
		}
		status, stdout, stderr := once(t, append([]string{"backfill", "--config.file=" + tt.config, "--storage.path=" + t.TempDir(), tt.dir}, tt.args...)...)
		require.Equal(t, 1, status, name)
		require.Empty(t, stdout, name)
		require.Contains(t, stderr, tt.want, name)
		require.Equal(t, 1, strings.Count(stderr, "\n"), "%s: %s", name, stderr)
	}
	require.Zero(t, asked)
	require.FileExists(t, filepath.Join(full, "precious"))
}

// TestBackfillOfALiveAccount: beside a running exporter, history ends where its counters began.
func TestBackfillOfALiveAccount(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	config, storage := a.config(t, "global: {poll_interval: 1s, zero_first: 0s, initial_history: 3h}\n"), t.TempDir()
	live := start(t, "--config.file="+config, "--storage.path="+storage, "--web.listen-address=127.0.0.1:0")
	live.hasCalls(1)
	begin := time.Now().Add(-220 * time.Minute).Truncate(time.Minute).UTC()
	command := []string{"backfill", "--config.file=" + config, "--storage.path=" + storage, "--start=" + begin.Format(time.RFC3339)}

	status, _, stderr := once(t, append(command, filepath.Join(t.TempDir(), "out"))...)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "is in use by an exporter: give its --url")

	url := "--url=" + live.url("/")
	out := filepath.Join(t.TempDir(), "out")
	late := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	status, _, stderr = once(t, append(command, url, "--end="+late, out)...)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "calls would be counted twice")

	status, stdout, stderr := once(t, append(command, url, "--label=region=cn", "--import-into=victoriametrics", out)...)
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, "the history ends where its counters began at 0")
	require.Contains(t, stdout, "curl --fail -T "+out)
	require.Contains(t, stdout, "Calls by country:")
	files, err := filepath.Glob(filepath.Join(out, "*.om"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	text, err := os.ReadFile(files[len(files)-1])
	require.NoError(t, err)
	require.Contains(t, string(text), `,job="itnio",instance="localhost:10198",region="cn",le="6"}`)
	for _, shown := range []string{string(text), stdout, stderr} {
		require.Equal(t, shown, a.censored(shown))
	}
	_, ok := live.metric("itnio_calls_total")
	require.True(t, ok)

	status, _, stderr = once(t, append(command, url, out)...)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "has a history already, and it is complete")
}

// TestBackfillEnd: a history ends as that of the run before, or as the ledger has it.
func TestBackfillEnd(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	now, epoch := start.Add(100*time.Hour+30*time.Second), start.Add(98*time.Hour+time.Second)
	begun := &backfill.Plan{Start: start, End: start.Add(90 * time.Hour), Moves: true}
	for name, tt := range map[string]struct {
		moves  bool
		epoch  time.Time
		before *backfill.Plan
		want   time.Time
	}{
		"new":                         {true, time.Time{}, nil, start.Add(97 * time.Hour)},
		"interrupted":                 {true, time.Time{}, begun, begun.End},
		"moved already":               {true, start, begun, begun.End},
		"live":                        {false, epoch, nil, epoch},
		"an exporter began meanwhile": {false, epoch, begun, epoch},
	} {
		p := backfill.Plan{Start: start, Moves: tt.moves}
		f := backfillFlags{step: time.Minute}
		require.NoError(t, f.setEnd(&p, now, tt.epoch, tt.before), name)
		require.Equal(t, tt.want, p.End, name)
	}
}

// TestBackfillThenServe: the exporter goes on from the history: its counters are never lower than the history's last values.
func TestBackfillThenServe(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	config, storage, out := a.config(t, "global: {poll_interval: 1s, zero_first: 0s}\n"), t.TempDir(), filepath.Join(t.TempDir(), "out")
	begin := time.Now().Add(-100 * time.Minute).UTC().Format(time.RFC3339)
	end := time.Now().Add(-30 * time.Minute).UTC().Format(time.RFC3339)
	status, stdout, stderr := once(t, "backfill", "--config.file="+config, "--storage.path="+storage, "--start="+begin, "--end="+end, out)
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, "Start the exporter now")

	wrong := a.config(t, "    utc_offset: '+00:00'\nglobal: {poll_interval: 1s, zero_first: 0s}\n")
	status, _, stderr = once(t, "backfill", "--config.file="+wrong, "--storage.path="+t.TempDir(), "--start="+begin, "--end="+end, filepath.Join(t.TempDir(), "out"))
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "utc_offset +00:00 is most likely wrong: the newest calls end")
	require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	live := start(t, "--config.file="+wrong, "--storage.path="+storage, "--web.listen-address=127.0.0.1:0")
	process.Eventually(t, "a first start finds that utc_offset is wrong", func() bool {
		anomalies, _ := live.metric(`itnio_exporter_record_anomalies_total`)
		up, ok := live.metric("itnio_up")
		return ok && up == 0 && anomalies > 0 && strings.Contains(live.Stderr.String(), "utc_offset is most likely wrong")
	})
	live.Signal(syscall.SIGTERM)
	live.Wait()
	live = start(t, "--config.file="+config, "--storage.path="+storage, "--web.listen-address=127.0.0.1:0")
	var history, first float64
	_, err := fmt.Sscan(regexp.MustCompile(`(\d+) calls in`).FindStringSubmatch(stdout)[1], &history)
	require.NoError(t, err)
	require.Greater(t, history, 100.0)
	process.Eventually(t, "calls are shown", func() bool { first, _ = live.metric("itnio_calls_total"); return first > 0 })
	require.GreaterOrEqual(t, first, history)
	live.hasCalls(history + 100)
}
