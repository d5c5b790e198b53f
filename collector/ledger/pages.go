package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// bbolt trusts its pages: a damaged one makes it crash in the middle of a transaction, or lets it write over what is there. So
// every page that is in use is checked before it is trusted, by plain reads of the file.
//
// bbolt's own means do not do this. tx.Check, tried after every key and value had been read in a goroutine that survives faults,
// does not end on some of the files of TestDamagedPages: an overflow count of 2^32 makes it note as many pages in memory, and a
// branch that leads back to its parent makes it, and any cursor, descend for ever. A guarded read of everything finds neither
// damage to the list of free pages nor keys out of order. The checksums of our values do not cover keys and structure.
//
// The format: pages 0 and 1 are metas, the valid one with the higher transaction id counts. A page starts with its id, flags,
// number of elements and the number of pages it goes on over. Elements point at their keys and values, relative to
// themselves. A bucket is a value that contains the id of its root page, or, where that is 0, the page itself.
const (
	pageHeader  = 16
	elementSize = 16
	branchPage  = 0x01
	leafPage    = 0x02
	freePage    = 0x10
	bucketValue = 0x01

	metaSize    = 64
	metaMagic   = 0xED0CDAED
	metaVersion = 2
)

// boltMeta is what a meta page says.
type boltMeta struct {
	pageSize                   uint32
	root, freelist, high, txid uint64 // high: the first page id that was never used
}

// readMeta gives the newest valid meta page.
func readMeta(r io.ReaderAt) (newest boltMeta, err error) {
	found := false
	try := func(at int64) {
		buf := make([]byte, pageHeader+metaSize)
		if _, err := r.ReadAt(buf, at); err != nil {
			return
		}
		b, ne := buf[pageHeader:], binary.NativeEndian
		if ne.Uint32(b) != metaMagic || ne.Uint32(b[4:]) != metaVersion || fnv64a(b[:56]) != ne.Uint64(b[56:]) {
			return
		}
		m := boltMeta{pageSize: ne.Uint32(b[8:]), root: ne.Uint64(b[16:]), freelist: ne.Uint64(b[32:]), high: ne.Uint64(b[40:]), txid: ne.Uint64(b[48:])}
		if !found || m.txid > newest.txid {
			found, newest = true, m
		}
	}
	try(0)
	if found {
		try(int64(newest.pageSize))
	}
	for at := int64(1024); at <= 64<<10 && !found; at *= 2 {
		try(at)
	}
	if !found {
		return boltMeta{}, errForeign
	}
	return newest, nil
}

