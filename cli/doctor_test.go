package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/diagnose"
	"itnio_exporter/e2e/process"
)

func TestDoctor(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	status, stdout, stderr := once(t, "doctor", "--config.file="+a.config(t, ""), "--account=main")
	require.Zero(t, status, stdout+stderr)
	require.Empty(t, stderr)
	require.Contains(t, stdout, "√ The key and the secret are accepted")
	require.Contains(t, stdout, "habits, accounts[0]\n")
	require.NotContains(t, stdout, "\x1b", "no colours where there is no terminal")
	require.Equal(t, stdout, a.censored(stdout))
	require.NotContains(t, stdout, "main")
}

func TestDoctorJSON(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	status, stdout, stderr := once(t, "doctor", "--output=json", "--config.file="+a.config(t, ""))
	require.Zero(t, status, stderr)
	require.Empty(t, stderr)
	require.Equal(t, stdout, a.censored(stdout))
	var report diagnose.Report
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&report))
	require.Equal(t, diagnose.FormatVersion, report.Version)
	require.Len(t, report.Sections, 7)
	require.LessOrEqual(t, report.Requests["accounts[0]"], diagnose.MaxRequests)
	require.Positive(t, report.Requests["accounts[0]"])
}

// Something wrong is exit status 1; what keeps doctor from looking is 2.
func TestDoctorStatus(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	good := "--config.file=" + a.config(t, "")
	broken := filepath.Join(t.TempDir(), "broken.yml")
	require.NoError(t, os.WriteFile(broken, []byte("accounts: [{name: main, api_key: k, api_secret: s, colour: red}]\n"), 0o600))
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"configuration", []string{"--config.file=" + broken}, 1, "colour"},
		{"no configuration", []string{"--config.file=/nonexistent/config.yml"}, 1, "cannot be read"},
		{"Prometheus away", []string{good, "--prometheus.url=http://127.0.0.1:1"}, 1, "× Prometheus answers"},
		{"unknown account", []string{good, "--account=other"}, 2, "no account of that name"},
		{"unknown output", []string{good, "--output=xml"}, 2, "xml"},
		{"unknown flag", []string{good, "--colour"}, 2, "--colour"},
		{"flag of another command", []string{good, "--demo"}, 2, "--demo is a flag of serve"},
		{"no URL", []string{good, "--prometheus.url=prometheus"}, 2, "http://prometheus.example:9090"},
		{"client options without URL", []string{good, "--prometheus.http-client-config=x"}, 2, "needs --prometheus.url"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := once(t, append([]string{"doctor"}, tt.args...)...)
			require.Equal(t, tt.status, status, stdout+stderr)
			require.Contains(t, stdout+stderr, tt.says)
		})
	}
}

// A signal ends it while it waits for an answer.
func TestDoctorInterrupted(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 10_000))
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	config := filepath.Join(t.TempDir(), "config.yml")
	require.NoError(t, os.WriteFile(config, []byte("accounts: [{name: main, api_key: k, api_secret: s, base_url: "+server.URL+"}]\n"), 0o600))
	i := start(t, "doctor", "--config.file="+config)
	<-asked
	i.Signal(os.Interrupt)
	require.Equal(t, 2, i.Wait())
	require.Contains(t, i.Stderr.String(), "interrupted")
}

func TestColoured(t *testing.T) {
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	env := func(pairs ...string) func(string) (string, bool) {
		return func(name string) (string, bool) {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1], true
				}
			}
			return "", false
		}
	}
	require.True(t, coloured(Environment{Stdout: file, LookupEnv: env("TERM", "xterm")}), "a character device stands in for a terminal")
	require.False(t, coloured(Environment{Stdout: file, LookupEnv: env("TERM", "xterm", "NO_COLOR", "1")}))
	require.False(t, coloured(Environment{Stdout: file, LookupEnv: env("TERM", "dumb")}))
	require.False(t, coloured(Environment{Stdout: &process.Buffer{}, LookupEnv: env("TERM", "xterm")}))
}
