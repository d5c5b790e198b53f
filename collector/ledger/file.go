package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
)

// errUndecided says that a commit failed so late that its transaction may be in the file all the same.
var errUndecided = errors.New("the commit failed")

// file is the ledger's file, a bbolt database. It refuses to write to a file that is no longer the one it opened, and finds out
// what became of a commit that failed. Methods that change it are for the ledger's writer alone.
type file struct {
	path    string
	options bolt.Options
	before  func() error
	after   func() error

	replacing sync.RWMutex // locked for writing while db is closed and opened again
	db        *bolt.DB     // nil: closed, or not open again yet

	size atomic.Int64 // bytes that must be there

	mu      sync.Mutex  // guards what follows
	writing bool        // a transaction is under way
	handle  *os.File    // db's own
	txid    uint64      // of the last transaction that is known to be in the file
	tried   uint64      // of a transaction under way, or one whose outcome is not known; 0: none
	opened  fs.FileInfo // which file it is; nil: whichever is found
	// failure is why the file could not be opened again after a commit that failed; nil: it was not tried yet.
	failure error
	broken  error // a page could not be read: bbolt may never release its locks, so nothing is done any more
}

// open opens and locks the database and checks its pages. replacing is locked, or no one else knows f yet.
func (f *file) open() error {
	if err := checkFile(f.path); err != nil {
		return err
	}
	o := f.options
	var handle *os.File
	o.OpenFile = func(name string, flag int, mode os.FileMode) (_ *os.File, err error) {
		handle, err = os.OpenFile(name, flag&^os.O_CREATE, mode)
		return handle, err
	}
	db, err := openBolt(f.path, &o)
	if err != nil {
		return err
	}
	meta, err := readMeta(handle)
	if err == nil {
		err = f.adopt(handle, meta.txid)
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	f.db = db
	return nil
}

// adopt notes which file is open and its last transaction. check compares the file on disk with that.
func (f *file) adopt(handle *os.File, txid uint64) error {
	info, err := handle.Stat()
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handle, f.txid, f.opened = handle, txid, info
	f.size.Store(info.Size())
	return nil
}

// check tells what is wrong with the file: it has been removed, replaced, cut off, made longer or overwritten since it was opened, or
// could not be opened again. A mode without rights for its owner does not matter to a file that is open, and never to root. But
// after a commit that failed, and at the next start, the file has to be opened: better to hear of it now.
func (f *file) check() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return f.broken
	}
	if f.handle == nil {
		return f.failure
	}
	there, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.errTaken("removed")
	case err != nil:
		return err
	}
	opened, err := f.handle.Stat()
	switch {
	case err != nil:
		return err
	case !os.SameFile(there, opened):
		return f.errTaken("replaced")
	case opened.Size() < f.size.Load():
		return f.errTaken("cut off")
	case opened.Size() > f.size.Load() && !f.writing && f.tried == 0:
		return f.errTaken("made longer")
	}
	if err := writable(f.path); err != nil {
		return fmt.Errorf("%s can no longer be opened for writing: %w: give the exporter's user access to it again", f.path, err)
	}
	if meta, err := readMeta(f.handle); err != nil || meta.txid != f.txid && meta.txid != f.tried {
		return f.errTaken("overwritten")
	}
	return nil
}

// errTaken says that the file on disk is no longer the one that is open.
func (f *file) errTaken(what string) error {
	return fmt.Errorf("%s was %s while it was in use: stop the exporter, put the right file there, and start it", f.path, what)
}

