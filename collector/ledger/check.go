package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// What keeps a file from being used.
var (
	errForeign = errors.New("it is not a ledger")
	errCutOff  = errors.New("the file is cut off")
	errEmpty   = errors.New("the file is empty")
	errInUse   = errors.New("another process has it open: run one exporter for each --storage.path")
)

// checkFile refuses a file that bbolt would overwrite, or crash on before it has locked it: one that is not a bbolt database, or
// one that is shorter than the pages in use (bbolt maps it into memory and reads past its end). It only reads the file.
func checkFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // a pipe would block when it is opened
		return fmt.Errorf("%w: not a regular file", errForeign)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info.Size() == 0 {
		return errEmpty // bbolt would make a new database of it, although a ledger may have been there
	}
	meta, err := readMeta(f)
	if err != nil && isZero(f, info.Size()) {
		return errEmpty
	}
	if err != nil {
		return err
	}
	if need := int64(meta.high) * int64(meta.pageSize); info.Size() < need {
		return fmt.Errorf("%w: %d bytes where at least %d are in use", errCutOff, info.Size(), need)
	}
	return nil
}

// isZero reports whether a file is no larger than a new one and contains nothing but zeros. After a power failure a file may have its
// size without its contents.
func isZero(f io.ReaderAt, size int64) bool {
	if size > 4*int64(os.Getpagesize()) {
		return false
	}
	b := make([]byte, size)
	_, err := f.ReadAt(b, 0)
	return err == nil && len(bytes.Trim(b, "\x00")) == 0
}

// openBolt opens and locks a database and checks its pages.
func openBolt(path string, o *bolt.Options) (db *bolt.DB, err error) {
	err = guarded(func() (err error) { // bbolt reads the list of free pages and believes it
		db, err = bolt.Open(path, 0o600, o)
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, errInUse
	case err != nil:
		return nil, err
	}
	f, err := os.Open(path)
	if err == nil {
		err = checkPages(f)
		_ = f.Close()
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// guarded turns a panic or a memory fault over damaged contents into an error.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	return f()
}
