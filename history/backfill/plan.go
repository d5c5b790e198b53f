package backfill

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
)

// planVersion is that of the files in a directory. A run goes on only with what the same version has begun.
const planVersion = 1

// Plan is what a history is to be. Start, End and Step are in whole seconds, and Start is a multiple of Step.
type Plan struct {
	Version int           `json:"version"`
	Account string        `json:"account"`
	BaseURL string        `json:"base_url"`
	Filter  string        `json:"filter"`
	Start   time.Time     `json:"start"` // the first sample; calls that end from then on count
	End     time.Time     `json:"end"`   // the last sample; calls that ended before count
	Step    time.Duration `json:"step"`
	Labels  []Label       `json:"labels"`
	// ShortBounds writes le="5" and not le="5.0": for servers that store labels as they are scraped.
	ShortBounds bool `json:"short_bounds"`
	// Moves says that the account goes on in the exporter's ledger from where the history ends. Else the exporter's counters began at
	// the end of the history, at 0.
	Moves bool   `json:"moves"`
	Model string `json:"model"` // fingerprint of families, labels and buckets
	Done  bool   `json:"done"`
}

// Begun is the plan of which a directory has something that a run goes on from, or all; nil: there is none.
func Begun(dir string) *Plan {
	d := &directory{path: dir}
	text, err := os.ReadFile(d.in(planFile))
	var p Plan
	if err != nil || json.Unmarshal(text, &p) != nil {
		return nil
	}
	if kept, err := d.kept(); err == nil && len(kept) == 0 && !p.Done {
		return nil
	}
	return &p
}

// fill completes a plan by what it is for.
func (p *Plan) fill(id ledger.Identity, m *families.Model) {
	p.Version, p.Account, p.BaseURL, p.Filter = planVersion, id.Name, id.BaseURL, id.Filter
	p.Start, p.End = p.Start.UTC(), p.End.UTC()
	p.Model = ""
	for i := range m.Families {
		f := &m.Families[i]
		p.Model += fmt.Sprint(f.Name, f.Labels, f.Bounds, f.Meaning, ";")
	}
}

// differs names what is different in another plan; "": nothing.
func (p *Plan) differs(q *Plan) string {
	switch {
	case p.Version != q.Version:
		return "version of this program"
	case p.Account != q.Account:
		return "account (" + p.Account + ")"
	case p.BaseURL != q.BaseURL:
		return "base_url (" + p.BaseURL + ")"
	case p.Filter != q.Filter:
		return "filter"
	case !p.Start.Equal(q.Start):
		return "start (" + p.Start.Format(time.RFC3339) + ")"
	case !p.End.Equal(q.End):
		return "end (" + p.End.Format(time.RFC3339) + ")"
	case p.Step != q.Step:
		return "step (" + p.Step.String() + ")"
	case !slices.Equal(p.Labels, q.Labels), p.ShortBounds != q.ShortBounds:
		return "set of labels"
	case p.Moves != q.Moves:
		return "state of the exporter's ledger"
	case p.Model != q.Model:
		return "set of metrics, labels or buckets"
	}
	return ""
}

// endsAtLive reports whether another plan differs in this: a live exporter has begun to count, so the history ends there.
func (p *Plan) endsAtLive(q *Plan) bool {
	same := *p
	same.Moves, same.End = false, q.End
	return p.Moves && !p.Done && same.differs(q) == ""
}

// settled refuses a history that ends beside a live exporter before all of its calls are listed: nobody would count them later.
func (p *Plan) settled(now time.Time) error {
	listed := p.End.Add(settle)
	if p.Moves || !now.Before(listed) {
		return nil
	}
	err := fmt.Errorf("calls that ended before %s, when the history ends, may be listed until %s later: run it again after %s",
		p.End.Format(time.RFC3339), settle, listed.Format(time.RFC3339))
	if end := now.Add(-settle).Truncate(p.Step).UTC(); p.Start.Before(end) {
		err = fmt.Errorf("%w, or give --end=%s: calls that ended after it and before the exporter began to count are then missing", err, end.Format(time.RFC3339))
	}
	return err
}

// days is how many files a plan makes.
func (p *Plan) days() int { return int(p.End.Add(-1).Truncate(day).Sub(p.Start.Truncate(day))/day) + 1 }
