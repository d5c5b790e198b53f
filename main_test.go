package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// asProgram makes the test binary be the program: tests that need a process of its own start it with this set.
const asProgram = "ITNIO_EXPORTER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what has to come; no test asserts how long something took.
const patience = time.Minute

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 20*time.Millisecond, what)
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// instance is one run of the program, in a process of its own or in a goroutine.
type instance struct {
	t              *testing.T
	stdout, stderr buffer
	signal         func(os.Signal)
	exited         chan int // closed after the status was sent
	status         int
}

// start runs the program as a process.
func start(t *testing.T, args ...string) *instance {
	t.Helper()
	i := &instance{t: t, exited: make(chan int, 1)}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = &i.stdout, &i.stderr
	require.NoError(t, cmd.Start())
	i.signal = func(s os.Signal) { _ = cmd.Process.Signal(s) }
	go func() {
		_ = cmd.Wait()
		i.exited <- cmd.ProcessState.ExitCode()
		close(i.exited)
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-i.exited })
	return i
}

// startHere runs the program in this process.
func startHere(t *testing.T, args ...string) *instance {
	t.Helper()
	i := &instance{t: t, exited: make(chan int, 1)}
	signals := make(chan os.Signal, 4)
	i.signal = func(s os.Signal) { signals <- s }
	go func() {
		i.exited <- run(process{args: args, stdout: &i.stdout, stderr: &i.stderr, lookupEnv: os.LookupEnv, signals: signals})
		close(i.exited)
	}()
	t.Cleanup(func() {
		select {
		case signals <- syscall.SIGTERM:
		default:
		}
		<-i.exited
	})
	return i
}

// wait gives the exit status.
func (i *instance) wait() int {
	i.t.Helper()
	select {
	case status, ok := <-i.exited:
		if ok {
			i.status = status
		}
		return i.status
	case <-time.After(patience):
		i.t.Fatalf("still running; its log:\n%s", i.stderr.String())
		return -1
	}
}

func (i *instance) stop() int {
	i.t.Helper()
	i.signal(syscall.SIGTERM)
	return i.wait()
}

var listeningOn = regexp.MustCompile(`msg="Listening on".* address=(\S+)`)

// url is where the program listens, with the path given.
func (i *instance) url(path string) string {
	i.t.Helper()
	var address string
	eventually(i.t, "listening", func() bool {
		if m := listeningOn.FindStringSubmatch(i.stderr.String()); m != nil {
			address = m[1]
		}
		return address != "" || len(i.exited) > 0
	})
	require.NotEmpty(i.t, address, i.stderr.String())
	return "http://" + address + path
}

// request gives status and body of an answer.
func request(t *testing.T, method, url string) (int, string) {
	t.Helper()
	// No connection is kept: an idle one would look like a leak.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

// sum adds up a family's samples in the text format; false if the family is not there.
func sum(t *testing.T, text, family string) (float64, bool) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	f, ok := families[family]
	total := 0.0
	for _, m := range f.GetMetric() {
		total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return total, ok
}

func (i *instance) metric(family string) (float64, bool) {
	i.t.Helper()
	status, body := request(i.t, http.MethodGet, i.url("/metrics"))
	require.Equal(i.t, http.StatusOK, status)
	return sum(i.t, body, family)
}

// api is a simulated API over real HTTP. It remembers what must never be printed.
type api struct {
	*httptest.Server
	key, secret string

	mu     sync.Mutex
	hidden map[string]bool
}

// personal finds what a record tells of a person or a recording.
var personal = regexp.MustCompile(`"(?:called|encryptCalled|caller|voiceUrl|remark|callSessionId|callId)":"([^"]+)"`)

// tee keeps what a handler answers.
type tee struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (t *tee) Write(p []byte) (int, error) {
	t.body.Write(p)
	return t.ResponseWriter.Write(p)
}

func newAPI(t *testing.T) *api {
	t.Helper()
	account := simulator.DefaultAccounts()[0]
	now := time.Now()
	sim := simulator.New(simulator.Options{Seed: 1, Start: now.Add(-2 * time.Hour), CallsPerDay: 50000})
	a := &api{key: account.Key, secret: account.Secret, hidden: map[string]bool{account.Key: true, account.Secret: true}}
	handler := sim.Handler()
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := tee{ResponseWriter: w}
		handler.ServeHTTP(&answer, r)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.hidden[r.Header.Get("Sign")] = true
		for _, m := range personal.FindAllStringSubmatch(answer.body.String(), -1) {
			if len(m[1]) >= 6 { // a shorter one stands in other words by chance
				a.hidden[m[1]] = true
			}
		}
	}))
	t.Cleanup(a.Close)
	return a
}

