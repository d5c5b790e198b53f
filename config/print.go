package config

import (
	"fmt"
	"net/url"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"

	"itnio_exporter/enum"
)

// YAML is the configuration in force, with its defaults, for people: API keys and secrets, phone numbers, names and ids of agents,
// tags, and all that could be a secret in an HTTP client's settings are withheld.
func (v *Validated) YAML() string {
	c := v.in()
	p := printed{Global: printGlobal(c.global), Metrics: printMetrics(&c.metrics)}
	for i := range c.accounts {
		p.Accounts = append(p.Accounts, printAccount(&c.accounts[i]))
	}
	text, err := yaml.Marshal(p)
	if err != nil { // of values that were checked: it cannot be
		return "# cannot be shown: " + err.Error() + "\n"
	}
	return string(text)
}

// printed has the keys of the file in the order of the example.
type printed struct {
	Global   printedGlobal    `yaml:"global"`
	Accounts []printedAccount `yaml:"accounts"`
	Metrics  printedMetrics   `yaml:"metrics"`
}

type printedGlobal struct {
	PollMode       PollMode `yaml:"poll_mode"`
	PollInterval   string   `yaml:"poll_interval"`
	AuditInterval  string   `yaml:"audit_interval"`
	Lookback       string   `yaml:"lookback"`
	Horizon        string   `yaml:"horizon"`
	InitialHistory string   `yaml:"initial_history"`
	ZeroFirst      string   `yaml:"zero_first"`
	BackoffMax     string   `yaml:"backoff_max"`
}

func printGlobal(g Global) printedGlobal {
	return printedGlobal{
		PollMode: g.PollMode, PollInterval: show(g.PollInterval), AuditInterval: show(g.AuditInterval), Lookback: show(g.Lookback),
		Horizon: show(g.Horizon), InitialHistory: show(g.InitialHistory), ZeroFirst: show(g.ZeroFirst), BackoffMax: show(g.BackoffMax),
	}
}

type printedAccount struct {
	Name       string        `yaml:"name"`
	BaseURL    string        `yaml:"base_url"`
	MovedFrom  string        `yaml:"moved_from,omitempty"`
	APIKey     Secret        `yaml:"api_key"`
	APISecret  Secret        `yaml:"api_secret"`
	UTCOffset  string        `yaml:"utc_offset"`
	TimeFormat TimeFormat    `yaml:"time_format"`
	RateLimit  float64       `yaml:"rate_limit"`
	Timeout    string        `yaml:"timeout"`
	Filter     printedFilter `yaml:"filter"`
	HTTPClient yaml.Node     `yaml:"http_client"`
}

func printAccount(a *Account) printedAccount {
	return printedAccount{
		Name: a.Name, BaseURL: a.BaseURL, MovedFrom: a.MovedFrom, APIKey: a.APIKey, APISecret: a.APISecret,
		UTCOffset: strings.TrimPrefix(a.Location.String(), "UTC"), TimeFormat: a.TimeFormat, RateLimit: a.RateLimit, Timeout: show(a.Timeout),
		Filter: printFilter(&a.Filter), HTTPClient: printHTTPClient(&a.HTTPClient),
	}
}

type printedFilter struct {
	VoiceGroupID  int64    `yaml:"voice_group_id,omitempty"`
	AgentGroup    string   `yaml:"agent_group,omitempty"`
	AgentIDs      string   `yaml:"agent_ids,omitempty"`
	Agents        string   `yaml:"agents,omitempty"`
	CallTypes     []string `yaml:"call_types,omitempty,flow"`
	HangupReasons []string `yaml:"hangup_reasons,omitempty,flow"`
	Number        string   `yaml:"number,omitempty"`
	CallingCodes  []string `yaml:"calling_codes,omitempty,flow"`
	HangupParties []string `yaml:"hangup_parties,omitempty,flow"`
	Tags          string   `yaml:"tags,omitempty"`
}

