package ledger

import (
	"slices"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// add brings a call into every family; a call of before the epoch only makes its series exist.
func (t *transaction) add(c *call.Call, counts bool) {
	additions := t.folder.Fold(c, counts)
	for i := range additions {
		if t.describes(additions[i].Family, additions[i].Labels, c) {
			t.apply(&additions[i])
		}
	}
}

// addTags counts the tags of a call that are not counted yet.
func (t *transaction) addTags(c *call.Call) {
	if !t.l.model.Tags {
		return
	}
	for _, tag := range c.Tags {
		if !t.ids.rememberTag(c, tag) {
			continue
		}
		additions := t.folder.FoldTag(c, tag)
		for i := range additions {
			t.apply(&additions[i])
		}
	}
}

// apply brings an addition into its series.
func (t *transaction) apply(a *families.Addition) {
	s := t.series(a.Family, a.Labels)
	m := s.next
	if m == nil {
		m = s.cur
	}
	if !a.Changes(m) {
		if s.next == nil && s.used < t.changes.day { // that it is in use is written once a day
			t.changes.touch(a.Family, s, m)
		}
		return
	}
	if s.next == nil {
		t.changes.touch(a.Family, s, m)
	}
	if s.next == s.cur {
		s.next = m.Clone()
	}
	a.Apply(s.next, t.l.families[a.Family].Bounds)
}

// series finds or makes the series of a label set, folding labels into Other where the family has no room for it.
func (t *transaction) series(i int, labels []string) *storedSeries {
	f := t.l.families[i]
	for step := 0; ; step++ {
		if s := t.changes.find(i, labels); s != nil {
			return s
		}
		if step == families.FoldSteps || t.changes.size(i) < t.l.model.Room(step) {
			return t.birth(i, labels)
		}
		for _, label := range f.FoldStep(labels, step) {
			t.admission.folded(label)
		}
	}
}

// birth makes the series of a label set.
func (t *transaction) birth(i int, labels []string) *storedSeries {
	f := t.l.families[i]
	s := &storedSeries{key: keyOf(labels), labels: slices.Clone(labels), created: t.bornAt(f)}
	if slices.Contains(f.Labels, families.LabelAccount) {
		s.account = t.batch.Account
	}
	s.cur = zeroMetric(f, s.labels, s.created)
	// A gauge is not zero first: it says what is, and a 0 would be a wrong statement.
	s.shown = t.l.zeroFirst.wait == 0 || f.Type == series.Gauge
	if !s.shown {
		s.zero = s.cur
	}
	t.changes.bear(i, s)
	return s
}
