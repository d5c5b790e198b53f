package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"itnio_exporter/itnio"
)

func testAccount() AccountConfig {
	return AccountConfig{Name: "main", APIKey: "hunter2-key", APISecret: "hunter2-secret"}
}

// A configuration that is built in Go can have values that no YAML file can have.
func TestValidateBuiltInGo(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no accounts":    {func(c *Config) { c.Accounts = nil }, "configuration: accounts: no account is configured; list at least one with name, api_key and api_secret"},
		"name not UTF-8": {func(c *Config) { c.Accounts[0].Name = "a\xff" }, `configuration: accounts[0] "a\xff": name: is not valid UTF-8; write it in UTF-8`},
		"rate NaN":       {func(c *Config) { c.Accounts[0].RateLimit = new(math.NaN()) }, `configuration: accounts[0] "main": rate_limit: NaN is not a rate; it has to be at least 0.01 requests a second`},
		"rate infinite":  {func(c *Config) { c.Accounts[0].RateLimit = new(math.Inf(1)) }, `configuration: accounts[0] "main": rate_limit: +Inf is not a rate; it has to be at least 0.01 requests a second`},
		"bucket NaN":     {func(c *Config) { c.Metrics.RingBuckets = []float64{math.NaN()} }, "configuration: metrics.ring_buckets[0]: NaN is not a bound; it has to be above 0"},
		"bucket +Inf":    {func(c *Config) { c.Metrics.RingBuckets = []float64{1, math.Inf(1)} }, "configuration: metrics.ring_buckets[1]: +Inf is always there; remove it"},
		"retire_after a little short": {func(c *Config) { c.Metrics.RetireAfter = new(day - time.Second) }, "configuration: metrics.retire_after: 23h59m59s is too short;" +
			" it has to be at least 1d, since calls of label sets that are taken out earlier may never be shown, or 0s for never"},
		"moved_from": {func(c *Config) { c.Accounts[0].MovedFrom = "https://user:hunter2@api.example" },
			`configuration: accounts[0] "main": moved_from: holds a user or password; remove it, requests are signed with api_key and api_secret`},
		"too many buckets": {func(c *Config) { c.Metrics.DurationBuckets = make([]float64, 101) },
			"configuration: metrics.duration_buckets: has 101 bounds; give 1 to 100, in seconds, or leave the key out"},
	} {
		t.Run(name, func(t *testing.T) {
			c := Default(testAccount())
			test.change(c)
			_, err := c.Validate()
			require.EqualError(t, err, test.want)
		})
	}
}

func TestOffsets(t *testing.T) {
	for text, seconds := range map[string]int{
		"": 8 * 3600, "Z": 0, "+00:00": 0, "-00:00": 0, "+14:00": 14 * 3600, "-12:00": -12 * 3600, "+05:45": 5*3600 + 45*60, "-03:30": -3*3600 - 30*60,
	} {
		loc, err := location(&source{}, text, "utc_offset")
		require.NoError(t, err, text)
		require.Equal(t, seconds, offsetOf(loc), text)
	}
}

func TestCanonicalURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://api.example":                     "https://api.example",
		"https://API.Example:443/":                "https://api.example",
		"http://api.example:80":                   "http://api.example",
		"http://api.example:443":                  "http://api.example:443",
		"https://[2001:DB8::1]:443":               "https://[2001:db8::1]",
		"https://api.example/v3":                  "https://api.example",
		"https://api.example/v3/cc/":              "https://api.example",
		"https://api.example/v3/cc/record/query/": "https://api.example",
		"https://api.example:8443/gateway/v3/cc/": "https://api.example:8443/gateway",
		"https://api.example/Gateway/":            "https://api.example/Gateway",
		"https://api.example/apiv3":               "https://api.example/apiv3",
		"https://api.example/a%2Fb/v3":            "https://api.example/a%2Fb",
		"https://api.example/v3/x":                "https://api.example/v3/x",
		"https://api.example/V3/CC":               "https://api.example",
		"https://api.example/gw/V3/cc/Record/":    "https://api.example/gw",
		"http://api.example:080":                  "http://api.example",
		"https://api.example:0443/v3":             "https://api.example",
		"https://api.example:08443":               "https://api.example:8443",
		"https://api.example.":                    "https://api.example",
		"https://[2001:db8:0:0::1]:443":           "https://[2001:db8::1]",
		"https://[fe80::1%25eth0]:8443":           "https://[fe80::1%25eth0]:8443",
		"https://api.example:port":                "https://api.example:port",
	} {
		require.Equal(t, want, CanonicalURL(text), text)
		require.Equal(t, want, CanonicalURL(want), "canonical for good")
		if strings.Contains(text, "port") {
			continue
		}
		got, err := baseURL(&source{}, text, "base_url")
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	const path = "has a path with an empty part, . or ..; write the path that the server has"
	const host = "has a host name with a character that no host name can have; write it as https://api.itniotech.com"
	for text, want := range map[string]string{
		"https://api.example/./gateway":   path,
		"https://api.example/a//b":        path,
		"https://api..example":            host,
		"https://.api.example":            host,
		"https://api.example?":            "holds a query or fragment; end it at the path",
		"https://api.example/v3/cc/other": "holds the API's path /v3/cc and more behind it; end it before /v3",
	} {
		_, err := baseURL(&source{}, text, "base_url")
		require.EqualError(t, err, "configuration: base_url: "+want, text)
	}
}

// The whole of the API's path can be written in base_url.
func TestAPIPath(t *testing.T) {
	require.Equal(t, "https://api.example", CanonicalURL("https://api.example"+itnio.PathRecordQuery))
}

func TestInvisible(t *testing.T) {
	for text, want := range map[string]string{
		"a b":        "",
		"päss-字-😀":   "",
		"a\x00":      "contains U+0000 NULL at position 2",
		"\x01":       "contains U+0001 (a control character) at position 1",
		"字\u2028":    "contains U+2028 LINE SEPARATOR at position 2",
		"\u2004":     "contains U+2004 (a space) at position 1",
		"\U000e0001": "contains U+E0001 (an invisible character) at position 1",
		"\u2800":     "contains U+2800 BRAILLE PATTERN BLANK at position 1",
		"a\ufffd":    "contains U+FFFD REPLACEMENT CHARACTER at position 2",
		"\ufe0f":     "contains U+FE0F VARIATION SELECTOR-16 at position 1",
		"\ufdd0":     "contains U+FDD0 (an invisible character) at position 1",
		"\u2065":     "contains U+2065 (an invisible character) at position 1",
		"\xff":       "is not valid UTF-8",
		"tab\t":      "contains U+0009 TAB at position 4",
		"\u3164":     "contains U+3164 HANGUL FILLER at position 1",
	} {
		require.Equal(t, want, invisible(text), "%q", text)
	}
	for r := range invisibleNames {
		require.True(t, isInvisible(r), "U+%04X has a name and is not refused", r)
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "api.localhost": true, "127.0.0.1": true, "127.8.9.1": true, "::1": true,
		"10.0.0.1": false, "api.example": false, "localhost.example": false,
	} {
		require.Equal(t, want, loopback(host), host)
	}
}

func TestCheckLabels(t *testing.T) {
	allowed := map[string][]string{
		"itnio_calls_total":           {"account", "outcome"},
		"itnio_call_duration_seconds": {"account"},
	}
	require.NoError(t, good(t, "full").CheckLabels(allowed))
	require.NoError(t, good(t, "minimal").CheckLabels(nil))

	delete(allowed, "itnio_call_duration_seconds")
	require.EqualError(t, good(t, "full").CheckLabels(allowed),
		`testdata/full.good.yml:39: metrics.labels.itnio_call_duration_seconds: no such family; labels can be chosen for itnio_calls_total`)
	require.EqualError(t, good(t, "full").Metrics().CheckLabels(map[string][]string{"itnio_calls_total": {"account"}, "itnio_call_duration_seconds": nil}),
		`configuration: metrics.labels.itnio_calls_total[1]: the family has no label "outcome"; it has account`)
}

