package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// keepsQuiet fails the test if one of the words occurs in a text.
func keepsQuiet(t testing.TB, where, text string, words []string) {
	t.Helper()
	low := strings.ToLower(text)
	for _, w := range words {
		if i := strings.Index(low, strings.ToLower(w)); i >= 0 {
			require.FailNowf(t, "not quiet", "%s shows %q: …%s…", where, w, text[max(0, i-200):min(len(text), i+100)])
		}
	}
}

// TestPrivacy: no key, secret, signature, number, URL or remark gets out, wherever it stood, at debug level and in any
// format. Session ids are shown as exemplars, and only if the configuration asks for that.
func TestPrivacy(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	for _, exemplars := range []bool{false, true} {
		t.Run(fmt.Sprintf("exemplars %v", exemplars), func(t *testing.T) {
			t.Parallel()
			l := &leakyAPI{began: time.Now().Truncate(time.Second)}
			a := handlerAPI(t, l, leakyKey, leakySecret)
			s := newSetup(t, a, "poll_interval: 1s, zero_first: 0s, initial_history: 2h, backoff_max: 1s", ", rate_limit: 100",
				fmt.Sprintf("exemplars: %v", exemplars))
			e := s.start("--log.level=debug", "--web.enable-lifecycle")
			e.everywhere(l, exemplars)
			process.Eventually(t, "calls", func() bool { return e.scrape().sum("itnio_calls_total") >= 29 })
			e.everywhere(l, exemplars)
			_, page, err := e.get("/metrics", http.Header{"Accept": {"application/openmetrics-text;version=1.0.0"}})
			require.NoError(t, err)
			require.Equal(t, exemplars, exemplar.MatchString(page))

			l.fails()
			process.Eventually(t, "every kind of error, and the account is down", func() bool {
				e.everywhere(l, exemplars)
				time.Sleep(500 * time.Millisecond)
				return l.failures() >= errorKinds && strings.Contains(e.page(), "\nitnio_up{account=\"main\"} 0\n")
			})
			page = e.page()
			for _, status := range []string{"-18", "-22", "other", "http_5xx", "decode"} {
				require.Contains(t, page, fmt.Sprintf("status=%q", status))
			}
			require.Contains(t, e.Stderr.String(), "API status -42")

			s.write(a, "poll_interval: nonsense", "", "")
			status, answer := e.reload()
			require.Equal(t, http.StatusInternalServerError, status)
			keepsQuiet(t, "reload", answer, l.secrets())
			e.stop()
			keepsQuiet(t, "log", e.Stderr.String()+e.Stdout.String(), append(l.secrets(), sessions))
			files, err := filepath.Glob(filepath.Join(s.storage, "*"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, f := range files {
				b, err := os.ReadFile(f)
				require.NoError(t, err)
				keepsQuiet(t, "ledger", string(b), l.secrets())
			}
		})
	}
}

// exemplar matches the exemplar of an OpenMetrics line.
var exemplar = regexp.MustCompile(`(?m) # \{call_session_id="\d+"\} [0-9.e+]+ [0-9.e+]+$`)

// everywhere looks at everything that the exporter serves, in every format, and at its log.
func (e *exporter) everywhere(l *leakyAPI, exemplars bool) {
	e.t.Helper()
	const openMetrics, protobuf = "application/openmetrics-text;version=1.0.0", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding="
	for _, path := range []string{"/", "/metrics", "/-/healthy", "/-/ready", "/no-such-page"} {
		for _, accept := range []string{"text/plain", "application/json", openMetrics, protobuf + "delimited", protobuf + "text"} {
			_, body, err := e.get(path, http.Header{"Accept": {accept}})
			require.NoError(e.t, err)
			require.NotEmpty(e.t, body, path)
			where := path + " as " + accept
			keepsQuiet(e.t, where, body, l.secrets())
			if exemplars && path == "/metrics" {
				if strings.HasPrefix(accept, protobuf) {
					continue // the exemplars are those of the OpenMetrics page
				}
				body = exemplar.ReplaceAllString(body, "")
			}
			keepsQuiet(e.t, where, body, []string{sessions})
		}
	}
	keepsQuiet(e.t, "log", e.Stderr.String(), l.secrets())
}

// TestCheckConfigKeepsQuiet: whatever is wrong with a configuration, its secrets are not printed.
func TestCheckConfigKeepsQuiet(t *testing.T) {
	t.Parallel()
	const account = "{name: main, base_url: 'https://api.example', api_key: " + leakyKey + ", api_secret: " + leakySecret
	for name, text := range map[string]string{
		"good":                 "accounts: [" + account + "}]",
		"twice":                "accounts: [" + account + "}, " + account + "}]",
		"unknown key":          "accounts: [" + account + ", api_secrett: " + leakySecret + "}]",
		"secret as a list":     "accounts: [{name: main, base_url: 'https://api.example', api_key: " + leakyKey + ", api_secret: [" + leakySecret + "]}]",
		"secret as a map":      "accounts: [{name: main, base_url: 'https://api.example', api_key: {" + leakyKey + ": 1}, api_secret: " + leakySecret + "}]",
		"secret is missing":    "accounts: [{name: main, base_url: 'https://api.example', api_key: " + leakyKey + "}]",
		"secret in the URL":    "accounts: [{name: main, base_url: 'https://u:" + leakySecret + "@api.example', api_key: a, api_secret: b}]",
		"secret in a query":    "accounts: [{name: main, base_url: 'https://api.example/?s=" + leakySecret + "', api_key: a, api_secret: " + leakySecret + "}]",
		"both":                 "accounts: [" + account + ", api_secret_file: /" + leakyKey + "}]",
		"not YAML":             "accounts: [" + account,
		"not YAML, tabs":       "accounts:\n\t- api_secret: " + leakySecret,
		"an alias":             "accounts: [" + account + ", filter: *" + leakySecret + "}]",
		"bad number to filter": "accounts: [" + account + ", filter: {number: 'tel +8613242926514'}}]",
		"basic_auth":           "accounts: [" + account + ", http_client: {basic_auth: {username: u, password: " + leakySecret + ", passwort: x}}}]",
		"proxy":                "accounts: [" + account + ", http_client: {proxy_url: 'http://u:" + leakySecret + "@proxy.example:port'}}]",
		"proxy twice":          "accounts: [" + account + ", http_client: {proxy_from_environment: true, proxy_url: 'http://u:" + leakySecret + "@proxy.example:3128'}}]",
		"authorization":        "accounts: [" + account + ", http_client: {authorization: {credentials: " + leakySecret + ", credentials_file: f}}}]",
		"in an enumeration":    "accounts: [" + account + ", filter: {call_types: [" + leakySecret + "]}}]",
		"as a duration":        "global: {poll_interval: 1x}\naccounts: [" + account + "}]",
		"line break":           "accounts: [{name: main, base_url: 'https://api.example', api_key: \"" + leakyKey + "\\n\", api_secret: " + leakySecret + "}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "config.yml")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			for _, command := range []string{"check-config", "serve"} {
				if name == "good" && command == "serve" {
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), process.Patience)
				defer cancel()
				args := []string{command, "--config.file=" + path}
				if command == "serve" {
					args = append(args, "--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0", "--log.level=debug")
				}
				cmd := exec.CommandContext(ctx, os.Getenv(binaryVariable), args...)
				out, err := cmd.CombinedOutput()
				require.NotEmpty(t, out)
				keepsQuiet(t, command, string(out), append(private(), leakyKey, leakySecret))
				if name == "good" {
					require.NoError(t, err)
					continue
				}
				require.Error(t, err, "%s", out)
				require.NoError(t, ctx.Err(), "%s", out)
				require.Len(t, strings.Split(strings.TrimSpace(string(out)), "\n"), 1, "%s", out)
			}
		})
	}
}
