package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// errForeign says that a file is not a ledger at all.
var errForeign = errors.New("it is not a ledger")

// checkFile refuses a file that bbolt would crash on or overwrite: one that is no bbolt database, or one that is shorter
// than its own pages claim (bbolt maps it into memory and reads past its end). It only reads.
func checkFile(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file", errForeign)
	}
	if info.Size() == 0 {
		// bbolt would make a new database of it, and every call within reach would be counted again.
		return fmt.Errorf("%w: the file is empty", errForeign)
	}
	pageSize, high, err := readMetas(f)
	if err != nil {
		return err
	}
	if need := int64(high) * int64(pageSize); info.Size() < need {
		return fmt.Errorf("the file is cut off: %d bytes where at least %d are in use", info.Size(), need)
	}
	return nil
}

// bbolt's meta pages 0 and 1, see its file format: a page header of 16 bytes, then magic, version, page size, flags, root,
// free list, high-water page id, transaction id and an FNV-64a checksum.
const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	boltPageHeader = 16
	boltMetaSize   = 64
)

// readMetas gives the page size and the high-water mark of the newest valid meta page.
func readMetas(r io.ReaderAt) (pageSize uint32, high uint64, err error) {
	var newest uint64
	found := false
	try := func(at int64) uint32 {
		buf := make([]byte, boltPageHeader+boltMetaSize)
		if _, err := r.ReadAt(buf, at); err != nil {
			return 0
		}
		m := buf[boltPageHeader:]
		le := binary.NativeEndian
		if le.Uint32(m) != boltMagic || le.Uint32(m[4:]) != boltVersion || fnv64a(m[:56]) != le.Uint64(m[56:]) {
			return 0
		}
		size, pgid, txid := le.Uint32(m[8:]), le.Uint64(m[40:]), le.Uint64(m[48:])
		if !found || txid > newest {
			found, newest, pageSize, high = true, txid, size, pgid
		}
		return size
	}
	if size := try(0); size != 0 {
		try(int64(size))
	} else {
		for at := int64(1024); at <= 64<<10 && !found; at *= 2 {
			try(at)
		}
	}
	if !found {
		return 0, 0, errForeign
	}
	return pageSize, high, nil
}

func fnv64a(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// checkPages walks every page of an open database, so that damage is found now and not in the middle of a transaction.
func checkPages(db *bolt.DB) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a page is unreadable: %v", r)
		}
	}()
	return db.View(func(tx *bolt.Tx) error {
		var first error
		for e := range tx.Check() {
			if first == nil {
				first = e
			}
		}
		return first
	})
}
