package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
)

// EpochIn looks into the ledger in a directory for an account's epoch. Zero: there is no such ledger, or the account has not counted
// or is not in it. See IsInUse for the error where an exporter has it open.
func EpochIn(dir, account string) (epoch time.Time, err error) {
	db, err := openReadOnly(FileIn(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var meta accountMeta
	err = guarded(func() error {
		return db.View(func(tx *bolt.Tx) error {
			accounts := tx.Bucket([]byte(bucketAccounts))
			if accounts == nil || accounts.Bucket([]byte(account)) == nil {
				return nil
			}
			return json.Unmarshal(accounts.Bucket([]byte(account)).Get([]byte(keyMeta)), &meta)
		})
	})
	if err != nil || meta.Epoch == 0 {
		return time.Time{}, err
	}
	return time.Unix(meta.Epoch, 0).UTC(), nil
}

// Copy writes the ledger as it was last committed to a file, in place of one that is there. Unlike a backup the copy is not marked:
// nothing was counted between them that the copy would not know.
func (l *Ledger) Copy(name string) error {
	partial := name + unfinished
	out, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = l.file.view(copyTo(out))
	if err == nil {
		err = out.Sync()
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return errors.Join(os.Rename(partial, name), syncDirectory(filepath.Dir(name)))
}

// MoveTo brings an account, with all that is known of it, into the ledger that the options open, in one transaction. That ledger is
// made if it is missing. It may have other accounts, and this one only if it has never had a good answer.
func (l *Ledger) MoveTo(o Options, id Identity) (err error) {
	to, err := Open(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := to.Check(id); err != nil {
		return err
	}
	if a := to.accounts[id.Name]; a != nil && !a.untouched() {
		return fmt.Errorf("ledger %s: account %q is in it already", to.path, id.Name)
	}
	if err := to.lock(); err != nil {
		return err
	}
	defer to.writer.Unlock()
	return l.file.view(func(from *bolt.Tx) error {
		// publish has nothing to do: what is in memory of the other ledger is of no use, as it is closed next.
		return to.run(update{publish: func() {}, write: func(tx *bolt.Tx) error {
			if err := copyAccount(from, tx, id.Name); err != nil {
				return err
			}
			for _, f := range l.families {
				if err := copySeries(from, tx, f, id.Name); err != nil {
					return fmt.Errorf("family %s: %w", f.Name, err)
				}
			}
			return nil
		}})
	})
}

func copyAccount(from, to *bolt.Tx, name string) error {
	accounts := to.Bucket([]byte(bucketAccounts))
	if err := deleteBuckets(accounts, name); err != nil {
		return err
	}
	b, err := accounts.CreateBucket([]byte(name))
	if err != nil {
		return err
	}
	return copyBucket(from.Bucket([]byte(bucketAccounts)).Bucket([]byte(name)), b)
}

func copyBucket(from, to *bolt.Bucket) error {
	if err := to.SetSequence(from.Sequence()); err != nil {
		return err
	}
	to.FillPercent = 1 // keys come in order
	return from.ForEach(func(k, v []byte) error {
		if v != nil {
			return to.Put(k, v)
		}
		b, err := to.CreateBucket(k)
		if err != nil {
			return err
		}
		return copyBucket(from.Bucket(k), b)
	})
}

// copySeries copies the series of an account, and those that belong to none where the other ledger does not have them.
func copySeries(from, to *bolt.Tx, f *family, account string) error {
	into := to.Bucket([]byte(bucketFamilies)).Bucket([]byte(f.Name)).Bucket([]byte(bucketSeries))
	at := slices.Index(f.Labels, families.LabelAccount)
	return from.Bucket([]byte(bucketFamilies)).Bucket([]byte(f.Name)).Bucket([]byte(bucketSeries)).ForEach(func(k, v []byte) error {
		_, labels, ok := labelsOf(k, len(f.Labels))
		switch {
		case !ok:
			return errDamaged
		case at >= 0 && labels[at] != account, at < 0 && into.Get(k) != nil:
			return nil
		}
		return into.Put(k, v)
	})
}
