package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/idset"
)

// Each reason for which a cell is read in full, with the next thing that would not be one.
func TestReread(t *testing.T) {
	const now = begin
	old := now - usual().AuditInterval/2 - 1
	good := func(age, readAt int64) cell {
		return cell{Window: Window{now - age - 100, now - age}, ids: idset.Pack(ids(1, 10)), total: 10, readAt: readAt}
	}
	for _, c := range []struct {
		name   string
		kind   Kind
		age    int64
		readAt int64
		change func(*State, *cell)
		want   reason
	}{
		{"as it was, in the lookback", Live, hour, old, nil, nothing},
		{"as it was, in the horizon", Audit, 5 * hour, old, nil, nothing},
		{"not complete", Live, hour, now, func(_ *State, c *cell) { c.kind = cellOpen }, incomplete},
		{"refused", Audit, 5 * hour, now, func(_ *State, c *cell) { c.kind = cellGap }, refused},
		{"fewer than there are", Live, hour, now, func(_ *State, c *cell) { c.odd, c.total = true, 9 }, mute},
		{"more than there are", Audit, 5 * hour, old, func(_ *State, c *cell) { c.odd, c.total = true, 11 }, hiding},
		{"more than there are, read lately", Audit, 5 * hour, now - 60, func(_ *State, c *cell) { c.odd, c.total = true, 11 }, hiding},
		{"more than there are, read by the audit that this one repeats", Audit, 5 * hour, now - 700, func(s *State, c *cell) { c.odd, c.total, s.lastTry = true, 11, now-700 }, nothing},
		{"no totals", Live, hour, now, func(s *State, _ *cell) { s.trust.absent = true }, untold},
		{"wandering totals, by a poll", Live, hour, now, func(s *State, _ *cell) { s.trust.until = now + 1 }, untrusted},
		{"wandering totals, by an audit", Audit, 5 * hour, old, func(s *State, _ *cell) { s.trust.until = now + 1 }, untrusted},
		{"wandering totals, read lately", Audit, 5 * hour, now - 60, func(s *State, _ *cell) { s.trust.until = now + 1 }, untrusted},
		{"wandering totals, read by the audit that this one repeats", Audit, 5 * hour, now - 700, func(s *State, _ *cell) { s.trust.until, s.lastTry = now+1, now-700 }, nothing},
		{"deletions, by a poll", Live, hour, old, func(s *State, _ *cell) { s.deletedAt = now - day }, deleting},
		{"deletions, by an audit", Audit, 5 * hour, old, func(s *State, _ *cell) { s.deletedAt = now - day }, deleting},
		{"deletions, read lately", Live, hour, now, func(s *State, _ *cell) { s.deletedAt = now - day }, nothing},
		{"deletions, read lately, by an audit", Audit, 5 * hour, now - 60, func(s *State, _ *cell) { s.deletedAt = now - day }, deleting},
		{"deletions, read by the audit that this one repeats", Audit, 5 * hour, now - 700, func(s *State, _ *cell) { s.deletedAt, s.lastTry = now-day, now-700 }, nothing},
		{"deletions, long ago", Live, hour, old, func(s *State, _ *cell) { s.deletedAt = now - day - 1 }, nothing},
		{"deletions, in the far past", Audit, 9 * hour, old, func(s *State, _ *cell) { s.deletedAt = now - day }, nothing},
		{"leaving the horizon", Audit, 47 * hour, old - 40*hour, nil, leaving},
		{"leaving the horizon, read for the last time", Audit, 47 * hour, old, nil, nothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(usual(), nil, 0)
			cell := good(c.age, c.readAt)
			if c.change != nil {
				c.change(s, &cell)
			}
			p := s.newPass(c.kind, now, 0)
			if c.kind == Audit {
				p = s.Audit(now, 0)
			}
			require.Equal(t, c.want, p.reread(&cell))
		})
	}
}
