package reconcile

import (
	"encoding/binary"

	"itnio_exporter/collector/idset"
)

// Cell is what is known of the window [From, To), Unix seconds, in the form in which it is stored. Only this package reads Data.
// A cell replaces all stored cells that it overlaps.
type Cell struct {
	From, To int64
	Data     []byte
}

// codecVersion is the first byte of Data.
const codecVersion = 1

func (c *cell) encode() Cell {
	dst := []byte{codecVersion, byte(c.kind), 0}
	if c.odd {
		dst[2] = 1
	}
	dst = binary.AppendVarint(dst, int64(c.total))
	dst = binary.AppendVarint(dst, c.readAt)
	dst = binary.AppendVarint(dst, c.lostAt)
	return Cell{From: c.From, To: c.To, Data: c.ids.Append(dst)}
}

// decode reads a stored cell. It returns false if the cell is damaged or of another version: its window is then read again.
func decode(stored Cell) (c cell, ok bool) {
	src := stored.Data
	if len(src) < 3 || src[0] != codecVersion || src[1] > byte(cellGap) || src[2] > 1 || stored.From >= stored.To {
		return cell{}, false
	}
	c = cell{Window: Window{stored.From, stored.To}, kind: cellKind(src[1]), odd: src[2] == 1}
	src = src[3:]
	total, n := binary.Varint(src)
	if n <= 0 || total < unknown {
		return cell{}, false
	}
	src = src[n:]
	readAt, n := binary.Varint(src)
	if n <= 0 {
		return cell{}, false
	}
	src = src[n:]
	lostAt, n := binary.Varint(src)
	if n <= 0 {
		return cell{}, false
	}
	c.total, c.readAt, c.lostAt = int(total), readAt, lostAt
	c.ids, src, ok = idset.Decode(src[n:])
	return c, ok && len(src) == 0
}
