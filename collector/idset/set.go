package idset

import (
	"encoding/binary"
	"maps"
	"slices"
	"sort"
)

// Set is a set of ids that grows and never shrinks. All but the newest ids are kept as sorted blocks of differences.
// A roaring bitmap is as small for dense keys and ten times larger for sparse ones (snowflakes, hashes). The zero value is empty.
type Set struct {
	tail   map[uint64]struct{} // not yet in blocks
	blocks []block
	deltas []byte // uvarints: from each sealed id of a block to the next one
	sealed int    // ids in blocks
	last   uint64 // the largest sealed id
}

// block is a run of blockIDs ascending ids, the last one of a set of fewer.
type block struct {
	first uint64
	at    int // where its differences begin
}

const (
	blockIDs = 128
	minTail  = 4096
)

// Len is the number of ids. An id that was sealed and then added again counts twice until the next Seal.
func (s *Set) Len() int { return s.sealed + len(s.tail) }

// Has reports whether an id is in the set.
func (s *Set) Has(id uint64) bool {
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

func (s *Set) deltasOf(i int) []byte {
	if i+1 < len(s.blocks) {
		return s.deltas[s.blocks[i].at:s.blocks[i+1].at]
	}
	return s.deltas[s.blocks[i].at:]
}

// Add adds ids, in any order. They need not be new.
func (s *Set) Add(ids ...uint64) {
	if s.tail == nil {
		s.tail = make(map[uint64]struct{}, len(ids))
	}
	for _, id := range ids {
		s.tail[id] = struct{}{}
	}
	// Sealing rewrites the set, so it waits until the tail is a fair share of it: each id is rewritten a few times in all.
	if len(s.tail) >= max(minTail, s.sealed/16) {
		s.Seal()
	}
}

// Seal moves the tail into the blocks.
func (s *Set) Seal() {
	if len(s.tail) > 0 {
		s.Merge(slices.Sorted(maps.Keys(s.tail)))
		s.tail = nil
	}
}

// Merge adds ids, which must be sorted, to the blocks. They need not be new.
func (s *Set) Merge(fresh []uint64) {
	next := Set{tail: s.tail, deltas: make([]byte, 0, len(s.deltas)+2*len(fresh))}
	next.blocks = make([]block, 0, (s.sealed+len(fresh))/blockIDs+1)
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
	next.deltas = slices.Clone(next.deltas) // drops spare capacity: a set is kept for days
	*s = next
}

// push appends an id that is not smaller than the last one.
func (s *Set) push(id uint64) {
	switch {
	case s.sealed > 0 && id == s.last:
		return
	case s.sealed%blockIDs == 0:
		s.blocks = append(s.blocks, block{first: id, at: len(s.deltas)})
	default:
		s.deltas = binary.AppendUvarint(s.deltas, id-s.last)
	}
	s.last = id
	s.sealed++
}
