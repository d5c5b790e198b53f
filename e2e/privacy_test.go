package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	gossipKey    = "kZq7VbHw2XuT"
	gossipSecret = "s3cr3tWordOfTheHouse"
)

// private are the words, beside key, secret and signatures, that nothing may print.
func private() []string {
	return append(numbers(), "agent-call-record", "rec.example", ".wav", "confidential-remark", "12003400560078")
}

// numbers are phone numbers, with and without calling code.
func numbers() []string {
	return []string{"13242926514", "8613200000003", "2126555012", "442071234567", "132 4292"}
}

// gossip is an API that puts what must not be known into every text, its errors included.
type gossip struct {
	mu      sync.Mutex
	asked   int
	failing bool // every answer is an error
	signs   []string
	began   time.Time
}

// reason is what an error may say although it must not be known, with the headers of a request.
func (g *gossip) reason(r *http.Request) string {
	return fmt.Sprintf("Api-Key: %s secret=%s Sign: %s %s tel:%s +86 132 4292 6514", r.Header.Get("Api-Key"), gossipSecret,
		r.Header.Get("Sign"), strings.ToUpper(r.Header.Get("Sign")), strings.Join(numbers(), " "))
}

// text is that and what a record has besides.
func (g *gossip) text(r *http.Request) string {
	return g.reason(r) + " " + strings.Join(private(), " ") + " https://rec.example/agent-call-record-250103/1.wav"
}

func (g *gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	g.signs = append(g.signs, r.Header.Get("Sign"))
	text, reason := g.text(r), g.reason(r)
	w.Header().Set("X-Debug", text)
	kind := g.asked
	if g.failing {
		kind = g.asked%8 + 1
	}
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch kind {
	case 1:
		answer(map[string]any{"status": -18, "reason": reason, "data": text})
	case 2:
		answer(map[string]any{"status": "-22", "reason": reason, "data": nil})
	case 3:
		w.Header().Set("Retry-After", text)
		http.Error(w, text, http.StatusBadGateway)
	case 4:
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<html><title>%s</title>%s</html>", text, text)
	case 5:
		_, _ = fmt.Fprintf(w, `{"status":0,"reason":%q,"data":{"total":"%s","records":[{"called":"%s`, text, text, text)
	case 6:
		w.Header().Set("Location", "https://rec.example/?Sign="+r.Header.Get("Sign")+"&secret="+gossipSecret)
		w.WriteHeader(http.StatusFound)
	case 7:
		answer(map[string]any{"status": text, "reason": text})
	case 8:
		answer(map[string]any{"status": -42, "reason": reason})
	default:
		g.records(w, r, text)
	}
}

// sessions are those of the records, which may be exemplars and nothing else.
func session(i int) string { return fmt.Sprintf("77015090001%04d", i) }

func (g *gossip) records(w http.ResponseWriter, r *http.Request, text string) {
	var q struct {
		Current int
		Params  struct{ StartTime, EndTime string }
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, text, http.StatusBadRequest)
		return
	}
	from, to := parseTime(q.Params.StartTime), parseTime(q.Params.EndTime)
	found := []map[string]any{}
	at := func(back time.Duration) string {
		return g.began.Add(-back).In(time.FixedZone("", 8*3600)).Format(time.DateTime)
	}
	for i := range 30 {
		back := time.Duration(5+i) * time.Minute
		if start := g.began.Add(-back); start.Before(from) || start.After(to) {
			continue
		}
		rec := map[string]any{
			"keyId": 1000 + i, "callSessionId": session(i), "sipGroupName": "sales", "voiceGroupId": 12,
			"callType": i%3 + 1, "hangupReason": []int{3, 9, 1}[i%3], "hangingDirection": 0,
			"callStartTime": at(back), "calledAnswerTime": at(back - 4*time.Second), "calledHangupTime": at(back - 30*time.Second),
			"createTime": at(back - 30*time.Second), "callDuration": 26, "ringDuration": 4, "brandName": "ITNIO", "ccode": "86(China)",
			"called": "8613242926514", "encryptCalled": "8613242926514", "caller": "8613200000003", "errorReason": "call went well(200) " + text,
		}
		for _, field := range []string{
			"calledInfo", "region", "seatName", "voiceUrl", "remark", "callId", "labelName", "mediaDetected", "hangupCode", "updateTime", "unheardOf",
		} {
			rec[field] = text
		}
		rec["voiceUrlList"], rec["labelNameList"] = []string{text}, []string{text, "8613242926514"}
		switch i {
		case 1:
			rec["ccode"] = "8613242926514"
		case 2:
			rec["ccode"], rec["called"], rec["caller"] = text, text, text
		case 3:
			rec["callDuration"], rec["ringDuration"], rec["hangupReason"] = text, text, text
		case 4:
			rec["callStartTime"], rec["createTime"] = text, "+8613242926514"
		case 5:
			rec["keyId"] = text
		case 6:
			rec["called"], rec["caller"], rec["region"] = map[string]any{"n": text}, []string{text}, 442071234567
		}
		found = append(found, rec)
	}
	total := len(found)
	if q.Current > 1 {
		found = nil
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": 0, "reason": text, "data": map[string]any{
		"total": total, "size": 100, "current": q.Current, "records": found, "note": text,
	}})
}

