// Package e2e tests the exporter as its users have it: the real binary as a process, real HTTP to a simulated API, and,
// where it is to be had, a real Prometheus. What has to come out is computed here anew from the simulated calls and the
// documents, with none of the exporter's code.
package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// binaryVariable names the exporter under test; unset, it is built.
const binaryVariable = "ITNIO_EXPORTER_E2E_BINARY"

// proof reports whether the long runs are wanted: -proof.
func proof() bool { return flag.Lookup("proof").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("proof", false, "run the long proofs")
	flag.Bool("update", false, "write the golden files anew")
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("16") // tests wait for most of their time
	}
	status, err := withBinary(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// withBinary runs tests with the exporter built.
func withBinary(run func() int) (int, error) {
	if os.Getenv(binaryVariable) != "" {
		return run(), nil
	}
	dir, err := os.MkdirTemp("", "itnio_exporter-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "itnio_exporter")
	args := []string{"build", "-o", binary}
	if racing {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "itnio_exporter")...).CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the exporter: %w\n%s", err, out)
	}
	if err := os.Setenv(binaryVariable, binary); err != nil {
		return 1, err
	}
	return run(), nil
}

// patience is how long a test waits for what has to come; no test asserts how long something took.
const patience = 2 * time.Minute

// aboutNumbers skips a test that looks for wrong numbers where races are looked for: it takes its time.
func aboutNumbers(t *testing.T) {
	t.Helper()
	if racing {
		t.Skip("runs without the race detector")
	}
}

// eventually waits for a condition. It runs it in the test's own goroutine, so that it may fail the test.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.FailNow(t, "waited in vain: "+what)
		}
	}
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

// api is a simulated API over a real socket, which notes when it first gave a good answer.
type api struct {
	*httptest.Server
	sim         *simulator.Simulator
	key, secret string

	mu    sync.Mutex
	first time.Time // Date of the first answer with status 0
	signs []string
}

func newAPI(t testing.TB, o simulator.Options) *api {
	t.Helper()
	account := simulator.DefaultAccounts()[0]
	if len(o.Accounts) > 0 {
		account = o.Accounts[0]
	}
	a := &api{sim: simulator.New(o), key: account.Key, secret: account.Secret}
	handler := a.sim.Handler()
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.note(r.Header.Get("Sign"), time.Time{})
		handler.ServeHTTP(&watched{ResponseWriter: w, a: a}, r)
	}))
	t.Cleanup(a.Close)
	return a
}

// note remembers a signature, and the server's time of an answer if it is the first.
func (a *api) note(sign string, good time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if sign != "" {
		a.signs = append(a.signs, sign)
	}
	if a.first.IsZero() {
		a.first = good
	}
}

// epoch is the server's time at the first good answer; zero before it.
func (a *api) epoch() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.first
}

// watched looks at the beginning of an answer's body for its status.
type watched struct {
	http.ResponseWriter
	a *api
}

// Unwrap lets the simulator reset the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) Write(p []byte) (int, error) {
	date, err := http.ParseTime(w.Header().Get("Date"))
	if err == nil && (bytes.HasPrefix(p, []byte(`{"status":0,`)) || bytes.HasPrefix(p, []byte(`{"status":"0",`))) {
		w.a.note("", date)
	}
	return w.ResponseWriter.Write(p)
}

// setup is a configuration and a ledger of its own.
type setup struct {
	t       testing.TB
	config  string // path
	storage string
	address string // host:port, the same for every start
}

// newSetup writes a configuration with one account; what stands in global and metrics is YAML without braces.
func newSetup(t testing.TB, a *api, global, account, metrics string) *setup {
	t.Helper()
	s := &setup{t: t, config: filepath.Join(t.TempDir(), "config.yml"), storage: t.TempDir(), address: freeAddress(t)}
	s.write(a, global, account, metrics)
	return s
}

func (s *setup) write(a *api, global, account, metrics string) {
	s.t.Helper()
	text := fmt.Sprintf("global: {%s}\naccounts:\n  - {name: main, base_url: %q, api_key: %q, api_secret: %q%s}\nmetrics: {%s}\n",
		global, a.URL, a.key, a.secret, account, metrics)
	require.NoError(s.t, os.WriteFile(s.config, []byte(text), 0o600))
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// exporter is a run of the binary.
type exporter struct {
	t      testing.TB
	cmd    *exec.Cmd
	base   string
	log    buffer
	stdout buffer
	exited chan struct{}
}

// start runs the binary until the test ends, and returns when it serves.
func (s *setup) start(args ...string) *exporter {
	s.t.Helper()
	e := &exporter{t: s.t, base: "http://" + s.address, exited: make(chan struct{})}
	args = append([]string{"--config.file=" + s.config, "--storage.path=" + s.storage, "--web.listen-address=" + s.address}, args...)
	e.cmd = exec.CommandContext(context.WithoutCancel(s.t.Context()), os.Getenv(binaryVariable), args...)
	e.cmd.Stdout, e.cmd.Stderr = &e.stdout, &e.log
	require.NoError(s.t, e.cmd.Start())
	go func() {
		defer close(e.exited)
		_ = e.cmd.Wait()
	}()
	s.t.Cleanup(func() {
		e.kill()
		if strings.Contains(e.log.String(), "DATA RACE") {
			s.t.Error(e.log.String())
		}
	})
	eventually(s.t, "the exporter serves", func() bool {
		require.False(s.t, e.ended(), "ended at once:\n%s", e.log.String())
		status, _, err := e.get("/-/healthy", nil)
		return err == nil && status == http.StatusOK
	})
	return e
}

func (e *exporter) ended() bool {
	select {
	case <-e.exited:
		return true
	default:
		return false
	}
}

// kill ends the process as kill -9 does.
func (e *exporter) kill() {
	_ = e.cmd.Process.Kill()
	<-e.exited
}

// stop ends the process as a service manager does, and expects it to succeed.
func (e *exporter) stop() {
	e.t.Helper()
	require.NoError(e.t, e.cmd.Process.Signal(syscall.SIGTERM))
	<-e.exited
	require.Zero(e.t, e.cmd.ProcessState.ExitCode(), e.log.String())
}

func (e *exporter) get(path string, header http.Header) (status int, body string, err error) {
	return request(e.t.Context(), http.MethodGet, e.base+path, header)
}

// request makes one request over a connection of its own.
func request(ctx context.Context, method, url string, header http.Header) (status int, body string, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	req, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	maps.Copy(req.Header, header)
	answer, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b), err
}

