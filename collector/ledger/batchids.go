package ledger

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/idset"
)

// batchIDs are the ids that a transaction adds, seen together with those that the ledger has.
type batchIDs struct {
	days  []*day // the account's
	entry entry
	seen  map[uint64]struct{} // entry.keys
	ends  []int64             // days on which the calls of entry ended
}

// known looks a call up by its key. Its session is looked up where it, or what was seen before, has no key: the same call may
// come with and without it.
func (b *batchIDs) known(c *call.Call) bool {
	if c.Key == 0 {
		return slices.Contains(b.entry.orphans, c.Session) || slices.Contains(b.entry.sessions, c.Session) ||
			b.has(sessionsOf, c.Session) || b.has(orphansOf, c.Session)
	}
	if _, ok := b.seen[c.Key]; ok || b.has(keysOf, c.Key) {
		return true
	}
	if c.Session != 0 && (slices.Contains(b.entry.orphans, c.Session) || b.has(orphansOf, c.Session)) {
		b.rememberKey(c.Key)
		return true
	}
	return false
}

// has looks an id up in one of the sets of every day.
func (b *batchIDs) has(set func(*day) *idset.Set, id uint64) bool {
	for _, d := range b.days {
		if set(d).Has(id) {
			return true
		}
	}
	return false
}

func keysOf(d *day) *idset.Set     { return &d.keys }
func sessionsOf(d *day) *idset.Set { return &d.sessions }
func orphansOf(d *day) *idset.Set  { return &d.orphans }
func tagsOf(d *day) *idset.Set     { return &d.tags }

// remember adds the ids of a call.
func (b *batchIDs) remember(c *call.Call) {
	if !c.End.IsZero() {
		b.ends = append(b.ends, dayOf(c.End))
	}
	switch {
	case c.Key == 0:
		b.entry.orphans = append(b.entry.orphans, c.Session)
		return
	case c.Session != 0:
		b.entry.sessions = append(b.entry.sessions, c.Session)
	}
	b.rememberKey(c.Key)
}

func (b *batchIDs) rememberKey(key uint64) {
	b.entry.keys = append(b.entry.keys, key)
	b.seen[key] = struct{}{}
}

// rememberTag adds a tag of a call and reports whether it is new.
func (b *batchIDs) rememberTag(c *call.Call, tag string) bool {
	h := fnv.New64a()
	id := c.Key
	if id == 0 {
		id = c.Session
	}
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, id))
	_, _ = h.Write([]byte(tag))
	sum := h.Sum64()
	if slices.Contains(b.entry.tags, sum) || b.has(tagsOf, sum) {
		return false
	}
	b.entry.tags = append(b.entry.tags, sum)
	return true
}

// day is the day under which the ids are stored: the server's day, but not before the day on which the calls ended. Otherwise,
// while the server's clock is behind, ids would be stored too early, dropped too early, and their calls counted again. The
// median of the ends is used because a single record may end in the year 2099.
func (b *batchIDs) day(server time.Time) int64 {
	number := dayOf(server)
	if len(b.ends) > 0 {
		slices.Sort(b.ends)
		number = max(number, b.ends[len(b.ends)/2])
	}
	return number
}
