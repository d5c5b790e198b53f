package verify

import (
	"cmp"
	"maps"
	"slices"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/reconcile"
)

// key is an agent group and a country, as the metrics show them; "" for a label that the metrics do not have.
type key struct{ group, country string }

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.country, b.country))
}

// labels gives calls the label values with which the metrics show them.
type labels struct {
	names          []string         // of the family that counts calls
	group, country bool             // it has the label
	known          map[key]struct{} // label sets that exist
}

// newLabels takes the label names of the family that counts calls, and the label values of the account's series.
func newLabels(names []string, series [][]string) labels {
	if names == nil { // nothing was counted yet
		names = families.Labels()[families.Calls]
	}
	group, country := slices.Index(names, families.LabelAgentGroup), slices.Index(names, families.LabelCountry)
	l := labels{names: names, group: group >= 0, country: country >= 0, known: map[key]struct{}{}}
	for _, values := range series {
		var k key
		if group >= 0 {
			k.group = values[group]
		}
		if country >= 0 {
			k.country = values[country]
		}
		l.known[k] = struct{}{}
	}
	return l
}

// of gives the label values of a call: Other where the limits have folded it. A call whose label set does not exist has its own.
func (l *labels) of(c *call.Call) key {
	var k key
	if l.group {
		k.group = c.Group
	}
	if l.country {
		k.country = c.Country
	}
	for _, folded := range []key{k, {families.Other, k.country}, {families.Other, families.Other}} {
		if _, ok := l.known[folded]; ok {
			return folded
		}
	}
	return k
}

// book is what a ledger knows of the account's calls.
type book interface {
	Knows(*call.Call) bool  // counted, or known as one from before the epoch
	KnowsID(id uint64) bool // as windows have it: the keyId, or the session id of a call that never had one
}

// comparison sorts the calls that the API shows by what the ledger has made of them. Times are Unix seconds of the server's clock.
type comparison struct {
	from, to int64 // the range
	epoch    int64
	floor    int64 // ids of calls that ended before are not kept
	recent   int64 // calls that ended since may have appeared after the ledger's last reading
	book     book
	labels   labels

	rows    map[key]*Counts
	ended   map[key]*ends       // of the calls that raise counters, also of those around the range
	seen    map[uint64]struct{} // ids of all records
	former  map[uint64]struct{} // sessions by which the ledger knows calls that are shown with a keyId by now
	keyless int                 // calls that are known by their keyId and whose record is shown without it
}

// take takes calls. One that was taken before is left out.
func (c *comparison) take(calls []call.Call) {
	for i := range calls {
		one := &calls[i]
		id := cmp.Or(one.Key, one.Session)
		if id != 0 {
			if _, again := c.seen[id]; again {
				continue
			}
			c.seen[id] = struct{}{}
		}
		if one.Key != 0 && one.Session != 0 && c.book.KnowsID(one.Session) {
			c.former[one.Session] = struct{}{}
		}
		known := c.book.Knows(one)
		if known && one.Key == 0 && !c.book.KnowsID(one.Session) {
			c.keyless++
		}
		c.sort(one, known)
	}
}

// sort adds one to the count that a call belongs to, if it ended in the range.
func (c *comparison) sort(one *call.Call, known bool) {
	if one.End.IsZero() {
		return
	}
	k, end := c.labels.of(one), one.End.Unix()
	in := c.from <= end && end < c.to
	n := &Counts{} // of no range
	if in {
		if c.rows[k] == nil {
			c.rows[k] = &Counts{}
		}
		n = c.rows[k]
	}
	n.Shown++
	switch {
	case one.Key == 0 && one.Session == 0:
		n.NoID++
	case end < c.epoch:
		n.Baseline++
	case known:
		n.Counted++
		c.raises(k, end, true)
	case one.Pending:
		n.Pending++
	case end < c.floor:
		n.TooOld++
	case end >= c.recent:
		n.Recent++
		c.raises(k, end, false)
	default:
		n.NotCounted++
	}
}

// raises notes a call that raises the counters, or may have done so by now.
func (c *comparison) raises(k key, end int64, sure bool) {
	if c.ended[k] == nil {
		c.ended[k] = &ends{}
	}
	c.ended[k].add(end, sure)
}

// gone counts the calls that the ledger has, or had until the exporter saw a deletion itself, in windows, and that the API did not show.
func (c *comparison) gone(windows []reconcile.Known) int {
	missing := map[uint64]struct{}{}
	for _, w := range windows {
		for id := range w.IDs.All() {
			_, shown := c.seen[id]
			_, former := c.former[id]
			if !shown && !former && c.book.KnowsID(id) {
				missing[id] = struct{}{}
			}
		}
	}
	return max(0, len(missing)-c.keyless) // of a call that is shown without its keyId, the keyId seems to be missing
}

// sorted gives the rows in order.
func (c *comparison) sorted() (rows []Row, total Counts) {
	for _, k := range slices.SortedFunc(maps.Keys(c.rows), compareKeys) {
		rows = append(rows, Row{AgentGroup: k.group, Country: k.country, Counts: *c.rows[k]})
		total.add(*c.rows[k])
	}
	return rows, total
}

// windowsOf are the windows that overlap a range and whose ids the ledger knows, and how many seconds of the range they cover.
// Those that end before the epoch have nothing that counts.
func windowsOf(all []reconcile.Known, from, to, epoch int64) (within []reconcile.Known, seconds int64) {
	for _, w := range all {
		if w.Read && w.From < to && w.To > from && w.To > epoch {
			within = append(within, w)
			seconds += min(w.To, to) - max(w.From, from)
		}
	}
	return within, seconds
}