// update runs a transaction. An error that is no errUndecided means that nothing of it is in the file.
func (f *file) update(write func(*bolt.Tx) error) error {
	if err := f.check(); err != nil {
		return err
	}
	f.begin()
	defer f.settle()
	written := uint64(0) // the transaction's id once all is written but the commit
	err := guarded(func() error {
		return f.db.Update(func(tx *bolt.Tx) error {
			if f.before != nil {
				if err := f.before(); err != nil {
					return err
				}
			}
			if err := write(tx); err != nil {
				return err
			}
			written = uint64(tx.ID())
			f.try(written)
			return nil
		})
	})
	switch {
	case errors.Is(err, errDamaged):
		return f.abandon(err)
	case written == 0:
		return err
	case err == nil && f.after != nil:
		err = f.after()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUndecided, err)
	}
	if err := f.adopt(f.handle, written); err != nil {
		return fmt.Errorf("%w: %w", errUndecided, err)
	}
	f.try(0)
	return nil
}

// begin notes that a transaction is under way, which may make the file longer.
func (f *file) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing = true
}

// settle notes that none is, and how long the file has become, even if nothing was committed.
func (f *file) settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing = false
	if f.handle == nil {
		return
	}
	if info, err := f.handle.Stat(); err == nil {
		f.size.Store(max(f.size.Load(), info.Size()))
	}
}

func (f *file) try(txid uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tried = txid
}

// abandon gives the file up after a fault or a panic within bbolt.
func (f *file) abandon(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = fmt.Errorf("%s: a page cannot be read; the file is not used any more until the exporter is restarted: %w", f.path, err)
	return f.broken
}

// view runs a transaction that only reads.
func (f *file) view(read func(*bolt.Tx) error) error {
	if err := f.check(); err != nil {
		return err
	}
	f.replacing.RLock()
	defer f.replacing.RUnlock()
	if f.db == nil {
		return errors.New("the ledger is not open")
	}
	return guarded(func() error { return f.db.View(read) })
}

// undecided reports whether the outcome of a commit is not known, or the file is not open again yet.
func (f *file) undecided() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken == nil && (f.tried != 0 || f.handle == nil)
}

// decide opens the file again and reports whether the transaction whose commit failed is in it. bbolt cannot go on with the
// database as it is: after a failed commit its memory may be that of either state.
func (f *file) decide() (committed bool, err error) {
	f.replacing.Lock()
	defer f.replacing.Unlock()
	err = f.reopen()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure = err
	if err != nil {
		return false, err
	}
	committed = f.tried != 0 && f.txid >= f.tried
	f.tried = 0
	return committed, nil
}

// reopen opens the same file again and makes sure that what it contains is durable.
func (f *file) reopen() error {
	before := f.opened
	if err := f.release(); err != nil {
		return err
	}
	if err := f.open(); err != nil {
		return err
	}
	var err error
	switch {
	case before != nil && !os.SameFile(before, f.opened):
		f.opened, err = before, f.errTaken("replaced")
	case !f.options.NoSync:
		err = rewrite(f.handle)
	}
	if err != nil {
		return errors.Join(err, f.release())
	}
	return nil
}

// rewrite writes the pages in use over themselves and syncs. After a sync that failed, Linux takes pages for written that
// are not: they can be read, and a later sync succeeds, but they are gone after a power failure.
func rewrite(handle *os.File) error {
	meta, err := readMeta(handle)
	if err != nil {
		return err
	}
	end := int64(meta.high) * int64(meta.pageSize)
	buf := make([]byte, 1<<20)
	for at := int64(0); at < end; at += int64(len(buf)) {
		b := buf[:min(int64(len(buf)), end-at)]
		n, err := handle.ReadAt(b, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if _, err := handle.WriteAt(b[:n], at); err != nil {
			return err
		}
	}
	return handle.Sync()
}

// close waits for readers and closes the database.
func (f *file) close() error {
	f.replacing.Lock()
	defer f.replacing.Unlock()
	return f.release()
}

// release closes the database. The caller has locked replacing.
func (f *file) release() error {
	f.mu.Lock()
	broken, db := f.broken, f.db
	f.handle = nil
	f.mu.Unlock()
	if broken != nil {
		return broken // bbolt would wait for its own locks for ever
	}
	if db == nil {
		return nil
	}
	f.db = nil
	return db.Close()
}
