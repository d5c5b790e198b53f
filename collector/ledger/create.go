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

// createIfMissing makes the file, with what fill writes, if there is none. One that is left unfinished is made again.
func (f *file) createIfMissing(fill func(*bolt.Tx) error) (created bool, err error) {
	if _, err := os.Lstat(f.path); !errors.Is(err, fs.ErrNotExist) {
		return false, nil // open tells what is wrong with it, if anything is
	}
	if err := f.build(func(db *bolt.DB) error { return db.Update(fill) }); err != nil {
		return false, err
	}
	return true, f.install()
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
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
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
