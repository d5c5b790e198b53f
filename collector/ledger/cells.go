package ledger

import (
	"bytes"
	"encoding/binary"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Cell is what is known of one window of an account: [From, To), Unix seconds. What that is, the planner encodes; the ledger
// knows only which windows overlap.
type Cell struct {
	From, To int64
	Data     []byte
}

func (c *Cell) encode() []byte { return seal(append(binary.AppendVarint(nil, c.To), c.Data...)) }

func decodeCell(key, src []byte) (Cell, error) {
	b, err := unseal(src)
	if err != nil || len(key) != 8 {
		return Cell{}, errDamaged
	}
	r := reader{b: b}
	c := Cell{From: int64(binary.BigEndian.Uint64(key)), To: r.varint()}
	if r.bad {
		return Cell{}, errDamaged
	}
	c.Data = slices.Clone(r.b)
	return c, nil
}

func readCells(account *bolt.Bucket) ([]Cell, error) {
	return readBucket(account, bucketCells, decodeCell)
}

// writeCells drops the windows that a batch has done with and puts its own in the place of all that they overlap.
func writeCells(account *bolt.Bucket, b *Batch) error {
	if len(b.Cells) == 0 && b.DropBefore == 0 {
		return nil
	}
	cells, err := account.CreateBucketIfNotExists([]byte(bucketCells))
	if err != nil {
		return err
	}
	gone, err := endedBy(cells.Cursor(), b.DropBefore)
	if err != nil {
		return err
	}
	for _, c := range b.Cells {
		under, err := overlapped(cells.Cursor(), c)
		if err != nil {
			return err
		}
		gone = append(gone, under...)
	}
	for _, k := range gone {
		if err := cells.Delete(k); err != nil {
			return err
		}
	}
	for _, c := range b.Cells {
		if err := cells.Put(be64(c.From), c.encode()); err != nil {
			return err
		}
	}
	return nil
}

// endedBy gives the keys of the windows that end at or before a time.
func endedBy(cur *bolt.Cursor, at int64) (keys [][]byte, err error) {
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		c, err := decodeCell(k, v)
		if err != nil || c.To > at {
			return keys, err
		}
		keys = append(keys, slices.Clone(k))
	}
	return keys, nil
}

// overlapped gives the keys of the windows that have a second in common with one.
func overlapped(cur *bolt.Cursor, c Cell) (keys [][]byte, err error) {
	// The one before may reach into it.
	step := cur.Prev
	if k, _ := cur.Seek(be64(c.From)); k == nil {
		step = cur.Last
	}
	k, v := step()
	if k != nil {
		before, err := decodeCell(k, v)
		if err != nil {
			return nil, err
		}
		if before.To > c.From {
			keys = append(keys, slices.Clone(k))
		}
	}
	for k, _ := cur.Seek(be64(c.From)); k != nil && bytes.Compare(k, be64(c.To)) < 0; k, _ = cur.Next() {
		keys = append(keys, slices.Clone(k))
	}
	return keys, nil
}
