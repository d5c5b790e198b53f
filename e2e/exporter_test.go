package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// setup is what an exporter keeps from one run to the next: its configuration, its ledger and its address.
type setup struct {
	t       testing.TB
	config  string // path
	storage string // directory
	address string // host:port
}

// newSetup writes a configuration with one account. global and metrics are the YAML between the braces of their
// sections; account is more YAML for the account, after a comma.
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

// lastPort is the port that was given out last: tests side by side must not get the same one.
var lastPort atomic.Int64 //nolint:gochecknoglobals // ports are the machine's

// freeAddress is an address of this machine that nobody listens on, for a server that is told where to listen. Its port is
// below those that systems give to outgoing connections, which would take it before that server does.
func freeAddress(t testing.TB) string {
	t.Helper()
	const lowest, ports = 20000, 12000
	lastPort.CompareAndSwap(0, 1+rand.Int64N(ports)) // other processes may do the same
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowest+lastPort.Add(1)%ports))
		if err != nil {
			continue
		}
		require.NoError(t, l.Close())
		return l.Addr().String()
	}
	require.FailNow(t, "there is no free port")
	return ""
}

// exporter is one run of the binary.
type exporter struct {
	*process.Process
	t    testing.TB
	base string // URL
}

// start runs the binary until the test ends, and returns when it listens.
func (s *setup) start(args ...string) *exporter {
	s.t.Helper()
	args = append([]string{"--config.file=" + s.config, "--storage.path=" + s.storage, "--web.listen-address=" + s.address}, args...)
	e := &exporter{process.Start(s.t, os.Getenv(binaryVariable), args...), s.t, "http://" + s.address}
	e.Addresses(1)
	return e
}

// stop ends the process by SIGTERM and expects it to succeed.
func (e *exporter) stop() {
	e.t.Helper()
	require.Zero(e.t, e.Stop(), &e.Stderr)
}

func (e *exporter) get(path string, header http.Header) (status int, body string, err error) {
	return process.Request(e.t.Context(), http.MethodGet, e.base+path, header)
}

// reload asks for a reload by HTTP.
func (e *exporter) reload() (status int, answer string) {
	e.t.Helper()
	status, answer, err := process.Request(e.t.Context(), http.MethodPost, e.base+"/-/reload", nil)
	require.NoError(e.t, err)
	return status, answer
}

// page is /metrics in the text format.
func (e *exporter) page() string {
	e.t.Helper()
	status, body, err := e.get("/metrics", nil)
	if err != nil && !e.Ended() {
		e.Signal(syscall.SIGQUIT) // the log then ends with the stacks of all goroutines
		e.Wait()
	}
	require.NoError(e.t, err, "%s", &e.Stderr)
	require.Equal(e.t, http.StatusOK, status)
	return body
}

// all gives every sample of the page.
func (e *exporter) all() samples {
	e.t.Helper()
	return parse(e.t, e.page())
}

// scrape gives the samples of the call families.
func (e *exporter) scrape() samples {
	e.t.Helper()
	return e.all().calls()
}

// filled waits until the first fill is shown.
func (e *exporter) filled() {
	e.t.Helper()
	process.Eventually(e.t, "the first fill", func() bool { return strings.Contains(e.page(), "\nitnio_calls_total{") })
}

// counted is the number of calls that this process has counted.
func (e *exporter) counted() float64 {
	e.t.Helper()
	return e.all()[`itnio_exporter_records_total{account="main",result="counted"}`]
}

// equals waits until the exporter shows the truth. No value may be above the truth at any time, so that a call counted
// twice cannot pass for one that is still to come.
func (e *exporter) equals(v view, s *simulator.Simulator) {
	e.t.Helper()
	equalsTruth(e.t, v, s, e.scrape, func() string { return tail(e.Stderr.String()) })
}

func equalsTruth(t testing.TB, v view, s *simulator.Simulator, scrape func() samples, log func() string) {
	t.Helper()
	var left string
	for deadline := time.Now().Add(process.Patience); ; time.Sleep(700 * time.Millisecond) {
		have := scrape() // before the truth, which can only have grown since
		want, may := v.truth(s)
		for k, n := range have.counters() {
			w, ok := want[k]
			if !ok {
				w, ok = may[k]
			}
			if !ok || n > w {
				require.FailNow(t, "above the truth", "%s is %v and cannot be above %v (%v)\n%s", k, n, w, ok, log())
			}
		}
		if left = differences(want, may, have); left == "" {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(t, "never equal to the truth", "%s\n%s", left, log())
		}
	}
}

// tail is the end of a log.
func tail(log string) string {
	lines := strings.Split(log, "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}
