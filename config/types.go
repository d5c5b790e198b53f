// Package config defines the exporter's configuration: plain values, their defaults, and Validate, whose result the rest
// of the program takes.
package config

import (
	"time"

	promconfig "github.com/prometheus/common/config"

	"itnio_exporter/enum"
)

// Global has the settings that are the same for every account.
type Global struct {
	PollMode       PollMode
	PollInterval   time.Duration
	AuditInterval  time.Duration
	Lookback       time.Duration
	Horizon        time.Duration
	InitialHistory time.Duration
	ZeroFirst      time.Duration
	BackoffMax     time.Duration
}

// PollMode is what starts a reading of an account: a timer or a scrape.
type PollMode string

// Poll modes.
const (
	PollInterval PollMode = "interval"
	PollScrape   PollMode = "scrape"
)

// Account is one account of the API, its secrets read and its codes resolved.
type Account struct {
	Name      string
	BaseURL   string // absolute, in the form of CanonicalURL
	MovedFrom string // an address that the same platform had before, in the same form; "": none
	APIKey    Secret
	APISecret Secret
	// Files that hold the two; "": the configuration does.
	APIKeyFile, APISecretFile string

	Location   *time.Location // a fixed zone made of utc_offset
	TimeFormat TimeFormat
	RateLimit  float64       // requests a second, above 0
	Timeout    time.Duration // of one request, 1s to 5m
	Filter     Filter
	HTTPClient promconfig.HTTPClientConfig
}

// TimeFormat is how a query's window is written.
type TimeFormat = enum.TimeFormat

// Time formats of a query's window.
const (
	TimeAuto     = enum.TimeAuto
	TimeISO8601  = enum.TimeISO8601
	TimeDatetime = enum.TimeDatetime
)

// Filter limits an account to a part of its records. It has every filter of the API, in the API's codes. Lists are sorted
// and without repetitions; zero values do not filter.
type Filter struct {
	VoiceGroupID  int64
	AgentGroup    string
	AgentIDs      []int64
	Agents        []string
	CallTypes     []int64
	HangupReasons []int64
	Number        Secret // a phone number, of digits; personal data
	CallingCodes  []string
	HangupParties []int64
	Tags          []string
}

// Metrics has the settings of the call families.
type Metrics struct {
	DurationBuckets  []float64           // upper bounds in seconds, ascending, without +Inf
	RingBuckets      []float64           // the same
	Labels           map[string][]string // family -> the labels to keep; families not named keep all
	Agents           AgentMode
	AgentHashKey     Secret // set where Agents is hash
	Tags             bool
	Media            bool
	Exemplars        bool
	NativeHistograms bool          // native buckets beside the classic ones
	RetireAfter      time.Duration // a label set without a call for so long is removed; 0: never
	Limits           Limits
}

// AgentMode is whether and how agents appear in labels.
type AgentMode string

// Agent modes.
const (
	AgentsOff  AgentMode = "off"
	AgentsName AgentMode = "name"
	AgentsHash AgentMode = "hash"
)

// Limits bound the values of a label and the label sets of a family.
type Limits struct {
	AgentGroup int
	Agent      int
	Tag        int
	Media      int
	Series     int
}
