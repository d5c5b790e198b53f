package config

import (
	"net/url"
	"path/filepath"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"
)

func good(t *testing.T, name string) *Validated {
	t.Helper()
	v, err := loadFile(filepath.Join("testdata", name+".good.yml"))
	require.NoError(t, err)
	return v
}

func TestMinimal(t *testing.T) {
	v := good(t, "minimal")
	require.Equal(t, Global{
		PollMode: PollInterval, PollInterval: time.Minute, AuditInterval: time.Hour, Lookback: 2 * time.Hour,
		Horizon: 168 * time.Hour, InitialHistory: 0, ZeroFirst: time.Minute, BackoffMax: 5 * time.Minute,
	}, v.Global())
	require.Equal(t, Metrics{
		DurationBuckets: []float64{3, 6, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600},
		RingBuckets:     []float64{2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300},
		Labels:          map[string][]string{}, Agents: AgentsOff, RetireAfter: 90 * 24 * time.Hour,
		Limits: Limits{AgentGroup: 200, Agent: 500, Tag: 100, Media: 20, Series: 20000},
	}, v.Metrics())
	client := promconfig.DefaultHTTPClientConfig
	client.FollowRedirects = false
	require.Equal(t, []Account{{
		Name: "main", BaseURL: "https://api.itniotech.com", APIKey: "hunter2-key", APISecret: "hunter2-secret",
		Location: time.FixedZone("UTC+08:00", 8*3600), TimeFormat: TimeAuto, RateLimit: 5, Timeout: 30 * time.Second, HTTPClient: client,
	}}, v.Accounts())
	require.Empty(t, v.Warnings())
	require.Equal(t, `1 account ("main"), poll_mode interval, poll_interval 1m, lookback 2h, horizon 1w, agents off`, v.Summary())
}

func TestFull(t *testing.T) {
	v := good(t, "full")
	require.Equal(t, Global{
		PollMode: PollScrape, PollInterval: 90 * time.Second, AuditInterval: 90 * time.Minute, Lookback: 24 * time.Hour,
		Horizon: 93 * 24 * time.Hour, InitialHistory: 30 * 24 * time.Hour, ZeroFirst: 2 * time.Minute, BackoffMax: 10 * time.Minute,
	}, v.Global())
	require.Equal(t, Metrics{
		DurationBuckets: []float64{6, 60}, RingBuckets: []float64{2, 3, 5, 20},
		Labels: map[string][]string{"itnio_calls_total": {"account", "outcome"}, "itnio_call_duration_seconds": {}},
		Agents: AgentsName, Tags: true, Media: true, Exemplars: true, NativeHistograms: true,
		Limits: Limits{AgentGroup: 1, Agent: 2, Tag: 3, Media: 4, Series: 10},
	}, v.Metrics())
	a := v.Accounts()[0]
	require.Equal(t, "https://api.onbuka.com", a.BaseURL)
	require.Equal(t, time.FixedZone("UTC+00:00", 0), a.Location)
	require.Equal(t, TimeISO8601, a.TimeFormat)
	require.Equal(t, 0.5, a.RateLimit)
	require.Equal(t, 90*time.Second, a.Timeout)
	require.Equal(t, Filter{
		VoiceGroupID: 12, AgentGroup: "sales", AgentIDs: []int64{1, 2}, Agents: []string{"ann", "bob"},
		CallTypes: []int64{2, 3}, HangupReasons: []int64{0, 9}, Number: "85200000000", CallingCodes: []string{"852", "86"},
		HangupParties: []int64{0, 3}, Tags: []string{"vip"},
	}, a.Filter)
	require.Equal(t, &url.URL{Scheme: "http", Host: "proxy.example:3128", User: url.UserPassword("me", "hunter2-pass")}, a.HTTPClient.ProxyURL.URL)
	require.Equal(t, []string{"a"}, a.HTTPClient.HTTPHeaders.Headers["X-Tenant"].Values)
	require.True(t, a.HTTPClient.EnableHTTP2, "what is left out of http_client has Prometheus's default")
	require.False(t, a.HTTPClient.FollowRedirects, "but redirects")
}

func TestFiles(t *testing.T) {
	v := good(t, "files")
	a := v.Accounts()[0]
	require.Equal(t, Secret("hunter2-file-key"), a.APIKey)
	require.Equal(t, Secret("hunter2-file-secret"), a.APISecret)
	require.Equal(t, Secret("hunter2-0123456789abcdef"), v.Metrics().AgentHashKey)
	require.Empty(t, v.Warnings())
	require.Equal(t, Secret("hunter2-file-key"), good(t, "files_with_bom").Accounts()[0].APIKey, "the byte-order mark is no part of it")
}

func TestEnvironment(t *testing.T) {
	a := good(t, "env_values").Accounts()[0]
	require.Equal(t, Secret("hunter2-env-key"), a.APIKey)
	require.Equal(t, Secret("$a-hunter2: [env, secret]-$b"), a.APISecret)
	require.Equal(t, 2.5, a.RateLimit)
	require.True(t, a.HTTPClient.FollowRedirects)
	require.Equal(t, promconfig.Secret("hunter2: [env, secret]"), a.HTTPClient.BasicAuth.Password)
}

func TestTwoAccounts(t *testing.T) {
	v := good(t, "two_accounts")
	accounts := v.Accounts()
	require.Len(t, accounts, 2)
	require.Equal(t, "http://api.example:8080/base", accounts[0].BaseURL)
	require.Equal(t, "007", accounts[1].Name, "as it is written")
	require.Equal(t, time.FixedZone("UTC-03:30", -3*3600-1800), accounts[1].Location, "quotes may be missing")
	require.Equal(t, []string{
		`accounts[0] "Südwest 1": base_url is not https: who listens can read the records and use the account`,
		`accounts[1] "007" has the api_key of "Südwest 1": calls that both read are counted under both names`,
		`accounts[1] "007": http_client does not verify the server's certificate`,
		`accounts[1] "007": follow_redirects has no effect: redirects are never followed, they would carry signed headers elsewhere`,
		`global: zero_first is off: Prometheus does not see the first calls of a new series as an increase`,
		`metrics: duration_buckets has no bound at 6: the rules and dashboards for short calls need it`,
		`metrics: ring_buckets has no bound at 2, 5: the rules and dashboards for service level, abandonment and one-ring calls need it`,
	}, v.Warnings())
	require.Equal(t, `2 accounts ("Südwest 1", "007"), poll_mode interval, poll_interval 1m, lookback 2h, horizon 1w, agents off`, v.Summary())
}

func TestDurationsLeftOutGrowWithTheOthers(t *testing.T) {
	c := Default(testAccount())
	c.Global.PollInterval = new(3 * time.Hour)
	c.Global.InitialHistory = new(30 * 24 * time.Hour)
	v, err := c.Validate()
	require.NoError(t, err)
	require.Equal(t, Global{
		PollMode: PollInterval, PollInterval: 3 * time.Hour, AuditInterval: 3 * time.Hour, Lookback: 6 * time.Hour,
		Horizon: 30 * 24 * time.Hour, InitialHistory: 30 * 24 * time.Hour, ZeroFirst: time.Minute, BackoffMax: 3 * time.Hour,
	}, v.Global())
}
