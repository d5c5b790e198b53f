package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector"
)

func TestNewSite(t *testing.T) {
	for _, tt := range []struct {
		name, external, prefix, telemetry string
		wantPrefix, wantPath              string
		wantErr                           string
	}{
		{name: "nothing given"},
		{name: "prefix alone", prefix: "/itnio/", wantPrefix: "/itnio"},
		{name: "prefix without a slash", prefix: "itnio", wantPrefix: "/itnio"},
		{name: "prefix follows the external URL", external: "https://mon.example/itnio/", wantPrefix: "/itnio", wantPath: "/itnio"},
		{name: "proxy strips the path", external: "https://mon.example/itnio", prefix: "/", wantPath: "/itnio"},
		{name: "other telemetry path", telemetry: "/probe/metrics"},
		{name: "metrics at the root", telemetry: "/"},
		{name: "external URL without a host", external: "/itnio", wantErr: `--web.external-url: "/itnio" is not an http or https URL`},
		{name: "external URL of another kind", external: "ftp://mon.example/", wantErr: `--web.external-url: "ftp://mon.example/" is not an http or https URL`},
		{name: "telemetry path without a slash", telemetry: "metrics", wantErr: `--web.telemetry-path: "metrics" is not a plain path such as /metrics`},
		{name: "telemetry path with a slash at its end", telemetry: "/metrics/"},
		{name: "telemetry path with a pattern", telemetry: "/{x}", wantErr: `--web.telemetry-path: "/{x}" is not a plain path such as /metrics`},
		{name: "telemetry path that routers clean", telemetry: "/a/../b", wantErr: `--web.telemetry-path: "/a/../b" is not a plain path such as /metrics`},
		{name: "telemetry path with two slashes", telemetry: "//x", wantErr: `--web.telemetry-path: "//x" is not a plain path such as /metrics`},
		{name: "prefix with a blank", prefix: "/a b", wantErr: `--web.route-prefix: "/a b" is not a plain path such as /itnio`},
		{name: "prefix with a pattern", prefix: "/{x}", wantErr: `--web.route-prefix: "/{x}" is not a plain path such as /itnio`},
		{name: "prefix with a method", prefix: "GET /x", wantErr: `--web.route-prefix: "GET /x" is not a plain path such as /itnio`},
		{name: "external URL that makes such a prefix", external: "http://mon.example/a%20b", wantErr: `--web.route-prefix: "/a b" is not a plain path such as /itnio`},
		{name: "telemetry path that is taken", telemetry: "/-/ready", wantErr: `--web.telemetry-path: "/-/ready" is taken`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.telemetry == "" {
				tt.telemetry = "/metrics"
			}
			s, err := newSite(tt.external, tt.prefix, tt.telemetry, ":10198")
			if tt.wantErr != "" {
				require.EqualError(t, err, tt.wantErr)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.wantPrefix, s.prefix)
			require.Equal(t, tt.wantPath, s.external.Path)
		})
	}
}

// stubExporter says what it is told to.
type stubExporter struct {
	reason   string
	accounts []collector.AccountStatus
}

func (s stubExporter) Ready() (bool, string)             { return s.reason == "", s.reason }
func (s stubExporter) Status() []collector.AccountStatus { return s.accounts }

