package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Backup writes a copy of the ledger, as it was last committed, to a new file. Counting goes on meanwhile. The copy is complete,
// durable and checked before it gets its name, and it is marked as a copy: see Account.Copied.
func (l *Ledger) Backup(name string) error {
	return backup(name, l.file.size.Load(), l.file.options.Timeout, func(out io.Writer) error {
		return l.file.view(copyTo(out))
	})
}

// BackupFile does the same for the ledger in a directory that no exporter has open. written is told how many bytes
// have been written so far, and ends the backup with an error.
func BackupFile(dir, name string, written func(int64) error) (err error) {
	db, err := openReadOnly(FileIn(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var size int64
	if info, err := os.Stat(db.Path()); err == nil {
		size = info.Size()
	}
	return backup(name, size, defaultLockTimeout, func(out io.Writer) error {
		return guarded(func() error { return db.View(copyTo(&counter{out, written, 0})) })
	})
}

// ReceiveBackup does the same with what a running exporter sends; size is negative if it does not say how much.
func ReceiveBackup(name string, sent io.Reader, size int64, written func(int64) error) error {
	return backup(name, size, defaultLockTimeout, func(out io.Writer) error {
		_, err := io.Copy(&counter{out, written, 0}, sent)
		return err
	})
}

// IsInUse reports whether a ledger could not be opened because another process has it open.
func IsInUse(err error) bool { return errors.Is(err, errInUse) }

func copyTo(out io.Writer) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(out)
		return err
	}
}

// counter tells how much has been written to it, and stops if it is told to.
type counter struct {
	io.Writer
	written func(int64) error
	n       int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.n += int64(n)
	return n, errors.Join(err, c.written(c.n))
}

// checkSpace refuses to begin a copy that would fill the disk: it may be the one on which the ledger counts. What remains is for the ledger
// to grow.
func checkSpace(name string, size int64) error {
	dir := filepath.Dir(name)
	need := size + size/8
	if free, known := freeSpace(dir); known && free < need {
		return fmt.Errorf("a copy of the ledger takes %d bytes, and the disk of %s has %d: %w", need, dir, free, syscall.ENOSPC)
	}
	return nil
}

// backup makes a file of what write writes, under another name first. It overwrites nothing. size is about how large it will be.
func backup(name string, size int64, lockTimeout time.Duration, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("backup %s: %w", name, err)
		}
	}()
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%w: choose another name, or move it away", fs.ErrExist)
	}
	if err := checkSpace(name, size); err != nil {
		return err
	}
	partial := name + unfinished
	out, err := os.OpenFile(partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is of a backup that is under way, or was interrupted: remove it if none is running", partial)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(partial)
		}
	}()
	if err := errors.Join(write(out), out.Close()); err != nil {
		return err
	}
	if err := markCopied(partial, lockTimeout); err != nil {
		return err
	}
	if err := os.Link(partial, name); errors.Is(err, fs.ErrExist) { // a rename would replace it
		return err
	} else if err != nil { // the file system has no links
		return errors.Join(os.Rename(partial, name), syncDirectory(filepath.Dir(name)))
	}
	return errors.Join(os.Remove(partial), syncDirectory(filepath.Dir(name)))
}

// markCopied checks every value of a copy, marks its accounts, and makes the file durable. Opening it checks its pages.
func markCopied(path string, lockTimeout time.Duration) error {
	if err := checkFile(path); err != nil {
		return err
	}
	db, err := openBolt(path, &bolt.Options{Timeout: lockTimeout})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		accounts, err := accountsOf(tx)
		if err != nil {
			return err
		}
		if err := errors.Join(checkValues(accounts), checkValues(tx.Bucket([]byte(bucketFamilies)))); err != nil {
			return err
		}
		return forEachBucket(accounts, func(_ []byte, b *bolt.Bucket) error {
			var m accountMeta
			if err := json.Unmarshal(b.Get([]byte(keyMeta)), &m); err != nil {
				return fmt.Errorf("%w: an account's description: %w", errDamaged, err)
			}
			m.Copied = true
			return putMeta(b, &m)
		})
	})
	return errors.Join(err, db.Close())
}

// checkValues checks the sums of all values below a bucket. An exporter that runs does not read them again.
func checkValues(b *bolt.Bucket) error {
	if b == nil {
		return errDamaged
	}
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			return checkValues(b.Bucket(k))
		}
		if string(k) == keyMeta {
			return nil
		}
		_, err := unseal(v)
		return err
	})
}
