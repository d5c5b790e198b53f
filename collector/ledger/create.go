package ledger

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// unfinished is the end of the name of a file that is being made. Until it is complete, nothing depends on it.
const unfinished = ".new"

// origin is where a file comes from.
type origin uint8

const (
	wasThere origin = iota
	created
	replaced // created in the place of one without contents
)

// firstUpdate is the id of the first transaction that can write anything into a new bbolt database.
const firstUpdate = 2

// createIfMissing makes the file, with what fill writes, if there is none, or none that was ever written to. One that is left
// unfinished is made again.
func (f *file) createIfMissing(fill func(*bolt.Tx) error) (origin, error) {
	from := created
	if _, err := os.Lstat(f.path); !errors.Is(err, fs.ErrNotExist) {
		if !neverWritten(f.path) {
			return wasThere, nil // open tells what is wrong with it, if anything is
		}
		if err := f.removeUnfinished(f.path); err != nil {
			return wasThere, err
		}
		from = replaced
	}
	if err := f.build(func(db *bolt.DB) error { return db.Update(fill) }); err != nil {
		return wasThere, err
	}
	return from, f.install()
}

// neverWritten reports whether a file is a bbolt database, or the beginning of one, without any transaction. Older releases made
// the file in its place, and left it so if their first start was interrupted.
func neverWritten(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	meta, err := readMeta(f)
	return err == nil && meta.txid < firstUpdate
}

// build makes a complete and durable file under another name.
func (f *file) build(fill func(*bolt.DB) error) (err error) {
	name := f.path + unfinished
	if err := f.removeUnfinished(name); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(name)
		}
	}()
	o := f.options
	o.NoSync, o.NoGrowSync = true, true // one sync at the end does
	db, err := bolt.Open(name, 0o600, &o)
	if err != nil {
		return err
	}
	err = fill(db)
	if err == nil && !f.options.NoSync {
		err = db.Sync()
	}
	return errors.Join(err, db.Close())
}

// install gives the file that build has made its name.
func (f *file) install() error {
	if err := os.Rename(f.path+unfinished, f.path); err != nil {
		return err
	}
	if f.options.NoSync {
		return nil
	}
	return syncDirectory(filepath.Dir(f.path))
}

// removeUnfinished removes what an interrupted make has left, unless another process is making it now.
func (f *file) removeUnfinished(name string) error {
	switch info, err := os.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !info.Mode().IsRegular(): // nothing that an interrupted make has left
		return os.Remove(name)
	}
	var db *bolt.DB
	err := guarded(func() (err error) {
		db, err = bolt.Open(name, 0o600, &bolt.Options{Timeout: f.options.Timeout, ReadOnly: true})
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return errInUse
	case err == nil:
		_ = db.Close()
	}
	return os.Remove(name)
}
