package web

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector"
)

func TestStatusPage(t *testing.T) {
	up, down := true, false
	o := options(t, "http://mon.example/itnio", "/", "/metrics")
	o.Exporter = fixedExporter{reason: "account third has not been read yet", accounts: []collector.AccountStatus{
		{Name: "first", Up: &up, LastSuccess: time.Unix(1736000000, 0), CatchUp: 90 * time.Minute, OpenWindows: 3},
		{Name: "<b>second</b>", Up: &down, LastError: "authentication refused <script>"},
		{Name: "third"},
	}}
	answer := ask(NewHandler(o), http.MethodGet, "/")
	page := answer.Body.String()
	for _, want := range []string{
		"Version: (version=1.2.3)", "account third has not been read yet", "2025-01-04 14:13:20 UTC", "1h30m0s", ">up<", ">down<", ">not read yet<",
		"&lt;b&gt;second", "authentication refused &lt;script&gt;", `href="/itnio/metrics"`, `href="/itnio/-/ready"`,
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "debug/pprof")
	require.Equal(t, "text/html; charset=UTF-8", answer.Header().Get("Content-Type"))

	o.Pprof = true
	o.Exporter = fixedExporter{}
	page = ask(NewHandler(o), http.MethodGet, "/").Body.String()
	require.Contains(t, page, `href="/itnio/debug/pprof/profile?seconds=60"`)
	require.Contains(t, page, "<p>Ready.</p>")
}
