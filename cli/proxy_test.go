package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

const argumentsVariable = "CLI_TEST_ARGUMENTS"

// TestChildRuns is the program in a process of its own: Go reads the variables of proxies once a process.
func TestChildRuns(t *testing.T) {
	text := os.Getenv(argumentsVariable)
	if text == "" {
		t.Skip("this is the other process of other tests")
	}
	e := ThisProcess()
	require.NoError(t, json.Unmarshal([]byte(text), &e.Args))
	os.Exit(Run(e))
}

// withProxy is the program with these arguments in a process whose environment names a proxy.
func withProxy(t *testing.T, proxy string, args ...string) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(args)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildRuns$")
	cmd.Env = append(os.Environ(), argumentsVariable+"="+string(text))
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		cmd.Env = append(cmd.Env, name+"="+proxy)
	}
	cmd.Env = append(cmd.Env, "NO_PROXY=", "no_proxy=")
	return cmd
}

// requested collects the hosts that a proxy is asked for. It forwards nothing.
type requested struct {
	mu    sync.Mutex
	hosts map[string]bool
}

func (r *requested) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts[q.Method+" "+q.Host] = true
	fmt.Fprintln(w, program+" is healthy.")
}

func (r *requested) has(host string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hosts[host]
}

// The API is asked through the proxy that the account names, or that the environment names if the account says so, and else directly.
func TestProxyOfTheAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	asked := &requested{hosts: map[string]bool{}}
	proxy := httptest.NewServer(asked)
	defer proxy.Close()
	const account = "  - {name: %s, base_url: '%s', api_key: k, api_secret: s, timeout: 2s, http_client: {%s}}\n"
	text := "accounts:\n" +
		fmt.Sprintf(account, "plain", "http://plain.invalid", "proxy_from_environment: true") +
		fmt.Sprintf(account, "tls", "https://tls.invalid", "proxy_from_environment: true") +
		fmt.Sprintf(account, "own", "http://own.invalid", "proxy_url: '"+proxy.URL+"'") +
		fmt.Sprintf(account, "direct", "http://direct.invalid", "enable_http2: true") +
		fmt.Sprintf(account, "off", "http://off.invalid", "proxy_from_environment: false")
	file := filepath.Join(t.TempDir(), "config.yml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	cmd := withProxy(t, proxy.URL, args(t, file)...)
	var log process.Buffer
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for _, host := range []string{"POST plain.invalid", "CONNECT tls.invalid:443", "POST own.invalid"} {
		process.Eventually(t, host, func() bool { return asked.has(host) })
	}
	for _, name := range []string{"direct", "off"} { // each has failed, without the proxy
		process.Eventually(t, name, func() bool { return strings.Contains(log.String(), "msg=\"reading failed\" account="+name) })
		require.False(t, asked.has("POST "+name+".invalid"))
	}
}

// The health check asks directly, whatever the environment names: the proxy here would say that all is well.
func TestHealthcheckUsesNoProxy(t *testing.T) {
	t.Parallel()
	asked := &requested{hosts: map[string]bool{}}
	proxy := httptest.NewServer(asked)
	defer proxy.Close()
	out, err := withProxy(t, proxy.URL, "healthcheck", "--web.listen-address=exporter.invalid:10198").CombinedOutput()
	require.Error(t, err, string(out))
	require.Contains(t, string(out), "exporter.invalid")
	require.Empty(t, asked.hosts)
}