// config writes a configuration of this API and gives its path; extra is YAML of the top level.
func (a *api) config(t *testing.T, extra string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yml")
	a.write(t, path, extra)
	return path
}

func (a *api) write(t *testing.T, path, extra string) {
	t.Helper()
	text := fmt.Sprintf("accounts:\n  - name: main\n    base_url: %s\n    api_key: %s\n    api_secret: %s\n    rate_limit: 100\n%s",
		a.URL, a.key, a.secret, extra)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

const fast = "global: {poll_interval: 1s, zero_first: 0s, initial_history: 1h}\n"

// args are those of an exporter for tests.
func args(t *testing.T, config string, more ...string) []string {
	t.Helper()
	return append([]string{"--config.file=" + config, "--storage.path=" + t.TempDir(), "--web.listen-address=127.0.0.1:0"}, more...)
}

// noLeaks fails the test if goroutines of this program outlive it.
func noLeaks(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		var left string
		ok := false
		for deadline := time.Now().Add(10 * time.Second); !ok && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			ok = true
			for g := range strings.SplitSeq(string(stacks), "\n\n") {
				if strings.Contains(g, "testing.") {
					continue // this one and the tests
				}
				for _, ours := range []string{"itnio_exporter", "net/http.(*Server)", "net/http.(*persistConn)", "bbolt"} {
					if strings.Contains(g, ours) {
						ok, left = false, g
					}
				}
			}
		}
		require.True(t, ok, "left behind:\n%s", left)
	})
}

func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		args    []string
		command string
		check   func(*flags) bool
	}{
		{nil, "serve", func(f *flags) bool {
			return f.configFile == "config.yml" && f.storage == "data/" && f.telemetryPath == "/metrics" &&
				len(*f.web.WebListenAddresses) == 1 && (*f.web.WebListenAddresses)[0] == ":10198" && !f.listenSet
		}},
		{[]string{"--config.file=a.yml"}, "serve", func(f *flags) bool { return f.configFile == "a.yml" }},
		{[]string{"--config.file", "a.yml", "serve"}, "serve", func(f *flags) bool { return f.configFile == "a.yml" }},
		{[]string{"serve", "--config.file", "a.yml"}, "serve", func(f *flags) bool { return f.configFile == "a.yml" }},
		{[]string{"check-config", "--config.file=a.yml"}, "check-config", func(f *flags) bool { return f.configFile == "a.yml" }},
		{[]string{"--config.file=a.yml", "check-config"}, "check-config", func(f *flags) bool { return f.configFile == "a.yml" }},
		{[]string{"--demo"}, "serve", func(f *flags) bool { return f.demo }},
		{[]string{"simulate", "--simulate.seed=7"}, "simulate", func(f *flags) bool { return f.simulate.seed == 7 }},
		{[]string{"--simulate.seed=7", "simulate"}, "simulate", func(f *flags) bool { return f.simulate.seed == 7 }},
		{[]string{"healthcheck", "--web.listen-address=:1"}, "healthcheck", func(f *flags) bool { return f.listenSet }},
		{[]string{"--web.listen-address=:1", "--web.listen-address=:2"}, "serve", func(f *flags) bool { return len(*f.web.WebListenAddresses) == 2 }},
		{
			[]string{
				"--config.expand-environment-variables", "--web.config.file=w.yml", "--web.telemetry-path=/m", "--web.route-prefix=/p", "--web.external-url=http://h/p",
				"--web.enable-lifecycle", "--web.enable-pprof", "--log.level=debug", "--log.format=json",
			},
			"serve",
			func(f *flags) bool {
				return f.expandEnv && *f.web.WebConfigFile == "w.yml" && f.telemetryPath == "/m" && f.routePrefix == "/p" && f.externalURL == "http://h/p" &&
					f.enableLifecycle && f.enablePprof && f.logLevel == "debug" && f.logFormat == "json"
			},
		},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			f, exit, err := parseFlags(process{args: tt.args, stdout: io.Discard, stderr: io.Discard})
			require.NoError(t, err)
			require.Negative(t, exit)
			require.Equal(t, tt.command, f.command)
			require.True(t, tt.check(f), "%+v", f)
		})
	}
}