// secrets are all the words that nothing may print by now.
func (g *gossip) secrets() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append(append(private(), gossipKey, gossipSecret), g.signs...)
}

// keepsQuiet fails the test if a text has one of the words in it.
func keepsQuiet(t *testing.T, where, text string, words []string) {
	t.Helper()
	low := strings.ToLower(text)
	for _, w := range words {
		if i := strings.Index(low, strings.ToLower(w)); i >= 0 {
			require.FailNowf(t, "not quiet", "%s tells %q: …%s…", where, w, text[max(0, i-200):min(len(text), i+100)])
		}
	}
}

// TestPrivacy: no key, secret, signature, number, URL or remark gets out, wherever it stood, at debug level and in any
// format; session ids are exemplars, and only if that is asked for.
func TestPrivacy(t *testing.T) {
	for _, exemplars := range []bool{false, true} {
		t.Run(fmt.Sprintf("exemplars %v", exemplars), func(t *testing.T) {
			t.Parallel()
			g := &gossip{began: time.Now().Truncate(time.Second)}
			server := httptest.NewServer(g)
			t.Cleanup(server.Close)
			a := &api{Server: server, key: gossipKey, secret: gossipSecret}
			s := newSetup(t, a, "poll_interval: 1s, zero_first: 0s, initial_history: 2h, backoff_max: 1s", ", rate_limit: 100",
				fmt.Sprintf("exemplars: %v", exemplars))
			e := s.start("--log.level=debug", "--web.enable-lifecycle")
			e.everywhere(g, exemplars)
			eventually(t, "calls", func() bool {
				n := 0.0
				for k, v := range e.scrape() {
					if callsTotal().MatchString(k) {
						n += v
					}
				}
				return n >= 29
			})
			e.everywhere(g, exemplars)

			g.mu.Lock()
			g.failing = true
			g.mu.Unlock()
			down := false
			for n := 0; n < 12 || !down; n++ {
				require.Less(t, n, 60, "the account is still up")
				time.Sleep(700 * time.Millisecond)
				e.everywhere(g, exemplars)
				down = down || strings.Contains(e.page(), "\nitnio_up{account=\"main\"} 0\n")
			}

			s.write(a, "poll_interval: nonsense", "", "")
			status, answer, err := request(t.Context(), http.MethodPost, e.base+"/-/reload", nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusInternalServerError, status)
			keepsQuiet(t, "reload", answer, g.secrets())
			e.stop()
			keepsQuiet(t, "log", e.log.String()+e.stdout.String(), append(g.secrets(), "77015090001"))
			files, err := filepath.Glob(filepath.Join(s.storage, "*"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, f := range files {
				b, err := os.ReadFile(f)
				require.NoError(t, err)
				keepsQuiet(t, "ledger", string(b), g.secrets())
			}
		})
	}
}

// everywhere looks at all that can be asked for.
func (e *exporter) everywhere(g *gossip, exemplars bool) {
	t, ok := e.t.(*testing.T)
	require.True(e.t, ok)
	t.Helper()
	for _, path := range []string{"/", "/metrics", "/-/healthy", "/-/ready", "/no-such-page"} {
		for _, accept := range []string{
			"text/plain", "application/openmetrics-text;version=1.0.0",
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
		} {
			_, body, err := e.get(path, http.Header{"Accept": {accept}})
			require.NoError(t, err)
			where := path + " as " + accept
			keepsQuiet(t, where, body, g.secrets())
			if exemplars && path == "/metrics" && accept != "text/plain" {
				if strings.Contains(accept, "openmetrics") {
					body = regexp.MustCompile(`(?m) # \{call_session_id="\d+"\} [0-9.e+]+ [0-9.e+]+$`).ReplaceAllString(body, "")
				} else {
					continue // binary; its exemplars are what the OpenMetrics text has
				}
			}
			keepsQuiet(t, where, body, []string{"77015090001"})
		}
	}
	keepsQuiet(t, "log", e.log.String(), g.secrets())
}

// TestCheckConfigKeepsQuiet: whatever is wrong with a configuration, its secrets are not printed.
func TestCheckConfigKeepsQuiet(t *testing.T) {
	t.Parallel()
	const account = "{name: main, base_url: 'https://api.example', api_key: " + gossipKey + ", api_secret: " + gossipSecret
	for name, text := range map[string]string{
		"good":                 "accounts: [" + account + "}]",
		"twice":                "accounts: [" + account + "}, " + account + "}]",
		"unknown key":          "accounts: [" + account + ", api_secrett: " + gossipSecret + "}]",
		"secret as a list":     "accounts: [{name: main, base_url: 'https://api.example', api_key: " + gossipKey + ", api_secret: [" + gossipSecret + "]}]",
		"secret as a map":      "accounts: [{name: main, base_url: 'https://api.example', api_key: {" + gossipKey + ": 1}, api_secret: " + gossipSecret + "}]",
		"secret is missing":    "accounts: [{name: main, base_url: 'https://api.example', api_key: " + gossipKey + "}]",
		"secret in the URL":    "accounts: [{name: main, base_url: 'https://u:" + gossipSecret + "@api.example', api_key: a, api_secret: b}]",
		"secret in a query":    "accounts: [{name: main, base_url: 'https://api.example/?s=" + gossipSecret + "', api_key: a, api_secret: " + gossipSecret + "}]",
		"both":                 "accounts: [" + account + ", api_secret_file: /" + gossipKey + "}]",
		"not YAML":             "accounts: [" + account,
		"not YAML, tabs":       "accounts:\n\t- api_secret: " + gossipSecret,
		"an alias":             "accounts: [" + account + ", filter: *" + gossipSecret + "}]",
		"bad number to filter": "accounts: [" + account + ", filter: {number: 'tel +8613242926514'}}]",
		"basic_auth":           "accounts: [" + account + ", http_client: {basic_auth: {username: u, password: " + gossipSecret + ", passwort: x}}}]",
		"proxy":                "accounts: [" + account + ", http_client: {proxy_url: 'http://u:" + gossipSecret + "@proxy.example:port'}}]",
		"proxy twice":          "accounts: [" + account + ", http_client: {proxy_from_environment: true, proxy_url: 'http://u:" + gossipSecret + "@proxy.example:3128'}}]",
		"authorization":        "accounts: [" + account + ", http_client: {authorization: {credentials: " + gossipSecret + ", credentials_file: f}}}]",
		"as a duration":        "global: {poll_interval: 1x}\naccounts: [" + account + "}]",
		"line break":           "accounts: [{name: main, base_url: 'https://api.example', api_key: \"" + gossipKey + "\\n\", api_secret: " + gossipSecret + "}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "config.yml")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			for _, command := range []string{"check-config", "serve"} {
				if name == "good" && command == "serve" {
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				args := []string{command, "--config.file=" + path}
				if command == "serve" {
					args = append(args, "--storage.path="+t.TempDir(), "--web.listen-address=127.0.0.1:0", "--log.level=debug")
				}
				cmd := exec.CommandContext(ctx, os.Getenv(binaryVariable), args...)
				out, err := cmd.CombinedOutput()
				require.NotEmpty(t, out)
				keepsQuiet(t, command, string(out), append(private(), gossipKey, gossipSecret))
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