func TestFingerprint(t *testing.T) {
	require.Empty(t, Filter{}.Fingerprint())
	fingerprint := func(f FilterConfig) string {
		v, err := f.validate(&source{}, "filter")
		require.NoError(t, err)
		return v.Fingerprint()
	}
	require.Empty(t, fingerprint(FilterConfig{Tags: []string{}}))
	require.Equal(t, fingerprint(FilterConfig{AgentIDs: []int64{1, 2}}), fingerprint(FilterConfig{AgentIDs: []int64{2, 1, 2}}))

	seen := map[string]FilterConfig{}
	for _, f := range []FilterConfig{
		{VoiceGroupID: new(int64(1))}, {AgentGroup: "1"}, {AgentIDs: []int64{1}}, {Agents: []string{"1"}}, {CallTypes: []string{"group_call"}},
		{HangupReasons: []string{"outgoing_hung_up"}}, {Number: "1"}, {Number: "2"}, {CallingCodes: []string{"1"}}, {HangupParties: []string{"agent"}}, {Tags: []string{"1"}},
	} {
		print := fingerprint(f)
		require.NotContains(t, seen, print)
		seen[print] = f
	}
}

// Validate and the methods of its result return copies: changing one changes no other.
func TestValidatedIsACopy(t *testing.T) {
	proxy := promconfig.ProxyConfig{
		ProxyURL:           promconfig.URL{URL: &url.URL{Scheme: "http", Host: "proxy"}},
		ProxyConnectHeader: promconfig.ProxyHeader{"X": {"a"}},
	}
	account := testAccount()
	account.Filter = FilterConfig{
		AgentIDs: []int64{1}, Agents: []string{"ann"}, CallTypes: []string{"incoming"}, HangupReasons: []string{"busy"},
		CallingCodes: []string{"86"}, HangupParties: []string{"agent"}, Tags: []string{"vip"},
	}
	account.HTTPClient = &promconfig.HTTPClientConfig{
		ProxyConfig: proxy,
		OAuth2: &promconfig.OAuth2{
			ClientID: "id", ClientSecret: "hunter2", TokenURL: "https://token.example", Scopes: []string{"a"},
			Claims: map[string]any{"a": 1}, EndpointParams: map[string]string{"a": "b"}, ProxyConfig: proxy,
		},
		HTTPHeaders: &promconfig.Headers{Headers: map[string]promconfig.Header{"X": {Values: []string{"a"}, Files: []string{"f"}, Secrets: []promconfig.Secret{"s"}}}},
	}
	c := Default(account)
	c.readFile = func(string) ([]byte, error) { return []byte("text"), nil }
	c.Metrics.RingBuckets = []float64{1, 2}
	c.Metrics.DurationBuckets = []float64{1, 2}
	c.Metrics.Labels = map[string][]string{"family": {"account"}}
	v, err := c.Validate()
	require.NoError(t, err)
	before := dump(t, v)

	spoil(v.Accounts()[0].Filter.AgentIDs, 0)
	spoilAccount := func(h *promconfig.HTTPClientConfig) {
		h.ProxyURL.Host = "spoilt"
		h.ProxyConnectHeader["X"][0] = "spoilt"
		h.OAuth2.ClientID = "spoilt"
		h.OAuth2.Scopes[0] = "spoilt"
		h.OAuth2.Claims["a"] = "spoilt"
		h.OAuth2.EndpointParams["a"] = "spoilt"
		h.OAuth2.ProxyURL.Host = "spoilt"
		h.HTTPHeaders.Headers["X"].Values[0] = "spoilt"
		h.HTTPHeaders.Headers["X"].Files[0] = "spoilt"
		h.HTTPHeaders.Headers["X"].Secrets[0] = "spoilt"
		h.HTTPHeaders.Headers["Y"] = promconfig.Header{}
	}
	a := v.Accounts()[0]
	spoilAccount(&a.HTTPClient)
	spoil(a.Filter.CallTypes, 0)
	spoil(a.Filter.HangupReasons, 0)
	spoil(a.Filter.HangupParties, 1)
	spoil(a.Filter.Agents, "spoilt")
	spoil(a.Filter.CallingCodes, "spoilt")
	spoil(a.Filter.Tags, "spoilt")
	m := v.Metrics()
	spoil(m.RingBuckets, 9)
	spoil(m.DurationBuckets, 9)
	spoil(m.Labels["family"], "spoilt")
	m.Labels["other"] = nil
	require.Equal(t, before, dump(t, v), "what was handed out")

	spoilAccount(c.Accounts[0].HTTPClient)
	spoil(c.Accounts[0].Filter.AgentIDs, 0)
	spoil(c.Accounts[0].Filter.Agents, "spoilt")
	spoil(c.Accounts[0].Filter.CallingCodes, "spoilt")
	spoil(c.Accounts[0].Filter.Tags, "spoilt")
	spoil(c.Metrics.RingBuckets, 9)
	spoil(c.Metrics.DurationBuckets, 9)
	spoil(c.Metrics.Labels["family"], "spoilt")
	require.Equal(t, before, dump(t, v), "what it was made of")
}

