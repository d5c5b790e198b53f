package web

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

// fixedExporter has a fixed state.
type fixedExporter struct {
	reason   string
	accounts []collector.AccountStatus
	about    collector.About
}

func (s fixedExporter) Ready() (bool, string)             { return s.reason == "", s.reason }
func (s fixedExporter) Status() []collector.AccountStatus { return s.accounts }
func (s fixedExporter) About() collector.About            { return s.about }

// options are those of a handler whose metrics are the word "metrics".
func options(t *testing.T, external, prefix, telemetry string) Options {
	t.Helper()
	s, err := NewSite(SiteOptions{ExternalURL: external, RoutePrefix: prefix, TelemetryPath: telemetry, ListenAddress: ":10198"})
	require.NoError(t, err)
	return Options{
		Site:     s,
		Version:  "(version=1.2.3)",
		Exporter: fixedExporter{},
		Metrics:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics") }),
		Now:      func() time.Time { return testNow },
		Reload:   func(context.Context) error { return nil },
		Last:     func() LastReload { return LastReload{At: testNow.Add(-time.Hour)} },
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
			o.Pprof = tt.pprof
			h := NewHandler(o)
			for path, want := range tt.want {
				require.Equal(t, want, ask(h, http.MethodGet, path).Code, path)
			}
			require.Equal(t, "metrics", ask(h, http.MethodGet, o.Site.prefix+tt.telemetry).Body.String())
		})
	}
}

func TestReadiness(t *testing.T) {
	o := options(t, "", "", "/metrics")
	o.Exporter = fixedExporter{reason: "account main has not been read yet"}
	answer := ask(NewHandler(o), http.MethodGet, "/-/ready")
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
			o.Lifecycle = tt.lifecycle
			called := false
			o.Reload = func(context.Context) error { called = true; return tt.err }
			answer := ask(NewHandler(o), tt.method, "/-/reload")
			require.Equal(t, tt.want, answer.Code)
			require.True(t, strings.Contains(answer.Body.String(), tt.body), answer.Body.String())
			require.Equal(t, tt.want == http.StatusOK || tt.err != nil, called)
		})
	}
}