// once runs the program to its end.
func once(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	i := startHere(t, args...)
	status = i.wait()
	return status, i.stdout.String(), i.stderr.String()
}

func TestVersionAndHelp(t *testing.T) {
	status, stdout, stderr := once(t, "--version")
	require.Zero(t, status)
	require.True(t, strings.HasPrefix(stdout, "itnio_exporter, version "), stdout)
	require.Empty(t, stderr)

	for _, args := range [][]string{{"--help"}, {"check-config", "--help"}, {"help"}} {
		status, stdout, stderr = once(t, args...)
		require.Zero(t, status)
		require.Contains(t, stdout, "usage: itnio_exporter")
		require.Empty(t, stderr)
	}
}

// Every failure to start is one line and status 1.
func TestStartFailures(t *testing.T) {
	noLeaks(t)
	a := newAPI(t)
	good := a.config(t, "")
	bad := a.config(t, "metrics: {agents: always}\n")
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	foreign := filepath.Join(directory, "web.yml")
	require.NoError(t, os.WriteFile(foreign, []byte("no_such_key: 1\n"), 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()

	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"--no-such-flag"}, "unknown long flag '--no-such-flag', try --help"},
		{"unknown command", []string{"frobnicate"}, "try --help"},
		{"bad log level", []string{"--log.level=loud"}, "must be one of debug,info,warn,error, got 'loud'"},
		{"demo with a configuration", []string{"--demo", "--config.file=" + good}, "--demo brings its own configuration"},
		{"demo with a ledger", []string{"--demo", "--storage.path=" + directory}, "--demo brings its own configuration"},
		{"no configuration", args(t, filepath.Join(directory, "none.yml")), "none.yml"},
		{"bad configuration", args(t, bad), "metrics.agents"},
		{"bad configuration, checked", []string{"check-config", "--config.file=" + bad}, "metrics.agents"},
		{"bad web configuration", args(t, good, "--web.config.file="+foreign), "no_such_key"},
		{"bad route", args(t, good, "--web.telemetry-path=x"), "--web.telemetry-path"},
		{"storage is a file", []string{"--config.file=" + good, "--storage.path=" + file, "--web.listen-address=127.0.0.1:0"}, file},
		{"address in use", append(args(t, good), "--web.listen-address="+taken.Addr().String()), "address already in use"},
		{"simulator's address in use", []string{"simulate", "--simulate.listen-address=" + taken.Addr().String()}, "--simulate.listen-address"},
		{"simulator of less than nothing", []string{"simulate", "--simulate.calls-per-day=-3"}, "--simulate.calls-per-day: -3 is not from 0"},
		{"simulator of the future", []string{"simulate", "--simulate.history=-1h"}, "--simulate.history: -1h0m0s is negative"},
		{"simulator of pages of less than nothing", []string{"simulate", "--simulate.page-size=-3"}, "--simulate.page-size: -3 is negative"},
		{"nobody to check the health of", []string{"healthcheck", "--web.listen-address=127.0.0.1:1"}, "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := once(t, tt.args...)
			require.Equal(t, 1, status)
			require.Empty(t, stdout)
			var lines []string
			for line := range strings.Lines(stderr) {
				// What went well before, and warnings, may be told; the failure is one line.
				if !strings.Contains(line, "level=info") && !strings.Contains(line, "level=warn") {
					lines = append(lines, line)
				}
			}
			require.Len(t, lines, 1, stderr)
			require.Contains(t, lines[0], tt.want)
			require.NotContains(t, stderr, a.secret)
		})
	}
}

func TestCheckConfig(t *testing.T) {
	a := newAPI(t)
	status, stdout, stderr := once(t, "check-config", "--config.file="+a.config(t, fast))
	require.Zero(t, status, stderr)
	require.Empty(t, stderr)
	require.Contains(t, stdout, "main")
	require.Contains(t, stdout, "warning: ", "zero_first is off")
	require.NotContains(t, stdout, a.key)
	require.NotContains(t, stdout, a.secret)
}

