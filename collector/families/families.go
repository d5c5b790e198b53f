// Package families is the metric model as two tables. One lists the families, with help, labels, which calls count and what they add.
// The other lists the labels, with how to get their values from a call. Fold turns a call into what it adds to the families. The
// metric reference is made from the tables.
package families

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
)

// Calls is the family that counts calls.
const Calls = "itnio_calls_total"

// Adds says what one call adds to a family.
type Adds uint8

// What a call adds.
const (
	AddsOne     Adds = iota // one to a counter
	AddsTalk                // talk seconds to a counter
	AddsRing                // ring seconds to a counter
	ObserveTalk             // one observation of the talk time, in seconds
	ObserveRing             // one observation of the ring time, in seconds
	LatestEnd               // the latest end of a call, Unix seconds
	Presence                // the fact that the label set exists: 1
	EachTag                 // one to a counter for each tag
)

// Family is one row of the table of families.
type Family struct {
	Name    string
	Help    string
	Type    series.Type
	Labels  []string // in the order of the exposition
	Adds    Adds
	OnlyIf  func(*call.Call) bool // nil: every counted call
	Bounds  []float64             // histograms
	Native  bool                  // histograms are shown with native buckets too
	OptIn   string                // configuration that switches it on; "" for always
	ID      []string              // labels that identify what the family describes: of several series with one ID only that of the latest call stays; nil: any number
	About   string                // label that the family describes, "" for none; a call is left out if its value of that label was folded into Other
	Meaning string                // how its label values are made, if the configuration can change that; a family with another meaning starts again at 0
	Source  string                // fields of the API's record, for the documentation
	Example string                // PromQL, for the documentation

	columns []int // of its labels in the label table, in a Model
	about   int   // of About in the label table, -1 for none, in a Model
}

// All lists every family the exporter can have, opt-ins included, with all their labels and no bounds.
func All() []Family { return slices.Concat(always(), agents(), tags(), media()) }

// Labels maps every family's name to its labels, for the check of a configuration.
func Labels() map[string][]string {
	m := map[string][]string{}
	for _, f := range All() {
		m[f.Name] = f.Labels
	}
	return m
}

// Model is the tables as configured: families that are on, the labels and buckets that they keep.
type Model struct {
	Families []Family
	Tags     bool // tags are counted

	limits    config.Limits
	exemplars bool // histograms carry the session id of a call in each bucket
	width     int  // labels of all families together
}

// New makes the model of a configuration: opt-ins, kept labels, bounds. The account label is always kept, because each account's series
// are stored with the account.
func New(m config.Metrics) *Model {
	rows := always()
	if m.Agents == config.AgentsName || m.Agents == config.AgentsHash {
		rows = append(rows, agents()...)
	}
	if m.Tags {
		rows = append(rows, tags()...)
	}
	if m.Media {
		rows = append(rows, media()...)
	}
	model := &Model{Families: rows, Tags: m.Tags, limits: m.Limits, exemplars: m.Exemplars}
	for i := range rows {
		f := &rows[i]
		switch f.Adds {
		case ObserveTalk:
			f.Bounds = slices.Clone(m.DurationBuckets)
		case ObserveRing:
			f.Bounds = slices.Clone(m.RingBuckets)
		}
		f.Native = m.NativeHistograms
		if slices.Contains(f.Labels, LabelAgent) {
			f.Meaning = agentMeaning(m)
		}
		if keep, ok := m.Labels[f.Name]; ok {
			f.Labels = slices.DeleteFunc(slices.Clone(f.Labels), func(l string) bool {
				return l != LabelAccount && !slices.Contains(keep, l)
			})
		}
		f.about = columnOf(f.About)
		for _, label := range f.Labels {
			f.columns = append(f.columns, columnOf(label))
		}
		model.width += len(f.Labels)
	}
	return model
}

// agentMeaning says how agents' names become label values: another mode or another hash key makes other values. Nothing about
// the key can be learned from it.
func agentMeaning(m config.Metrics) string {
	if m.Agents != config.AgentsHash {
		return string(m.Agents)
	}
	mac := hmac.New(sha256.New, []byte(m.AgentHashKey))
	mac.Write([]byte("itnio_exporter: which key"))
	return string(m.Agents) + ":" + hex.EncodeToString(mac.Sum(nil)[:8])
}
