package reconcile

// reason says why a cell is to be read in full instead of being asked whether its total has changed.
type reason uint8

const (
	nothing    reason = iota // there is no reason
	refused                  // it is a gap: the server may answer by now
	incomplete               // its last two walks differed, or a record in it was pending
	mute                     // its total is lower than its number of ids, so a change of the total shows nothing
	untold                   // the server says no totals
	untrusted                // the server's totals wander
	hiding                   // its total is higher than its number of ids: the missing records may be shown by now
	deleting                 // records are being deleted: a deletion hides an insert from the total
	leaving                  // it is about to leave the horizon: the last time to see such an insert
)

// watchful is how far back an audit reads every cell in full while records are being deleted, in seconds.
const watchful = 8 * hour

// mute reports whether a cell has more ids than its total says.
func (c *cell) mute() bool { return c.odd && c.total < c.ids.Len() }

// reread returns the reason why this pass is to read a cell in full.
func (p *Pass) reread(c *cell) reason {
	s := p.s
	old := c.readAt < p.rereadBefore
	switch {
	case c.kind == cellGap:
		return refused
	case c.kind == cellOpen:
		return incomplete
	case c.mute():
		return mute
	case s.trust.absent:
		return untold
	case s.trust.wanders(p.now) && (old || p.Kind == Live):
		return untrusted
	case c.odd && old:
		return hiding
	case s.deleting(p.now) && old && (p.Kind == Live || p.now-c.To < watchful):
		return deleting
	case p.leaving(c):
		return leaving
	}
	return nothing
}

// unswept reports whether a cell was not read since it left the lookback. The sweep then reads it in full: an insert and a deletion may
// have hidden each other from its total.
func (s *State) unswept(c *cell) bool { return c.readAt < c.To+s.set.Lookback }

// deleting reports whether a deletion was seen in the last day.
func (s *State) deleting(now int64) bool { return s.deletedAt != 0 && now-s.deletedAt <= day }

// leaving reports whether an audit is to read a cell for the last time. If few audits fit between lookback and horizon, the reading
// by the sweep does not count as that.
func (p *Pass) leaving(c *cell) bool {
	set := &p.s.set
	from := max(set.Horizon-2*set.AuditInterval, set.Lookback)
	last := max(set.Horizon-3*set.AuditInterval, (set.Lookback+set.Horizon)/2)
	return p.Kind == Audit && p.now-c.From >= from && c.readAt < c.From+last
}