func TestServe(t *testing.T) {
	noLeaks(t)
	a := newAPI(t)
	config := a.config(t, fast)
	i := startHere(t, args(t, config, "--web.enable-lifecycle", "--log.level=debug")...)

	status, body := request(t, http.MethodGet, i.url("/-/healthy"))
	require.Equal(t, http.StatusOK, status, body)
	eventually(t, "ready", func() bool {
		status, body = request(t, http.MethodGet, i.url("/-/ready"))
		return status == http.StatusOK
	})
	eventually(t, "calls", func() bool { n, _ := i.metric("itnio_calls_total"); return n > 0 })
	_, metrics := request(t, http.MethodGet, i.url("/metrics"))
	for _, family := range []string{"go_goroutines", "process_start_time_seconds", "itnio_exporter_build_info", "itnio_up", "itnio_exporter_config_last_reload_success_timestamp_seconds"} {
		_, ok := sum(t, metrics, family)
		require.True(t, ok, family)
	}
	status, page := request(t, http.MethodGet, i.url("/"))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "<td>main</td><td>up</td>")

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

	require.Zero(t, i.stop())
	a.mu.Lock()
	defer a.mu.Unlock()
	require.Greater(t, len(a.hidden), 500, "the records are full of numbers")
	for name, text := range map[string]string{"log": i.stderr.String(), "output": i.stdout.String(), "metrics": metrics, "status page": page, "reload": body} {
		for hidden := range a.hidden {
			require.False(t, strings.Contains(text, hidden), "%s has %s", name, hidden)
		}
	}
}

// The process: locks its ledger, reloads at SIGHUP, stops at SIGTERM, and goes on where it was.
func TestProcess(t *testing.T) {
	a := newAPI(t)
	config := a.config(t, fast)
	arguments := args(t, config)
	first := start(t, arguments...)
	eventually(t, "calls", func() bool { n, _ := first.metric("itnio_calls_total"); return n > 0 })

	status, stdout, stderr := once(t, arguments...)
	require.Equal(t, 1, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "another process", "a second process on the same ledger")

	status, _, stderr = once(t, "healthcheck", "--web.listen-address="+strings.TrimPrefix(first.url(""), "http://"))
	require.Zero(t, status, stderr)

	a.write(t, config, "no_such_key: 1\n")
	first.signal(syscall.SIGHUP)
	eventually(t, "a failed reload", func() bool { v, _ := first.metric("itnio_exporter_config_last_reload_successful"); return v == 0 })
	a.write(t, config, fast)
	first.signal(syscall.SIGHUP)
	eventually(t, "a reload", func() bool { v, _ := first.metric("itnio_exporter_config_last_reload_successful"); return v == 1 })
	status, _ = request(t, http.MethodPost, first.url("/-/reload"))
	require.Equal(t, http.StatusForbidden, status)

	before, _ := first.metric("itnio_calls_total")
	require.Zero(t, first.stop(), first.stderr.String())

	second := start(t, arguments...)
	eventually(t, "calls", func() bool { n, _ := second.metric("itnio_calls_total"); return n >= before })
	second.signal(syscall.SIGINT)
	require.Zero(t, second.wait(), second.stderr.String())
}

func TestDemo(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	i := start(t, "--demo", "--web.listen-address=127.0.0.1:0")
	var calls float64
	eventually(t, "calls", func() bool { calls, _ = i.metric("itnio_calls_total"); return calls > 0 })
	for range 3 {
		eventually(t, "more calls", func() bool {
			before := calls
			calls, _ = i.metric("itnio_calls_total")
			require.GreaterOrEqual(t, calls, before)
			return calls > before
		})
	}
	for _, family := range []string{"itnio_agent_calls_total", "itnio_call_tags_total", "itnio_call_media_detected_total", "itnio_call_sip_responses_total"} {
		eventually(t, family, func() bool { n, _ := i.metric(family); return n > 0 })
	}
	require.Contains(t, i.stdout.String(), i.url("/metrics"))
	require.Zero(t, i.stop(), i.stderr.String())
	left, err := filepath.Glob(filepath.Join(temporary, "*"))
	require.NoError(t, err)
	require.Empty(t, left, "the temporary ledger")
	require.NotContains(t, i.stderr.String(), "level=error")
}

