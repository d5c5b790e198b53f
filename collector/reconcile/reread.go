package reconcile

// reason says why a cell is to be read whole instead of being asked whether its total has changed.
type reason uint8

const (
	nothing    reason = iota
	incomplete        // its last reading did not agree with itself, or a record in it is not complete
	refused           // the server refused it
	mute              // its total says nothing: there are more ids than that
	untold            // the server says no totals
	untrusted         // the server's totals wander
	hiding            // what the total counts and no page shows may come to be shown
	deleting          // records are being deleted: a deletion hides an insert from the total
	leaving           // the last time before it leaves the horizon: what such a pair has hidden for as long as a week
)

// watchful is how far back an audit reads whole where records are known to be deleted.
const watchful = 8 * hour

// mute cells hold more ids than their total says. If it changes, that shows nothing.
func (c *cell) mute() bool { return c.odd && c.total < c.ids.Len() }

// reread gives the reason why a pass reads a cell whole.
func (p *Pass) reread(c *cell) reason {
	s := p.s
	old := c.readAt < p.now-s.set.AuditInterval/2
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

// unswept reports whether a cell is still to be read for the first time after it has left the lookback: every window is, by the
// sweep, since an insert and a deletion can hide each other from its total.
func (s *State) unswept(c *cell) bool { return c.readAt < c.To+s.set.Lookback }

// deleting reports whether a deletion was seen in the last day.
func (s *State) deleting(now int64) bool { return s.deletedAt != 0 && now-s.deletedAt <= day }

// leaving reports whether an audit is to read a cell for the last time. Where few audits fit between the lookback and the
// horizon, the reading after the lookback must not be taken for the last one.
func (p *Pass) leaving(c *cell) bool {
	set := &p.s.set
	from := max(set.Horizon-2*set.AuditInterval, set.Lookback)
	last := max(set.Horizon-3*set.AuditInterval, (set.Lookback+set.Horizon)/2)
	return p.Kind == Audit && p.now-c.From >= from && c.readAt < c.From+last
}
