package ledger

import (
	"slices"

	"itnio_exporter/collector/call"
)

// latest is the series that describes something now, in a family where one describes it at a time: a renamed group would have
// two for ever.
type latest struct {
	series *storedSeries
	end    int64 // of the latest call with it, Unix seconds; calls come in any order
}

// describes notes that a call has a series of a family with an ID, and takes out the series that it replaces. False: a later call
// has another one, and this one is not to be made.
func (t *transaction) describes(i int, labels []string, c *call.Call) bool {
	f := t.l.families[i]
	id := f.IDOf(labels)
	if id == nil {
		return true
	}
	key := keyOf(id)
	known, ok := t.latest[i][key]
	if !ok {
		known, ok = f.latest[key]
	}
	end := c.End
	if end.IsZero() {
		end = t.batch.Server
	}
	if ok && end.Unix() < known.end {
		return slices.Equal(known.series.labels, labels)
	}
	s := t.series(i, labels)
	if t.latest[i] == nil {
		t.latest[i] = map[string]latest{}
	}
	t.latest[i][key] = latest{s, end.Unix()}
	delete(t.gone, s)
	if !ok || known.series != s {
		t.replaced(i, id, s)
	}
	return true
}

// replaced takes out every series with an ID but one.
func (t *transaction) replaced(i int, id []string, by *storedSeries) {
	f := t.l.families[i]
	for _, s := range f.sorted {
		if s != by && slices.Equal(f.IDOf(s.labels), id) {
			t.gone[s] = struct{}{}
		}
	}
	for _, s := range t.changes.born[i] {
		if s != by && slices.Equal(f.IDOf(s.labels), id) {
			t.gone[s] = struct{}{}
		}
	}
}
