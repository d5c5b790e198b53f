// Package verify compares what the API shows of a stretch of the past with what a ledger has counted, call by call, and with the rises
// that a Prometheus has stored. It only reads. Its reports have no ids, phone numbers or names of agents.
package verify

import (
	"cmp"
	"slices"
	"time"
)

// FormatVersion is the version of the report as JSON. Fields may be added to it.
const FormatVersion = 1

// Result is the outcome of a comparison.
type Result string

// Results.
const (
	Equal      Result = "equal"
	Different  Result = "different"
	Incomplete Result = "incomplete" // no differences, but a part could not be read
)

// Report is the outcome for all accounts.
type Report struct {
	Version  int       `json:"version"`
	Exporter string    `json:"exporter"` // version of the program
	Result   Result    `json:"result"`   // the worst of the accounts'
	Accounts []Account `json:"accounts"`
}

// Add adds an account.
func (r *Report) Add(a Account) {
	r.Accounts = append(r.Accounts, a)
	r.Result = worse(cmp.Or(r.Result, Equal), a.Result)
}

func worse(a, b Result) Result {
	order := []Result{Equal, Incomplete, Different}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// Account is the outcome for one account. Calls belong to the range by the time they ended. Times are the server's.
type Account struct {
	Name string    `json:"name"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"` // the first second after the range

	Ledger Ledger `json:"ledger"`
	API    API    `json:"api"`

	Rows  []Row  `json:"rows"` // by agent group and country, as the metrics show them
	Total Counts `json:"total"`
	// NoLongerShown is how many calls the ledger has counted in windows of the range that the API does not show any more. The ledger keeps
	// only ids: agent groups and countries are those of the rises that are unexplained, where Prometheus is compared too.
	NoLongerShown int `json:"no_longer_shown"`
	Noticed       int `json:"noticed"` // of NoLongerShown: by the exporter itself, in itnio_exporter_deleted_records_total

	Prometheus *Prometheus `json:"prometheus,omitempty"`
	Result     Result      `json:"result"`
}

// Sources of a ledger.
const (
	FromFile     = "file"     // the one under --storage.path
	FromBackup   = "backup"   // a file that was named
	FromExporter = "exporter" // a copy from the exporter that has it open
)

// Ledger is what was compared with.
type Ledger struct {
	Source       string     `json:"source"`
	Epoch        time.Time  `json:"epoch"`               // calls that ended before are not counted
	LastRead     time.Time  `json:"last_read"`           // the zero time: by no exporter yet, as after a backfill
	IDsSince     *time.Time `json:"ids_since,omitempty"` // ids of earlier calls are not kept; nil: all are
	Behind       bool       `json:"behind"`              // the last reading was more than the lookback before the end of the range, which has calls that count
	KnownSeconds int64      `json:"known_seconds"`       // of the range: how long the windows are in which it knows every id
}

// API is how the range was read.
type API struct {
	Requests int       `json:"requests"`
	Records  int       `json:"records"`          // distinct ones, those around the range included
	Unread   []Stretch `json:"unread,omitempty"` // what the API did not answer for, or differently each time
}

// Stretch is a part of time.
type Stretch struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Counts are numbers of calls that the API shows, by what the ledger has made of them.
type Counts struct {
	Shown      int `json:"shown"`
	Counted    int `json:"counted"`
	Baseline   int `json:"baseline"`    // ended before the epoch
	Pending    int `json:"pending"`     // the record is not complete
	Recent     int `json:"recent"`      // may have appeared after the ledger's last reading
	TooOld     int `json:"too_old"`     // ids of that time are not kept any more
	NoID       int `json:"no_id"`       // the record has no id
	NotCounted int `json:"not_counted"` // it should have been counted
}

// Row are the calls of one agent group and country.
type Row struct {
	AgentGroup string `json:"agent_group"`
	Country    string `json:"country"`
	Counts
}

// Prometheus is the comparison with the samples that a server has stored.
type Prometheus struct {
	Targets []string        `json:"targets"` // labels of the targets whose samples were used
	Rows    []PrometheusRow `json:"rows"`    // by agent group and country, those without calls and rises left out
	Total   Rises           `json:"total"`
	Resets  int             `json:"resets"`           // how many times a sample of the range was lower than the one before
	Silent  []Stretch       `json:"silent,omitempty"` // parts of the range of more than five minutes without a sample
}

// PrometheusRow are the rises of one agent group and country.
type PrometheusRow struct {
	AgentGroup string `json:"agent_group"`
	Country    string `json:"country"`
	Rises
}

// Rises compares the counted calls that ended in the range with the rises of the raw samples in it. Without errors, Rises = Counted + Before
// − After − calls in FirstSamples.
type Rises struct {
	Counted      int    `json:"counted"` // shown by the API, counted or recent
	Rises        int    `json:"rises"`
	Before       Bounds `json:"before"`        // ended before the range, were seen in it
	After        Bounds `json:"after"`         // ended in the range, were seen after it
	FirstSamples int    `json:"first_samples"` // calls within the first sample of a series, for which Prometheus has no rise
	ResetSamples int    `json:"reset_samples"` // part of Rises: values of samples after a reset
	Unexplained  int    `json:"unexplained"`   // rises too many, or, below 0, too few
	// Within is how late, in seconds, calls are taken to have been seen at most; in a total, the largest.
	Within int64 `json:"seen_within_seconds"`
}

// Bounds say that a number is not exactly known.
type Bounds struct {
	AtLeast int `json:"at_least"`
	AtMost  int `json:"at_most"`
}

func (c *Counts) add(o Counts) {
	c.Shown += o.Shown
	c.Counted += o.Counted
	c.Baseline += o.Baseline
	c.Pending += o.Pending
	c.Recent += o.Recent
	c.TooOld += o.TooOld
	c.NoID += o.NoID
	c.NotCounted += o.NotCounted
}

func (r *Rises) add(o Rises) {
	r.Counted += o.Counted
	r.Rises += o.Rises
	r.Before.add(o.Before)
	r.After.add(o.After)
	r.FirstSamples += o.FirstSamples
	r.ResetSamples += o.ResetSamples
	r.Unexplained += o.Unexplained
	r.Within = max(r.Within, o.Within)
}

func (b *Bounds) add(o Bounds) {
	b.AtLeast += o.AtLeast
	b.AtMost += o.AtMost
}

// judge sets the result.
func (a *Account) judge() {
	different := a.Total.NotCounted+a.NoLongerShown > 0
	incomplete := len(a.API.Unread) > 0 || a.Ledger.Behind
	if p := a.Prometheus; p != nil {
		different = different || slices.ContainsFunc(p.Rows, func(r PrometheusRow) bool { return r.Unexplained != 0 })
	}
	switch {
	case different:
		a.Result = Different
	case incomplete:
		a.Result = Incomplete
	default:
		a.Result = Equal
	}
}
