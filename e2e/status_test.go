package e2e

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// statusDocument is what this test reads of the status page's JSON.
type statusDocument struct {
	Version  int
	Exporter struct {
		Ledger        struct{ Path string }
		Reload        struct{ OK bool } `json:"last_reload"`
		Scrapers      []struct{ Host string }
		Configuration string
	}
	Accounts []struct {
		Name, State string
		Error       struct{ Kind, Docs string }
		Requests    struct {
			Day int `json:"last_day"`
		}
		Calls struct {
			Since time.Time
			Hours []struct{ Calls map[string]int }
		}
	}
}

// TestStatusPage: the real binary shows a healthy account, counts its calls by hour, tells of a refused reload and of an API that fails,
// behind a prefix.
func TestStatusPage(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t, history(31, 2*time.Hour, 5000))
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 0s, initial_history: 2h, backoff_max: 1s", ", rate_limit: 100", "")
	e := s.start("--web.enable-lifecycle", "--web.external-url=http://mon.example/itnio")
	status := func() (d statusDocument) {
		code, body, err := e.get("/itnio/", http.Header{"Accept": {"application/json"}})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code)
		require.NoError(t, json.Unmarshal([]byte(body), &d), body)
		require.NotContains(t, body, a.secret)
		return d
	}
	inStep := func() bool { s := status().Accounts[0].State; return s == "in step" || s == "audit" }
	process.Eventually(t, "the account is in step", inStep)
	_, _, err := e.get("/itnio/metrics", http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {"10"}})
	require.NoError(t, err)
	d := status()
	require.Equal(t, 1, d.Version)
	require.Equal(t, filepath.Join(s.storage, "ledger.db"), d.Exporter.Ledger.Path)
	require.True(t, d.Exporter.Reload.OK)
	require.Equal(t, "127.0.0.1", d.Exporter.Scrapers[0].Host)
	require.Contains(t, d.Exporter.Configuration, "api_secret: <secret>")
	require.Positive(t, d.Accounts[0].Requests.Day)
	calls := 0
	for _, h := range d.Accounts[0].Calls.Hours {
		for _, n := range h.Calls {
			calls += n
		}
	}
	require.Positive(t, calls)
	_, page, err := e.get("/itnio/", http.Header{"Accept": {"text/html"}})
	require.NoError(t, err)
	require.Contains(t, page, `href="/itnio/metrics"`)
	require.NotContains(t, page, a.secret)

	s.write(a, "poll_interval: nonsense", "", "")
	code, _, err := process.Request(t.Context(), http.MethodPost, e.base+"/itnio/-/reload", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, code)
	require.False(t, status().Exporter.Reload.OK)
	require.Equal(t, d.Accounts[0].Calls.Since, status().Accounts[0].Calls.Since)

	a.Close()
	process.Eventually(t, "the account fails", func() bool { return status().Accounts[0].State == "failing" })
	require.Equal(t, "connection", status().Accounts[0].Error.Kind)
}
