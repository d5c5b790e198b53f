package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/history"
	"itnio_exporter/history/verify"
)

// lastHours are the flags for a range that the test's API and exporter both have.
func lastHours() []string {
	now := time.Now().UTC().Truncate(time.Second)
	return []string{"--start=" + now.Add(-50*time.Minute).Format(time.RFC3339), "--end=" + now.Format(time.RFC3339)}
}

// TestVerify: the ledger of a running exporter is compared by a copy, which is deleted; that of a stopped one as it is; a backup by its name.
func TestVerify(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	config, storage := a.config(t, fast), t.TempDir()
	exporter := start(t, "--config.file="+config, "--storage.path="+storage, "--web.listen-address=127.0.0.1:0", "--web.enable-admin-api")
	exporter.hasCalls(100)
	run := func(args ...string) (int, string, string) {
		i := start(t, append(append([]string{"verify", "--config.file=" + config}, lastHours()...), args...)...)
		status := i.Wait()
		left, err := os.ReadDir(i.temporary)
		require.NoError(t, err)
		require.Empty(t, left)
		return status, i.Stdout.String(), i.Stderr.String()
	}
	status, text, stderr := run("--storage.path="+storage, "--web.listen-address="+exporter.Address())
	require.Zero(t, status, text+stderr)
	require.Empty(t, stderr)
	require.Contains(t, text, "ledger: a copy from the running exporter")
	require.Contains(t, text, "EQUAL: ")
	require.Equal(t, text, a.censored(text))

	status, _, stderr = run("--storage.path="+storage, "--web.listen-address=127.0.0.1:1")
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "the exporter that has it open cannot be asked")

	backup := filepath.Join(t.TempDir(), "copy.db")
	status, _, stderr = once(t, "backup", "--storage.path="+storage, "--web.listen-address="+exporter.Address(), backup)
	require.Zero(t, status, stderr)
	require.Zero(t, exporter.Stop())
	for source, args := range map[string][]string{verify.FromFile: {"--storage.path=" + storage}, verify.FromBackup: {"--ledger=" + backup}} {
		status, stdout, stderr := run(append(args, "--output=json", "--account=main")...)
		require.Zero(t, status, stdout+stderr)
		require.Equal(t, stdout, a.censored(stdout))
		var report verify.Report
		d := json.NewDecoder(strings.NewReader(stdout))
		d.DisallowUnknownFields()
		require.NoError(t, d.Decode(&report))
		require.Equal(t, verify.FormatVersion, report.Version)
		require.Equal(t, source, report.Accounts[0].Ledger.Source)
		require.Greater(t, report.Accounts[0].Total.Counted, 50)
		require.Zero(t, report.Accounts[0].Total.Pending)
	}
	status, table, stderr := run("--ledger="+backup, "--output=csv")
	require.Zero(t, status, stderr)
	require.True(t, strings.HasPrefix(table, "account,agent_group,country,shown,counted,"), table)
	require.Equal(t, table, a.censored(table))
}

// TestVerifyRefused: what cannot be compared is one clear line and exit status 2.
func TestVerifyRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	good := "--config.file=" + a.config(t, "")
	day := "--day=2026-11-29"
	for _, tt := range []struct {
		args []string
		says string
	}{
		{nil, "say what to verify"},
		{[]string{day, "--start=2026-11-29T00:00:00Z"}, "say what to verify"},
		{[]string{"--start=2026-11-29T00:00:00Z"}, "say what to verify"},
		{[]string{"--day=29.11.2026"}, "--day=29.11.2026 is no date such as 2026-11-29"},
		{[]string{"--start=2026-11-29T00:00:00Z", "--end=2026-11-30"}, "--end=2026-11-30 is no time in whole seconds"},
		{[]string{day, "--account=other"}, "no account of that name"},
		{[]string{day, "--ledger=/nonexistent.db"}, "/nonexistent.db"},
		{[]string{day, "--prometheus.match=job=\"itnio\""}, "needs --prometheus.url"},
		{[]string{day, "--prometheus.url=prometheus"}, "http://prometheus.example:9090"},
		{[]string{day, "--simulate.seed=7"}, "--simulate.seed is a flag of simulate"},
		{[]string{day, "--output=xml"}, "xml"},
	} {
		status, stdout, stderr := once(t, append([]string{"verify", good, "--storage.path=" + t.TempDir()}, tt.args...)...)
		require.Equal(t, 2, status, tt.args)
		require.Empty(t, stdout)
		require.Contains(t, stderr, tt.says, tt.args)
		require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
}

// TestVerified: the worst account decides on the exit status, and what failed comes first.
func TestVerified(t *testing.T) {
	for want, results := range map[int][]verify.Result{
		0: {verify.Equal}, exitWrong: {verify.Equal, verify.Different, verify.Incomplete}, exitNotPossible: {verify.Incomplete, verify.Equal},
	} {
		var r verify.Report
		for _, result := range results {
			r.Add(verify.Account{Result: result})
		}
		status := exitError{}
		_ = errors.As(verified(&r, nil), &status)
		require.Equal(t, want, status.status)
	}
	require.ErrorAs(t, verified(&verify.Report{Result: verify.Different}, errors.New("account")), &exitError{})
}

// TestProgressOfThePast: where there is no terminal, a line comes every half minute.
func TestProgressOfThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := &progress{plain: &out}
		tell := p.past("main", time.Now)
		for i := range 100 {
			time.Sleep(time.Second)
			tell(history.Progress{At: time.Unix(0, 0), Requests: i})
		}
		require.Equal(t, 3, strings.Count(out.String(), "\n"))
		require.Contains(t, out.String(), "account main: read up to 1970-01-01 00:00:00 UTC, 29 requests, 0 records\n")
	})
}
