package config

import (
	"time"

	promconfig "github.com/prometheus/common/config"
)

// Config is the configuration as it was written: unchecked, and a nil or empty field means the default.
// Only Validate uses it.
type Config struct {
	Global   GlobalConfig    `yaml:"global"`
	Accounts []AccountConfig `yaml:"accounts"`
	Metrics  MetricsConfig   `yaml:"metrics"`

	source   *source                      // nil: not from a file
	readFile func(string) ([]byte, error) // nil: the file system
}

// GlobalConfig is the block "global".
type GlobalConfig struct {
	PollMode       string         `yaml:"poll_mode"`
	PollInterval   *time.Duration `yaml:"poll_interval"`
	AuditInterval  *time.Duration `yaml:"audit_interval"`
	Lookback       *time.Duration `yaml:"lookback"`
	Horizon        *time.Duration `yaml:"horizon"`
	InitialHistory *time.Duration `yaml:"initial_history"`
	ZeroFirst      *time.Duration `yaml:"zero_first"`
	BackoffMax     *time.Duration `yaml:"backoff_max"`
}

// AccountConfig is one entry of the list "accounts".
type AccountConfig struct {
	Name          string                       `yaml:"name"`
	BaseURL       string                       `yaml:"base_url"`
	MovedFrom     string                       `yaml:"moved_from"`
	APIKey        Secret                       `yaml:"api_key"`
	APIKeyFile    string                       `yaml:"api_key_file"`
	APISecret     Secret                       `yaml:"api_secret"`
	APISecretFile string                       `yaml:"api_secret_file"`
	UTCOffset     string                       `yaml:"utc_offset"`
	TimeFormat    string                       `yaml:"time_format"`
	RateLimit     *float64                     `yaml:"rate_limit"`
	Timeout       *time.Duration               `yaml:"timeout"`
	Filter        FilterConfig                 `yaml:"filter"`
	HTTPClient    *promconfig.HTTPClientConfig `yaml:"http_client"`
}

// FilterConfig is an account's block "filter". Enumerations are written with the names of their label values.
type FilterConfig struct {
	VoiceGroupID  *int64   `yaml:"voice_group_id"`
	AgentGroup    string   `yaml:"agent_group"`
	AgentIDs      []int64  `yaml:"agent_ids"`
	Agents        []string `yaml:"agents"`
	CallTypes     []string `yaml:"call_types"`
	HangupReasons []string `yaml:"hangup_reasons"`
	Number        Secret   `yaml:"number"` // personal data
	CallingCodes  []string `yaml:"calling_codes"`
	HangupParties []string `yaml:"hangup_parties"`
	Tags          []string `yaml:"tags"`
}

// MetricsConfig is the block "metrics".
type MetricsConfig struct {
	DurationBuckets  []float64           `yaml:"duration_buckets"`
	RingBuckets      []float64           `yaml:"ring_buckets"`
	Labels           map[string][]string `yaml:"labels"`
	Agents           string              `yaml:"agents"`
	AgentHashKeyFile string              `yaml:"agent_hash_key_file"`
	Tags             bool                `yaml:"tags"`
	Media            bool                `yaml:"media"`
	Exemplars        bool                `yaml:"exemplars"`
	NativeHistograms bool                `yaml:"native_histograms"`
	RetireAfter      *time.Duration      `yaml:"retire_after"`
	Limits           LimitsConfig        `yaml:"limits"`
}

// LimitsConfig is the block "limits" of the metrics.
type LimitsConfig struct {
	AgentGroup *int `yaml:"agent_group"`
	Agent      *int `yaml:"agent"`
	Tag        *int `yaml:"tag"`
	Media      *int `yaml:"media"`
	Series     *int `yaml:"series"`
}

// Default is a configuration of these accounts with every other setting at its default.
func Default(accounts ...AccountConfig) *Config { return &Config{Accounts: accounts} }