// page is /metrics in the text format.
func (e *exporter) page() string {
	e.t.Helper()
	status, body, err := e.get("/metrics", nil)
	if err != nil {
		_ = e.cmd.Process.Signal(syscall.SIGQUIT) // the log ends with every goroutine's stack
		<-e.exited
	}
	require.NoError(e.t, err, "%s", e.log.String())
	require.Equal(e.t, http.StatusOK, status)
	return body
}

// scrape gives the call families as samples.
func (e *exporter) scrape() samples {
	e.t.Helper()
	return calls(parse(e.t, e.page()))
}

// samples are series and their values, as Prometheus would store them.
type samples map[string]float64

func parse(t testing.TB, page string) samples {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	require.NoError(t, err)
	s := samples{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				s[series(name, labels)] = m.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				s[series(name, labels)] = m.GetGauge().GetValue()
			case dto.MetricType_HISTOGRAM:
				h := m.GetHistogram()
				s[series(name+"_count", labels)] = float64(h.GetSampleCount())
				s[series(name+"_sum", labels)] = h.GetSampleSum()
				for _, b := range h.GetBucket() {
					labels["le"] = fmt.Sprint(b.GetUpperBound())
					s[series(name+"_bucket", labels)] = float64(b.GetCumulativeCount())
				}
			}
		}
	}
	return s
}

// series writes a name and its labels, those in order.
func series(name string, labels map[string]string) string {
	var b strings.Builder
	b.WriteString(name)
	sep := "{"
	for _, l := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%s%s=%q", sep, l, labels[l])
		sep = ","
	}
	if sep == "," {
		b.WriteString("}")
	}
	return b.String()
}

// callFamily matches the families that calls make; the exporter's own are about it.
func callFamily() *regexp.Regexp {
	return regexp.MustCompile(`^itnio_(calls?_|last_call_|country_info|agent_|account_info)`)
}

// calls leaves out the exporter's own metrics.
func calls(s samples) samples {
	ours := callFamily()
	maps.DeleteFunc(s, func(k string, _ float64) bool { return !ours.MatchString(k) })
	return s
}

// differences says where two sets of samples are not the same, the first few of them. Samples of may may be missing.
func differences(want, may, have samples) string {
	var all []string
	for k, v := range want {
		if h, ok := have[k]; !ok {
			all = append(all, fmt.Sprintf("missing %s, want %v", k, v))
		} else if h != v {
			all = append(all, fmt.Sprintf("%s is %v, want %v", k, h, v))
		}
	}
	for k, v := range have {
		if m, ok := may[k]; ok && v <= m {
			continue
		}
		if _, ok := want[k]; !ok {
			all = append(all, fmt.Sprintf("unexpected %s, is %v", k, v))
		}
	}
	slices.Sort(all)
	n := len(all)
	if n > 20 {
		all = append(all[:20], fmt.Sprintf("… and %d more", n-20))
	}
	return strings.Join(all, "\n")
}

// equals waits until the exporter shows the truth. Nothing may ever be above it, so a call too many would not pass for
// one that is still to come.
func (e *exporter) equals(v view, s *simulator.Simulator) {
	e.t.Helper()
	var left string
	for deadline := time.Now().Add(patience); ; time.Sleep(250 * time.Millisecond) {
		have := e.scrape() // before the truth: it may only have grown meanwhile
		want, may := v.truth(s)
		for k, n := range have {
			if strings.HasPrefix(k, "itnio_last_call_") {
				continue
			}
			w, ok := want[k]
			if !ok {
				w, ok = may[k]
			}
			require.Truef(e.t, ok && n <= w, "%s is %v and cannot be above %v (%v)\n%s", k, n, w, ok, tail(e.log.String()))
		}
		if left = differences(want, may, have); left == "" {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(e.t, "never equal to the truth", "%s\n%s", left, tail(e.log.String()))
		}
	}
}

func tail(log string) string {
	lines := strings.Split(log, "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// notLower checks that every counter is still there and has not fallen.
func notLower(t testing.TB, was, is samples) {
	t.Helper()
	for k, v := range was {
		h, ok := is[k]
		require.Truef(t, ok, "%s has gone", k)
		require.GreaterOrEqualf(t, h, v, "%s is lower", k)
	}
}