// options are those of a handler whose metrics are the word "metrics".
func options(t *testing.T, external, prefix, telemetry string) handlerOptions {
	t.Helper()
	s, err := newSite(external, prefix, telemetry, ":10198")
	require.NoError(t, err)
	return handlerOptions{
		site:     s,
		exporter: stubExporter{},
		metrics:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics") }),
		reload:   func(context.Context) error { return nil },
	}
}

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestRoutes(t *testing.T) {
	type answers map[string]int // path -> status
	for _, tt := range []struct {
		name                        string
		external, prefix, telemetry string
		pprof                       bool
		want                        answers
	}{
		{name: "plain", telemetry: "/metrics", want: answers{
			"/": 200, "/metrics": 200, "/-/healthy": 200, "/-/ready": 200, "/-/reload": 403, "/nothing": 404, "/debug/pprof/": 404, "/debug/pprof/cmdline": 404,
		}},
		{name: "prefix", prefix: "/itnio", telemetry: "/metrics", want: answers{
			"/": 302, "/itnio/": 200, "/itnio/metrics": 200, "/itnio/-/healthy": 200, "/itnio/-/ready": 200, "/metrics": 404, "/-/healthy": 404,
		}},
		{name: "behind a proxy that strips", external: "http://mon.example/itnio", prefix: "/", telemetry: "/metrics", want: answers{
			"/": 200, "/metrics": 200, "/itnio/metrics": 404,
		}},
		{name: "metrics at the root", telemetry: "/", want: answers{"/": 200, "/-/healthy": 200}},
		{name: "pprof", telemetry: "/metrics", pprof: true, want: answers{"/debug/pprof/": 200, "/debug/pprof/goroutine": 200, "/debug/pprof/cmdline": 200}},
		{name: "pprof below a prefix", prefix: "/itnio", telemetry: "/metrics", pprof: true, want: answers{"/itnio/debug/pprof/": 200, "/itnio/debug/pprof/heap": 200}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, tt.external, tt.prefix, tt.telemetry)
			o.pprof = tt.pprof
			h := newHandler(o)
			for path, want := range tt.want {
				require.Equal(t, want, ask(h, http.MethodGet, path).Code, path)
			}
			require.Equal(t, "metrics", ask(h, http.MethodGet, o.site.prefix+tt.telemetry).Body.String())
		})
	}
}

func TestStatusPage(t *testing.T) {
	up, down := true, false
	o := options(t, "http://mon.example/itnio", "/", "/metrics")
	o.exporter = stubExporter{reason: "account third has not been read yet", accounts: []collector.AccountStatus{
		{Name: "first", Up: &up, LastSuccess: time.Unix(1736000000, 0), CatchUp: 90 * time.Minute, OpenWindows: 3},
		{Name: "<b>second</b>", Up: &down, LastError: "authentication refused <script>"},
		{Name: "third"},
	}}
	answer := ask(newHandler(o), http.MethodGet, "/")
	page := answer.Body.String()
	for _, want := range []string{
		"account third has not been read yet", "2025-01-04 14:13:20 UTC", "1h30m0s", ">up<", ">down<", ">not read yet<",
		"&lt;b&gt;second", "authentication refused &lt;script&gt;", `href="/itnio/metrics"`, `href="/itnio/-/ready"`,
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "debug/pprof")
	require.Equal(t, "text/html; charset=UTF-8", answer.Header().Get("Content-Type"))
}

func TestReadiness(t *testing.T) {
	o := options(t, "", "", "/metrics")
	o.exporter = stubExporter{reason: "account main has not been read yet"}
	answer := ask(newHandler(o), http.MethodGet, "/-/ready")
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Contains(t, answer.Body.String(), "account main has not been read yet")
}

func TestReloadEndpoint(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		lifecycle    bool
		err          error
		want         int
		body         string
	}{
		{"off", http.MethodPost, false, nil, http.StatusForbidden, "--web.enable-lifecycle"},
		{"post", http.MethodPost, true, nil, http.StatusOK, "reloaded"},
		{"put", http.MethodPut, true, nil, http.StatusOK, "reloaded"},
		{"get", http.MethodGet, true, nil, http.StatusMethodNotAllowed, "POST or PUT"},
		{"failure", http.MethodPost, true, errors.New("config.yml:3: no good"), http.StatusInternalServerError, "config.yml:3: no good"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, "", "", "/metrics")
			o.lifecycle = tt.lifecycle
			called := false
			o.reload = func(context.Context) error { called = true; return tt.err }
			answer := ask(newHandler(o), tt.method, "/-/reload")
			require.Equal(t, tt.want, answer.Code)
			require.True(t, strings.Contains(answer.Body.String(), tt.body), answer.Body.String())
			require.Equal(t, tt.want == http.StatusOK || tt.err != nil, called)
		})
	}
}

func TestReachable(t *testing.T) {
	for address, want := range map[string]string{
		":10198": "127.0.0.1:10198", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1", "[::1]:1": "[::1]:1", "mon.example:1": "mon.example:1",
	} {
		got, err := reachable(address)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := reachable("vsock://:1")
	require.Error(t, err)
}
