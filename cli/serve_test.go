package cli

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// parseServe returns the flags that serve gets.
func parseServe(t *testing.T, args ...string) *serveFlags {
	t.Helper()
	app := kingpin.New(program, "")
	f := &serveFlags{}
	f.register(app.Command("serve", "").Default())
	args, err := commandFirst(app.Model(), args)
	require.NoError(t, err)
	_, err = app.Parse(args)
	require.NoError(t, err)
	return f
}

func TestServeFlags(t *testing.T) {
	f := parseServe(t)
	require.Equal(t, configFlags{file: "config.yml"}, f.config)
	require.Equal(t, logFlags{level: "info", format: "logfmt"}, f.log)
	require.Equal(t, "data/", f.storage)
	require.Equal(t, "/metrics", f.telemetryPath)
	require.Equal(t, []string{":10198"}, *f.web.WebListenAddresses)
	require.False(t, f.listenSet || f.storageSet || f.demo || f.enableLifecycle || f.enablePprof)

	f = parseServe(t, "--config.file", "a.yml", "--config.expand-environment-variables", "--storage.path=s", "--web.config.file=w.yml",
		"--web.listen-address=:1", "--web.listen-address=:2", "serve", "--web.telemetry-path=/m", "--web.route-prefix=/p",
		"--web.external-url=http://h/p", "--web.enable-lifecycle", "--web.enable-pprof", "--demo", "--log.level=debug", "--log.format=json")
	require.Equal(t, configFlags{file: "a.yml", fileSet: true, expandEnv: true}, f.config)
	require.Equal(t, logFlags{level: "debug", format: "json"}, f.log)
	require.Equal(t, []string{":1", ":2"}, *f.web.WebListenAddresses)
	require.Equal(t, []string{"s", "w.yml", "/m", "/p", "http://h/p"}, []string{f.storage, *f.web.WebConfigFile, f.telemetryPath, f.routePrefix, f.externalURL})
	require.True(t, f.listenSet && f.storageSet && f.demo && f.enableLifecycle && f.enablePprof)
}

func TestServe(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	config := a.config(t, fast)
	i := start(t, args(t, config, "--web.enable-lifecycle", "--log.level=debug")...)

	status, body := request(t, http.MethodGet, i.url("/-/healthy"))
	require.Equal(t, http.StatusOK, status, body)
	process.Eventually(t, "ready", func() bool {
		status, body = request(t, http.MethodGet, i.url("/-/ready"))
		return status == http.StatusOK
	})
	i.hasCalls(1)
	_, metrics := request(t, http.MethodGet, i.url("/metrics"))
	for _, family := range []string{"go_goroutines", "process_start_time_seconds", "itnio_exporter_build_info", "itnio_up", "itnio_exporter_config_last_reload_success_timestamp_seconds"} {
		_, ok := sum(t, metrics, family)
		require.True(t, ok, family)
	}
	require.Regexp(t, `itnio_exporter_build_info\{branch="[^"]+",[^}]*revision="[^"]+",[^}]*version="[^"]+"\} 1`, metrics)
	var page string
	process.Eventually(t, "the account is in step", func() bool { // after its first audit
		status, page = request(t, http.MethodGet, i.url("/"))
		return status == http.StatusOK && strings.Contains(page, "· 1 in step</title>")
	})

	successful := func() float64 { v, _ := i.metric("itnio_exporter_config_last_reload_successful"); return v }
	require.Equal(t, 1.0, successful())
	a.write(t, config, fast+"metrics: {agents: always}\n")
	status, body = request(t, http.MethodPost, i.url("/-/reload"))
	require.Equal(t, http.StatusInternalServerError, status)
	require.Contains(t, body, "agents")
	require.Zero(t, successful())
	a.write(t, config, fast+"metrics: {tags: true}\n")
	status, body = request(t, http.MethodPost, i.url("/-/reload"))
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, 1.0, successful())

	require.Zero(t, i.Stop())
	for name, text := range map[string]string{"log": i.Stderr.String(), "output": i.Stdout.String(), "metrics": metrics, "status page": page, "reload": body} {
		require.Equal(t, text, a.censored(text), name)
	}
}

// A run locks its ledger, reloads at SIGHUP and stops at SIGTERM; the next one continues where it was.
func TestSignals(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	config := a.config(t, fast)
	arguments := args(t, config)
	first := start(t, arguments...)
	first.hasCalls(1)

	status, stdout, stderr := once(t, arguments...)
	require.Equal(t, 1, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "another process", "a second run on the same ledger")

	status, _, stderr = once(t, "healthcheck", "--web.listen-address="+strings.TrimPrefix(first.url(""), "http://"))
	require.Zero(t, status, stderr)

	a.write(t, config, "no_such_key: 1\n")
	first.Signal(syscall.SIGHUP)
	process.Eventually(t, "a failed reload", func() bool { v, _ := first.metric("itnio_exporter_config_last_reload_successful"); return v == 0 })
	a.write(t, config, fast)
	first.Signal(syscall.SIGHUP)
	process.Eventually(t, "a reload", func() bool { v, _ := first.metric("itnio_exporter_config_last_reload_successful"); return v == 1 })
	status, _ = request(t, http.MethodPost, first.url("/-/reload"))
	require.Equal(t, http.StatusForbidden, status)

	before, _ := first.metric("itnio_calls_total")
	require.Zero(t, first.Stop(), first.Stderr.String())

	second := start(t, arguments...)
	second.hasCalls(before)
	second.Signal(syscall.SIGINT)
	require.Zero(t, second.Wait(), second.Stderr.String())
}

// The toolkit listens on every address that is given.
func TestTwoListeners(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	i := start(t, args(t, a.config(t, fast), "--web.listen-address=127.0.0.1:0")...)
	for _, address := range i.Addresses(2) {
		process.Eventually(t, "ready", func() bool {
			status, _ := request(t, http.MethodGet, "http://"+address+"/-/ready")
			return status == http.StatusOK
		})
	}
	require.Zero(t, i.Stop(), &i.Stderr)
}

func TestRoutePrefix(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	i := start(t, args(t, a.config(t, fast), "--web.external-url=http://mon.example/itnio")...)
	status, _ := request(t, http.MethodGet, i.url("/itnio/metrics"))
	require.Equal(t, http.StatusOK, status)
	status, _ = request(t, http.MethodGet, i.url("/metrics"))
	require.Equal(t, http.StatusNotFound, status)
	address := strings.TrimPrefix(i.url(""), "http://")
	status, _, stderr := once(t, "healthcheck", "--web.listen-address="+address, "--web.route-prefix=/itnio")
	require.Zero(t, status, stderr)
	require.Zero(t, i.Stop())
}
