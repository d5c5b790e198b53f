package ledger

import (
	"encoding/binary"
	"slices"

	"itnio_exporter/collector/idset"
)

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

// day contains the ids first seen on one day of the server's clock.
type day struct {
	keys     idset.Set // keyId of every call
	sessions idset.Set // callSessionId of the calls that had a keyId
	orphans  idset.Set // callSessionId of the calls that had none
	tags     idset.Set // hashes of (call, tag), where tags are counted
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
	d.keys.Add(e.keys...)
	d.sessions.Add(e.sessions...)
	d.orphans.Add(e.orphans...)
	d.tags.Add(e.tags...)
}

// load takes all of a day at once, sorting it in place.
func (d *day) load(e *entry) {
	for set, ids := range map[*idset.Set][]uint64{&d.keys: e.keys, &d.sessions: e.sessions, &d.orphans: e.orphans, &d.tags: e.tags} {
		slices.Sort(ids)
		set.Merge(ids)
	}
}

// seal packs a day that is over.
func (d *day) seal() {
	for _, set := range []*idset.Set{&d.keys, &d.sessions, &d.orphans, &d.tags} {
		set.Seal()
	}
}
