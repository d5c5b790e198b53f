package ledger

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"
)

// idSet is a set of 64-bit ids that grows and never shrinks. Ids of an auto-increment key lie close together, so all but
// the newest are kept as sorted blocks of differences: one to two bytes an id where the key is dense, eight at worst.
// A roaring bitmap is as small for dense keys and ten times larger for sparse ones (snowflakes, hashes).
type idSet struct {
	tail   map[uint64]struct{} // not yet in blocks
	blocks []idBlock           // sorted, disjoint
	sealed int                 // ids in blocks
	last   uint64              // the largest sealed id
}

type idBlock struct {
	first  uint64
	n      uint32
	deltas []byte // n-1 uvarints
}

const (
	blockIDs = 128
	minTail  = 4096
)

func (s *idSet) len() int { return s.sealed + len(s.tail) }

func (s *idSet) has(id uint64) bool {
	if _, ok := s.tail[id]; ok {
		return true
	}
	if s.sealed == 0 || id > s.last || id < s.blocks[0].first {
		return false
	}
	i := sort.Search(len(s.blocks), func(i int) bool { return s.blocks[i].first > id }) - 1
	b := &s.blocks[i]
	v := b.first
	for d := b.deltas; v < id && len(d) > 0; {
		delta, n := binary.Uvarint(d)
		v += delta
		d = d[n:]
	}
	return v == id
}

func (s *idSet) add(ids ...uint64) {
	if s.tail == nil {
		s.tail = make(map[uint64]struct{}, len(ids))
	}
	for _, id := range ids {
		s.tail[id] = struct{}{}
	}
	// Sealing rewrites the set, so it waits until the tail is a fair share of it: each id is rewritten a few times in all.
	if len(s.tail) >= max(minTail, s.sealed/8) {
		s.seal()
	}
}

func (s *idSet) seal() {
	fresh := make([]uint64, 0, len(s.tail))
	for id := range s.tail {
		fresh = append(fresh, id)
	}
	slices.Sort(fresh)
	old := s.blocks
	s.blocks = make([]idBlock, 0, (s.sealed+len(fresh))/blockIDs+1)
	s.sealed, s.tail = 0, nil

	var buf []byte
	var cur idBlock
	flush := func() {
		if cur.n > 0 {
			cur.deltas = slices.Clone(buf)
			s.blocks = append(s.blocks, cur)
			s.sealed += int(cur.n)
		}
		buf, cur = buf[:0], idBlock{}
	}
	put := func(id uint64) {
		switch {
		case cur.n > 0 && id == s.last:
			return
		case cur.n == blockIDs:
			flush()
			fallthrough
		case cur.n == 0:
			cur.first, cur.n = id, 1
		default:
			buf = binary.AppendUvarint(buf, id-s.last)
			cur.n++
		}
		s.last = id
	}
	i := 0
	upTo := func(limit uint64) {
		for ; i < len(fresh) && fresh[i] < limit; i++ {
			put(fresh[i])
		}
	}
	for _, b := range old {
		v := b.first
		upTo(v)
		put(v)
		for d := b.deltas; len(d) > 0; {
			delta, n := binary.Uvarint(d)
			v += delta
			d = d[n:]
			upTo(v)
			put(v)
		}
	}
	upTo(math.MaxUint64)
	if i < len(fresh) {
		put(fresh[i])
	}
	flush()
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

// readIDs is the reverse of appendIDs; ok is false on damaged input.
func readIDs(src []byte) (ids []uint64, rest []byte, ok bool) {
	n, k := binary.Uvarint(src)
	if k <= 0 || n > uint64(len(src)) {
		return nil, nil, false
	}
	src = src[k:]
	ids = make([]uint64, 0, n)
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

func (e *entry) encode() []byte {
	dst := make([]byte, 0, 16+4*(len(e.keys)+len(e.sessions)))
	for _, ids := range [][]uint64{e.keys, e.sessions, e.orphans, e.tags} {
		dst = appendIDs(dst, ids)
	}
	return dst
}

func (e *entry) decode(src []byte) bool {
	ok := true
	for _, ids := range []*[]uint64{&e.keys, &e.sessions, &e.orphans, &e.tags} {
		if ok {
			*ids, src, ok = readIDs(src)
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
