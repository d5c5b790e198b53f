package ledger

import "itnio_exporter/collector/series"

// changes are the series that a transaction makes or gives a new value. The slices are by family.
type changes struct {
	families []*family
	touched  [][]*storedSeries // with a next value
	born     []map[string]*storedSeries
	key      []byte // room for find
	day      int64  // since 1970: the series that the transaction touches are used then
}

// find gives the series of a label set, nil if there is none.
func (c *changes) find(i int, labels []string) *storedSeries {
	c.key = appendKey(c.key[:0], labels)
	if s, ok := c.families[i].byKey[string(c.key)]; ok {
		return s
	}
	return c.born[i][string(c.key)]
}

// size is how many series of a family count to its limit, those of the transaction included.
func (c *changes) size(i int) int { return c.families[i].counted + len(c.born[i]) }

// bear adds a series that the ledger does not have yet. Its value, as yet 0, is to be written.
func (c *changes) bear(i int, s *storedSeries) {
	if c.born[i] == nil {
		c.born[i] = map[string]*storedSeries{}
	}
	c.born[i][s.key] = s
	c.touch(i, s, s.cur.Clone())
}

// touch gives a series, which has none, its next value.
func (c *changes) touch(i int, s *storedSeries, next *series.Metric) {
	c.touched[i] = append(c.touched[i], s)
	s.next = next
}

func (c *changes) empty() bool {
	for _, touched := range c.touched {
		if len(touched) > 0 {
			return false
		}
	}
	return true
}

// discard takes the next values back after a transaction that failed.
func (c *changes) discard() {
	for _, touched := range c.touched {
		for _, s := range touched {
			s.next = nil
		}
	}
}

// publish makes the next values the committed ones and reports whether the exposition changes. The caller has locked
// the ledger's mutex.
func (c *changes) publish() (visible bool) {
	for i, f := range c.families {
		for _, s := range c.touched[i] {
			f.dirty = f.dirty || s.shown && s.next != s.cur
			s.cur, s.next = s.next, nil
			s.used = max(s.used, c.day)
		}
		visible = visible || f.dirty
	}
	return visible
}