// What simulate prints is a configuration for it.
func TestSimulate(t *testing.T) {
	noLeaks(t)
	api := startHere(t, "simulate", "--simulate.listen-address=127.0.0.1:0", "--simulate.history=1h", "--simulate.calls-per-day=50000")
	eventually(t, "a configuration", func() bool { return strings.Contains(api.stdout.String(), "api_secret") })
	config := filepath.Join(t.TempDir(), "config.yml")
	require.NoError(t, os.WriteFile(config, []byte(api.stdout.String()+fast), 0o600))

	i := startHere(t, args(t, config)...)
	eventually(t, "calls", func() bool { n, _ := i.metric("itnio_calls_total"); return n > 0 })
	require.Zero(t, i.stop(), i.stderr.String())
	require.Zero(t, api.stop(), api.stderr.String())
}

// The toolkit listens on every address that is given.
func TestTwoListeners(t *testing.T) {
	a := newAPI(t)
	i := startHere(t, args(t, a.config(t, fast), "--web.listen-address=127.0.0.1:0")...)
	var addresses []string
	eventually(t, "both addresses", func() bool {
		addresses = nil
		for _, m := range listeningOn.FindAllStringSubmatch(i.stderr.String(), -1) {
			addresses = append(addresses, m[1])
		}
		return len(addresses) == 2 || len(i.exited) > 0
	})
	require.Len(t, addresses, 2, i.stderr.String())
	for _, address := range addresses {
		eventually(t, "ready", func() bool {
			status, _ := request(t, http.MethodGet, "http://"+address+"/-/ready")
			return status == http.StatusOK
		})
	}
	require.Zero(t, i.stop(), i.stderr.String())
}

func TestRoutePrefix(t *testing.T) {
	a := newAPI(t)
	i := startHere(t, args(t, a.config(t, fast), "--web.external-url=http://mon.example/itnio")...)
	status, _ := request(t, http.MethodGet, i.url("/itnio/metrics"))
	require.Equal(t, http.StatusOK, status)
	status, _ = request(t, http.MethodGet, i.url("/metrics"))
	require.Equal(t, http.StatusNotFound, status)
	address := strings.TrimPrefix(i.url(""), "http://")
	status, _, stderr := once(t, "healthcheck", "--web.listen-address="+address, "--web.route-prefix=/itnio")
	require.Zero(t, status, stderr)
	require.Zero(t, i.stop())
}

// A stop lets requests in progress finish; a second signal does not wait for them.
func TestShutdown(t *testing.T) {
	for _, patient := range []bool{true, false} {
		t.Run("patient="+strconv.FormatBool(patient), func(t *testing.T) {
			noLeaks(t)
			arrived, release := make(chan struct{}), make(chan struct{})
			server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				close(arrived)
				select {
				case <-release:
				case <-r.Context().Done():
				}
			}), ReadHeaderTimeout: patience}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			go func() { _ = server.Serve(listener) }()
			answered := make(chan error, 1)
			go func() {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
				answer, err := client.Get("http://" + listener.Addr().String())
				if err == nil {
					err = answer.Body.Close()
				}
				answered <- err
			}()
			<-arrived
			signals := make(chan os.Signal, 1)
			stopped := make(chan error, 1)
			go func() { stopped <- shutdown(server, signals) }()
			if patient {
				eventually(t, "closed to others", func() bool {
					c, err := net.Dial("tcp", listener.Addr().String())
					if err == nil {
						_ = c.Close()
					}
					return err != nil
				})
				require.Empty(t, stopped)
				close(release)
				require.NoError(t, <-answered)
				require.NoError(t, <-stopped)
				return
			}
			signals <- syscall.SIGTERM
			require.Error(t, <-answered)
			require.ErrorIs(t, <-stopped, context.Canceled)
		})
	}
}

// A part that ends without being told to is a failure, whatever it says of itself.
func TestWaitFailures(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		serving, polling []error
		want             string
	}{
		"serving failed":          {serving: []error{broken}, want: "broken"},
		"reading failed":          {polling: []error{broken}, want: "broken"},
		"reading ended by itself": {polling: []error{nil}, want: "reading the accounts ended for no reason given"},
	} {
		t.Run(name, func(t *testing.T) {
			serving, polling := make(chan error, 1), make(chan error, 1)
			for _, err := range c.serving {
				serving <- err
			}
			for _, err := range c.polling {
				polling <- err
			}
			err := wait(nil, nil, serving, polling, nil, nil, log.NewNopLogger())
			require.EqualError(t, err, c.want)
		})
	}
}