func fnv64a(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// pageCheck walks the pages that are in use.
type pageCheck struct {
	r    io.ReaderAt
	meta boltMeta
	used []bool // by page id
}

// checkPages finds damage in the structure of a database: pages that are not what they have to be, keys out of order,
// pages that are used twice or are both used and free, or neither.
func checkPages(r io.ReaderAt) error {
	meta, err := readMeta(r)
	if err != nil {
		return err
	}
	c := pageCheck{r: r, meta: meta, used: make([]bool, meta.high)}
	if err := c.tree(meta.root, nil, nil); err != nil {
		return err
	}
	free, err := c.freelist()
	if err != nil {
		return err
	}
	for _, id := range free {
		if id < 2 || id >= meta.high || c.used[id] {
			return fmt.Errorf("%w: page %d cannot be free", errDamaged, id)
		}
		c.used[id] = true
	}
	if i := slices.Index(c.used[2:], false); i >= 0 {
		return fmt.Errorf("%w: page %d is neither used nor free", errDamaged, i+2)
	}
	return nil
}

// page reads a page, and marks all it goes on over as used.
func (c *pageCheck) page(id uint64) ([]byte, error) {
	damaged := fmt.Errorf("%w: page %d", errDamaged, id)
	size := uint64(c.meta.pageSize)
	if id < 2 || id >= c.meta.high {
		return nil, damaged
	}
	header := make([]byte, pageHeader)
	if _, err := c.r.ReadAt(header, int64(id*size)); err != nil {
		return nil, err
	}
	n := 1 + uint64(binary.NativeEndian.Uint32(header[12:]))
	if binary.NativeEndian.Uint64(header) != id || n > c.meta.high-id || slices.Contains(c.used[id:id+n], true) {
		return nil, damaged
	}
	for i := range n {
		c.used[id+i] = true
	}
	b := make([]byte, n*size)
	_, err := c.r.ReadAt(b, int64(id*size))
	return b, err
}

// tree checks the pages from one on; their keys have to lie in [low, high), where these are given.
func (c *pageCheck) tree(id uint64, low, high []byte) error {
	b, err := c.page(id)
	if err != nil {
		return err
	}
	if err := c.elements(b, low, high); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// keyRange is where the keys of a page have to lie, [low, high) where these are given, in ascending order.
type keyRange struct {
	low, high []byte
	started   bool // low is a key of the page
}

// next takes the page's next key and reports whether it may be there.
func (r *keyRange) next(key []byte) bool {
	if cmp := bytes.Compare(key, r.low); cmp < 0 || cmp == 0 && r.started {
		return false
	}
	r.low, r.started = key, true
	return r.high == nil || bytes.Compare(key, r.high) < 0
}

// elements checks the elements of a page, whose keys have to lie in [low, high), and the pages beneath it.
func (c *pageCheck) elements(b, low, high []byte) error {
	flags, count := binary.NativeEndian.Uint16(b[8:]), int(binary.NativeEndian.Uint16(b[10:]))
	if pageHeader+count*elementSize > len(b) {
		return errDamaged
	}
	keys := keyRange{low: low, high: high}
	switch {
	case flags == leafPage:
		return c.leaf(b, count, &keys)
	case flags == branchPage && count > 0:
		return c.branch(b, count, &keys)
	}
	return errDamaged
}

// part is what an element points to: size bytes at pos, relative to the element at.
func part(b []byte, count, at int, pos, size uint32) ([]byte, error) {
	from := uint64(at) + uint64(pos)
	if from+uint64(size) > uint64(len(b)) || from < uint64(pageHeader+count*elementSize) {
		return nil, errDamaged
	}
	return b[from : from+uint64(size)], nil
}

func (c *pageCheck) branch(b []byte, count int, keys *keyRange) error {
	ne := binary.NativeEndian
	var child uint64 // the one whose upper end is still to be found
	for i := range count {
		at := pageHeader + i*elementSize
		e := b[at : at+elementSize]
		key, err := part(b, count, at, ne.Uint32(e), ne.Uint32(e[4:]))
		if err != nil {
			return err
		}
		from := keys.low
		if !keys.next(key) {
			return errDamaged
		}
		if i > 0 {
			if err := c.tree(child, from, key); err != nil {
				return err
			}
		}
		child = ne.Uint64(e[8:])
	}
	return c.tree(child, keys.low, keys.high)
}

func (c *pageCheck) leaf(b []byte, count int, keys *keyRange) error {
	ne := binary.NativeEndian
	for i := range count {
		at := pageHeader + i*elementSize
		e := b[at : at+elementSize]
		kind, pos, keySize, valueSize := ne.Uint32(e), ne.Uint32(e[4:]), ne.Uint32(e[8:]), ne.Uint32(e[12:])
		key, err := part(b, count, at, pos, keySize)
		if err != nil {
			return err
		}
		if !keys.next(key) || kind&^bucketValue != 0 {
			return errDamaged
		}
		value, err := part(b, count, at, pos+keySize, valueSize)
		if err != nil {
			return err
		}
		if kind == bucketValue {
			if err := c.bucket(value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *pageCheck) bucket(value []byte) error {
	if len(value) < 16 {
		return errDamaged
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return c.tree(root, nil, nil)
	}
	inline := value[16:]
	if len(inline) < pageHeader || binary.NativeEndian.Uint16(inline[8:]) != leafPage {
		return errDamaged
	}
	return c.elements(inline, nil, nil)
}

func (c *pageCheck) freelist() ([]uint64, error) {
	b, err := c.page(c.meta.freelist)
	if err != nil {
		return nil, err
	}
	ne := binary.NativeEndian
	flags, count := ne.Uint16(b[8:]), uint64(ne.Uint16(b[10:]))
	b = b[pageHeader:]
	if count == 0xffff { // too many for the header
		count, b = ne.Uint64(b), b[8:]
	}
	if flags != freePage || count > uint64(len(b))/8 {
		return nil, fmt.Errorf("%w: the list of free pages", errDamaged)
	}
	ids := make([]uint64, count)
	for i := range ids {
		ids[i] = ne.Uint64(b[8*i:])
	}
	return ids, nil
}