func printFilter(f *Filter) printedFilter {
	p := printedFilter{
		VoiceGroupID: f.VoiceGroupID, AgentGroup: f.AgentGroup, AgentIDs: withheld(len(f.AgentIDs)), Agents: withheld(len(f.Agents)),
		CallTypes: namesOf(f.CallTypes, enum.CallTypeOf), HangupReasons: namesOf(f.HangupReasons, enum.ReasonOf),
		CallingCodes: f.CallingCodes, HangupParties: namesOf(f.HangupParties, enum.PartyOf), Tags: withheld(len(f.Tags)),
	}
	if f.Number != "" {
		p.Number = withheld(1)
	}
	return p
}

// withheld stands in the place of values that are not shown; "" for none.
func withheld(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("<withheld: %d>", n)
}

// namesOf gives the names of codes.
func namesOf[E fmt.Stringer](codes []int64, of func(int64) (E, bool)) (names []string) {
	for _, code := range codes {
		e, _ := of(code)
		names = append(names, e.String())
	}
	return names
}

type printedMetrics struct {
	DurationBuckets  []float64           `yaml:"duration_buckets,flow"`
	RingBuckets      []float64           `yaml:"ring_buckets,flow"`
	Labels           map[string][]string `yaml:"labels"`
	Agents           AgentMode           `yaml:"agents"`
	Tags             bool                `yaml:"tags"`
	Media            bool                `yaml:"media"`
	Exemplars        bool                `yaml:"exemplars"`
	NativeHistograms bool                `yaml:"native_histograms"`
	RetireAfter      string              `yaml:"retire_after"`
	Limits           printedLimits       `yaml:"limits"`
}

type printedLimits struct {
	AgentGroup int `yaml:"agent_group"`
	Agent      int `yaml:"agent"`
	Tag        int `yaml:"tag"`
	Media      int `yaml:"media"`
	Series     int `yaml:"series"`
}

func printMetrics(m *Metrics) printedMetrics {
	return printedMetrics{
		DurationBuckets: m.DurationBuckets, RingBuckets: m.RingBuckets, Labels: m.Labels, Agents: m.Agents, Tags: m.Tags, Media: m.Media,
		Exemplars: m.Exemplars, NativeHistograms: m.NativeHistograms, RetireAfter: show(m.RetireAfter), Limits: printedLimits(m.Limits),
	}
}

// harmless are the settings of an HTTP client whose values are shown. A setting that is not here, also one that a later version of
// Prometheus's client has, is withheld.
var harmless = map[string]bool{
	"follow_redirects": true, "enable_http2": true, "proxy_from_environment": true, "no_proxy": true,
	"insecure_skip_verify": true, "min_version": true, "max_version": true, "server_name": true, "type": true,
	"ca_file": true, "cert_file": true, "key_file": true, "username_file": true, "password_file": true, "credentials_file": true,
	"bearer_token_file": true, "client_secret_file": true, "client_certificate_key_file": true, "files": true,
}

// freeKeys are the settings whose keys are not Prometheus's: whatever such a key is, its value is withheld.
var freeKeys = map[string]bool{"endpoint_params": true, "claims": true, "proxy_connect_header": true}

// printHTTPClient shows the settings of an HTTP client, and of its URLs only scheme and host.
func printHTTPClient(c *promconfig.HTTPClientConfig) yaml.Node {
	var node yaml.Node
	text, err := yaml.Marshal(c)
	if err == nil {
		err = yaml.Unmarshal(text, &node)
	}
	if err != nil || len(node.Content) == 0 {
		return yaml.Node{Kind: yaml.ScalarNode, Value: hidden}
	}
	settings := node.Content[0]
	withhold(settings, "", false)
	return *settings
}

// withhold replaces the values of a setting that may be secrets; all where its keys are free.
func withhold(n *yaml.Node, key string, free bool) {
	free = free || freeKeys[key]
	for i, item := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			withhold(item, key, free)
		case i%2 == 1: // the value of a key
			withhold(item, n.Content[i-1].Value, free)
		}
	}
	switch {
	case n.Kind != yaml.ScalarNode || harmless[key] && !free:
	case !free && (key == "proxy_url" || key == "token_url"):
		n.Value = originOf(n.Value)
	default:
		n.Value, n.Tag, n.Style = hidden, "!!str", 0
	}
}

// originOf is scheme and host of a URL.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return hidden
	}
	return u.Scheme + "://" + u.Host
}
