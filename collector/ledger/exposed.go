package ledger

import (
	"slices"
	"strings"

	"itnio_exporter/collector/series"
)

// Exposition gives the call families as they are to be exposed, and a number that changes exactly when they do.
// Neither may be changed by the caller.
func (l *Ledger) Exposition() ([]*series.Family, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.exposedGen == l.gen {
		return l.exposed, l.gen
	}
	exposed := make([]*series.Family, 0, len(l.families))
	old := map[string]*series.Family{}
	for _, f := range l.exposed {
		old[f.Name] = f
	}
	shared := l.anyExposed()
	for _, f := range l.families {
		e := old[f.Name]
		if f.dirty || e == nil {
			e = f.exposed(shared)
			f.dirty = false
		}
		if len(e.Metrics) > 0 {
			exposed = append(exposed, e)
		}
	}
	slices.SortFunc(exposed, func(a, b *series.Family) int { return strings.Compare(a.Name, b.Name) })
	l.exposed, l.exposedGen = exposed, l.gen
	return exposed, l.gen
}

// anyExposed reports whether some account is exposed: series that belong to none come with the first one.
func (l *Ledger) anyExposed() bool {
	for _, a := range l.accounts {
		if a.exposed() {
			return true
		}
	}
	return false
}

// exposed is the family as it is to be exposed. shared tells whether series that belong to no account are.
func (f *family) exposed(shared bool) *series.Family {
	e := &series.Family{Name: f.Name, Help: f.Help, Type: f.Type, LabelNames: f.Labels, Bounds: f.Bounds, Native: f.Native}
	e.Metrics = make([]*series.Metric, 0, len(f.sorted))
	for _, s := range f.sorted {
		switch {
		case s.account == nil && !shared || s.account != nil && !s.account.exposed():
		case s.shown:
			e.Metrics = append(e.Metrics, s.cur)
		default:
			e.Metrics = append(e.Metrics, s.zero)
		}
	}
	return e
}

// changed begins a new generation after the exposition changed. The caller has locked mu.
func (l *Ledger) changed() { l.gen++ }
