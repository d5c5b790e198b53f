package ledger

import (
	"fmt"

	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"
)

// keyPurge is in the meta bucket while the file's free pages may contain label values that are no longer wanted.
const keyPurge = "purge"

// putPurge notes, in the transaction that deletes series, that the file is to be rewritten.
func putPurge(tx *bolt.Tx) error {
	return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyPurge), []byte("1"))
}

// purge rewrites the file if deleted label values may be in its free pages. If it fails, the note stays, and the next purge
// does it. The caller has locked the writer.
func (l *Ledger) purge() {
	noted := false
	err := l.file.view(func(tx *bolt.Tx) error {
		noted = tx.Bucket([]byte(bucketMeta)).Get([]byte(keyPurge)) != nil
		return nil
	})
	if err == nil && noted {
		err = l.file.compact(func(tx *bolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Delete([]byte(keyPurge)) })
	}
	if err != nil {
		level.Warn(l.logger).Log("msg", "deleted label values may still be in free pages of the ledger's file, it is rewritten at the next start", "err", err)
	}
}

// compact replaces the file by a copy without free pages, and with what finish changes.
func (f *file) compact(finish func(*bolt.Tx) error) error {
	err := f.build(func(db *bolt.DB) error {
		if err := bolt.Compact(db, f.db, 1<<20); err != nil {
			return err
		}
		return db.Update(finish)
	})
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	f.replacing.Lock()
	defer f.replacing.Unlock()
	if err := f.release(); err != nil {
		return err
	}
	f.opened = nil
	if err := f.install(); err != nil {
		return err
	}
	return f.open()
}
