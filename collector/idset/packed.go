// Package idset keeps sets of 64-bit record ids small. Ids of an auto-increment key lie close together, so sets are kept as
// differences between sorted ids: one to two bytes an id where the key is dense, eight or nine at worst.
package idset

import (
	"encoding/binary"
	"iter"
	"slices"
)

// Packed is a set that does not change. The zero value is empty; two sets with the same ids are ==.
type Packed struct {
	n     int
	diffs string // uvarints, ascending: the first id, then the difference from each id to the next
}

// Pack makes a set of ids. It sorts the slice and drops repeated ids in place.
func Pack(ids []uint64) Packed {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	buf := make([]byte, 0, len(ids)+8)
	var last uint64
	for _, id := range ids {
		buf = binary.AppendUvarint(buf, id-last)
		last = id
	}
	return Packed{n: len(ids), diffs: string(buf)}
}

// Len is the number of ids.
func (p Packed) Len() int { return p.n }

// All gives the ids in ascending order.
func (p Packed) All() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for c := p.cursor(); c.next(); {
			if !yield(c.id) {
				return
			}
		}
	}
}

// Has reports whether an id is in the set. It takes time in proportion to the size of the set.
func (p Packed) Has(id uint64) bool {
	for c := p.cursor(); c.next() && c.id <= id; {
		if c.id == id {
			return true
		}
	}
	return false
}

// Shared counts the ids of p that are in any of the other sets.
func (p Packed) Shared(others ...Packed) int {
	cursors := make([]cursor, 0, len(others))
	for _, o := range others {
		if c := o.cursor(); c.next() {
			cursors = append(cursors, c)
		}
	}
	n := 0
	for c := p.cursor(); c.next(); {
		shared := false
		for i := range cursors {
			o := &cursors[i]
			for !o.done && o.id < c.id {
				o.next()
			}
			shared = shared || !o.done && o.id == c.id
		}
		if shared {
			n++
		}
	}
	return n
}

// Without gives the ids of p that are not in another set.
func (p Packed) Without(other Packed) []uint64 {
	var out []uint64
	o := other.cursor()
	o.next()
	for c := p.cursor(); c.next(); {
		for !o.done && o.id < c.id {
			o.next()
		}
		if o.done || o.id != c.id {
			out = append(out, c.id)
		}
	}
	return out
}

// Append encodes the set: the number of ids, then the differences.
func (p Packed) Append(dst []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(p.n)), p.diffs...)
}

// Decode reads what Append wrote and gives the bytes behind it; ok is false on damaged input.
func Decode(src []byte) (p Packed, rest []byte, ok bool) {
	n, k := binary.Uvarint(src)
	if k <= 0 || n > uint64(len(src)) {
		return Packed{}, nil, false
	}
	src = src[k:]
	at := 0
	var last uint64
	for i := range n {
		diff, k := binary.Uvarint(src[at:])
		if k <= 0 || i > 0 && (diff == 0 || last+diff < last) {
			return Packed{}, nil, false
		}
		last += diff
		at += k
	}
	return Packed{n: int(n), diffs: string(src[:at])}, src[at:], true
}

// cursor goes over a set in ascending order.
type cursor struct {
	rest string
	id   uint64
	done bool // there are no more; id is then the last one
}

func (p Packed) cursor() cursor { return cursor{rest: p.diffs} }

func (c *cursor) next() bool {
	if len(c.rest) == 0 {
		c.done = true
		return false
	}
	var diff uint64
	for i, shift := 0, 0; ; i, shift = i+1, shift+7 {
		b := c.rest[i]
		diff |= uint64(b&0x7f) << shift
		if b < 0x80 {
			c.rest = c.rest[i+1:]
			break
		}
	}
	c.id += diff
	return true
}
