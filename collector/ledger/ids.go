package ledger

import (
	"encoding/binary"
	"maps"
	"slices"
	"sort"
)

// idSet is a set of 64-bit ids that grows and never shrinks. Ids of an auto-increment key lie close together, so all but
// the newest are kept as sorted blocks of differences: one to two bytes an id where the key is dense, eight at worst.
// A roaring bitmap is as small for dense keys and ten times larger for sparse ones (snowflakes, hashes).
type idSet struct {
	tail   map[uint64]struct{} // not yet in blocks
	blocks []idBlock
	deltas []byte // uvarints: from each sealed id of a block to the next one
	sealed int    // ids in blocks
	last   uint64 // the largest sealed id
}

// idBlock is a run of blockIDs ascending ids, the last one of a set of fewer.
type idBlock struct {
	first uint64
	at    int // where its differences begin
}

const (
	blockIDs = 128
	minTail  = 4096
)

// len is the number of ids, those that were added again after they were sealed counted twice.
func (s *idSet) len() int { return s.sealed + len(s.tail) }

func (s *idSet) has(id uint64) bool {
	if _, ok := s.tail[id]; ok {
		return true
	}
	if s.sealed == 0 || id > s.last || id < s.blocks[0].first {
		return false
	}
	i := sort.Search(len(s.blocks), func(i int) bool { return s.blocks[i].first > id }) - 1
	v := s.blocks[i].first
	for d := s.deltasOf(i); v < id && len(d) > 0; {
		delta, n := binary.Uvarint(d)
		v += delta
		d = d[n:]
	}
	return v == id
}

func (s *idSet) deltasOf(block int) []byte {
	if block+1 < len(s.blocks) {
		return s.deltas[s.blocks[block].at:s.blocks[block+1].at]
	}
	return s.deltas[s.blocks[block].at:]
}

func (s *idSet) add(ids ...uint64) {
	if s.tail == nil {
		s.tail = make(map[uint64]struct{}, len(ids))
	}
	for _, id := range ids {
		s.tail[id] = struct{}{}
	}
	// Sealing rewrites the set, so it waits until the tail is a fair share of it: each id is rewritten a few times in all.
	if len(s.tail) >= max(minTail, s.sealed/16) {
		s.seal()
	}
}

// seal moves the tail into the blocks.
func (s *idSet) seal() {
	if len(s.tail) > 0 {
		s.merge(slices.Sorted(maps.Keys(s.tail)))
		s.tail = nil
	}
}

// merge brings sorted ids into the blocks.
func (s *idSet) merge(fresh []uint64) {
	next := idSet{tail: s.tail, deltas: make([]byte, 0, len(s.deltas)+2*len(fresh))}
	next.blocks = make([]idBlock, 0, (s.sealed+len(fresh))/blockIDs+1)
	for i := range s.blocks {
		v := s.blocks[i].first
		for d := s.deltasOf(i); ; {
			for len(fresh) > 0 && fresh[0] < v {
				next.push(fresh[0])
				fresh = fresh[1:]
			}
			next.push(v)
			if len(d) == 0 {
				break
			}
			delta, n := binary.Uvarint(d)
			v += delta
			d = d[n:]
		}
	}
	for _, id := range fresh {
		next.push(id)
	}
	next.deltas = slices.Clone(next.deltas) // for good: without room to grow
	*s = next
}

// push appends an id that is not smaller than the last one.
func (s *idSet) push(id uint64) {
	switch {
	case s.sealed > 0 && id == s.last:
		return
	case s.sealed%blockIDs == 0:
		s.blocks = append(s.blocks, idBlock{first: id, at: len(s.deltas)})
	default:
		s.deltas = binary.AppendUvarint(s.deltas, id-s.last)
	}
	s.last = id
	s.sealed++
}

// appendIDs encodes a list of ids, sorting it in place: its length, then differences.
func appendIDs(dst []byte, ids []uint64) []byte {
	slices.Sort(ids)
	dst = binary.AppendUvarint(dst, uint64(len(ids)))
	var prev uint64
	for _, id := range ids {
		dst = binary.AppendUvarint(dst, id-prev)
		prev = id
	}
	return dst
}

// readIDs is the reverse of appendIDs, appending to ids; ok is false on damaged input.
func readIDs(ids []uint64, src []byte) (_ []uint64, rest []byte, ok bool) {
	n, k := binary.Uvarint(src)
	if k <= 0 || n > uint64(len(src)) {
		return nil, nil, false
	}
	src = src[k:]
	var v uint64
	for range n {
		d, k := binary.Uvarint(src)
		if k <= 0 {
			return nil, nil, false
		}
		v += d
		src = src[k:]
		ids = append(ids, v)
	}
	return ids, src, true
}

// day holds the ids first seen on one day of the server's clock.
type day struct {
	keys     idSet // keyId of every call
	sessions idSet // callSessionId of the calls that had a keyId
	orphans  idSet // callSessionId of the calls that had none
	tags     idSet // hashes of (call, tag), where tags are counted
}

// entry is what one transaction adds to a day.
type entry struct {
	keys, sessions, orphans, tags []uint64
}

func (e *entry) empty() bool {
	return len(e.keys)+len(e.sessions)+len(e.orphans)+len(e.tags) == 0
}

// reset empties an entry and keeps its room.
func (e *entry) reset() {
	e.keys, e.sessions, e.orphans, e.tags = e.keys[:0], e.sessions[:0], e.orphans[:0], e.tags[:0]
}

func (e *entry) encode() []byte {
	dst := make([]byte, 0, 16+4*(len(e.keys)+len(e.sessions)))
	for _, ids := range [][]uint64{e.keys, e.sessions, e.orphans, e.tags} {
		dst = appendIDs(dst, ids)
	}
	return dst
}

// decode adds to e what encode wrote; false on damaged input.
func (e *entry) decode(src []byte) bool {
	ok := true
	for _, ids := range []*[]uint64{&e.keys, &e.sessions, &e.orphans, &e.tags} {
		if ok {
			*ids, src, ok = readIDs(*ids, src)
		}
	}
	return ok && len(src) == 0
}

func (d *day) add(e *entry) {
	d.keys.add(e.keys...)
	d.sessions.add(e.sessions...)
	d.orphans.add(e.orphans...)
	d.tags.add(e.tags...)
}

// load takes all of a day at once, sorting it in place.
func (d *day) load(e *entry) {
	for set, ids := range map[*idSet][]uint64{&d.keys: e.keys, &d.sessions: e.sessions, &d.orphans: e.orphans, &d.tags: e.tags} {
		slices.Sort(ids)
		set.merge(ids)
	}
}

// seal packs a day that is over.
func (d *day) seal() {
	for _, set := range []*idSet{&d.keys, &d.sessions, &d.orphans, &d.tags} {
		set.seal()
	}
}
