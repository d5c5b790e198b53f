package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// TestMain fails if goroutines outlive the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// instance is a run of the program in this process.
type instance struct {
	*process.Process
	t         *testing.T
	temporary string // directory for temporary files
}

// start runs the program until the test ends.
func start(t *testing.T, args ...string) *instance {
	t.Helper()
	temporary := t.TempDir()
	return &instance{t: t, temporary: temporary, Process: process.StartFunc(t, func(stdout, stderr io.Writer, signals <-chan os.Signal) int {
		return Run(Environment{
			Args: args, Stdout: stdout, Stderr: stderr, LookupEnv: os.LookupEnv, Signals: func(...os.Signal) <-chan os.Signal { return signals }, Now: time.Now, TempDir: temporary,
		})
	})}
}

// once runs the program to its end.
func once(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	i := start(t, args...)
	status = i.Wait()
	return status, i.Stdout.String(), i.Stderr.String()
}

// url is where the program listens, with the path given.
func (i *instance) url(path string) string {
	i.t.Helper()
	return "http://" + i.Address() + path
}

// request returns status and body of an answer.
func request(t *testing.T, method, url string) (int, string) {
	t.Helper()
	status, body, err := process.Request(t.Context(), method, url, nil)
	require.NoError(t, err)
	return status, body
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

// metric is the sum of a family's samples; false if the family is not there.
func (i *instance) metric(family string) (float64, bool) {
	i.t.Helper()
	status, body := request(i.t, http.MethodGet, i.url("/metrics"))
	require.Equal(i.t, http.StatusOK, status)
	return sum(i.t, body, family)
}

// hasCalls waits until the exporter shows at least n calls, and returns how many it shows.
func (i *instance) hasCalls(n float64) (calls float64) {
	i.t.Helper()
	process.Eventually(i.t, "calls", func() bool { calls, _ = i.metric("itnio_calls_total"); return calls >= n })
	return calls
}

// api is a simulated API over real HTTP. It collects what must never be printed.
type api struct {
	*httptest.Server
	t           *testing.T
	key, secret string

	mu     sync.Mutex
	hidden map[string]bool
}

// personal matches the fields of a record that tell of a person or a recording.
var personal = regexp.MustCompile(`"(?:called|encryptCalled|caller|voiceUrl|remark|callSessionId|callId)":"([^"]+)"`)

// tee keeps a copy of the answer of a handler.
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
	sim := simulator.New(simulator.Options{Seed: 1, Start: now.Add(-4 * time.Hour), CallsPerDay: 12000})
	a := &api{t: t, key: account.Key, secret: account.Secret, hidden: map[string]bool{account.Key: true, account.Secret: true}}
	handler := sim.Handler()
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := tee{ResponseWriter: w}
		handler.ServeHTTP(&answer, r)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.hidden[r.Header.Get("Sign")] = true
		for _, m := range personal.FindAllStringSubmatch(answer.body.String(), -1) {
			if len(m[1]) >= 6 { // a shorter one may be part of another word by chance
				a.hidden[m[1]] = true
			}
		}
	}))
	t.Cleanup(a.Close)
	return a
}

// censored is the text with everything replaced that must never be printed.
func (a *api) censored(text string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	require.Greater(a.t, len(a.hidden), 300, "every record has something to hide")
	var pairs []string
	for hidden := range a.hidden {
		pairs = append(pairs, hidden, "HIDDEN")
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// config writes a configuration for this API and returns its path; extra is YAML of the top level.
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

// fast is for tests that wait for calls.
const fast = "global: {poll_interval: 1s, zero_first: 0s, initial_history: 1h}\n"

// args are those of an exporter for tests.
func args(t *testing.T, config string, more ...string) []string {
	t.Helper()
	return append([]string{"--config.file=" + config, "--storage.path=" + t.TempDir(), "--web.listen-address=127.0.0.1:0"}, more...)
}