func TestValidateLeavesTheConfiguration(t *testing.T) {
	c := Default(testAccount())
	c.Accounts[0].HTTPClient = &promconfig.HTTPClientConfig{BearerToken: "hunter2-bearer"}
	_, err := c.Validate()
	require.NoError(t, err)
	require.Nil(t, c.Accounts[0].HTTPClient.Authorization)
	_, err = c.Validate()
	require.NoError(t, err, "twice is as good as once")
}

func TestNothingPrintsASecret(t *testing.T) {
	for _, name := range []string{"full", "files", "env_values", "two_accounts"} {
		path := filepath.Join("testdata", name+".good.yml")
		c, err := Load(path, Options{ExpandEnv: name == "env_values", LookupEnv: environment})
		require.NoError(t, err)
		v, err := c.Validate()
		require.NoError(t, err)

		for _, value := range []any{c, *c, c.source, c.Accounts, v, *v, v.Accounts(), v.Metrics(), v.Accounts()[0].APIKey, v.Accounts()[0].Filter, struct{ hidden *Validated }{v}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
				requireSilent(t, fmt.Sprintf(verb, value))
			}
		}
		for _, value := range []any{c, c.Accounts, v.Metrics(), v.Accounts()[0].APIKey, v.Accounts()[0].Filter, v.Accounts()[0].HTTPClient} {
			text, err := yaml.Marshal(value)
			require.NoError(t, err)
			requireSilent(t, string(text))
		}
		for _, value := range []any{c.Accounts[0].APIKey, v, v.Accounts(), v.Metrics(), v.Accounts()[0].APISecret, v.Accounts()[0].Filter} {
			text, err := json.Marshal(value)
			require.NoError(t, err)
			requireSilent(t, string(text))
		}
		requireSilent(t, v.Summary()+strings.Join(v.Warnings(), "\n"))
	}
	require.Equal(t, "<secret>", Secret("hunter2").LogValue().String())
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("read", "account", testAccount(), "key", Secret("hunter2"))
	requireSilent(t, log.String())
}

// requireSilent looks for the fixtures' secrets, in hexadecimal too, and for the filter's phone number.
func requireSilent(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{"hunter2", "68756e74657232", "85200000000", "3835323030"} {
		require.NotContains(t, text, secret)
	}
}
