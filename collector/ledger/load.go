package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
)

// fill makes an empty ledger.
func fill(tx *bolt.Tx, created time.Time) error {
	meta, err := tx.CreateBucket([]byte(bucketMeta))
	if err != nil {
		return err
	}
	for _, b := range []string{bucketAccounts, bucketFamilies} {
		if _, err := tx.CreateBucket([]byte(b)); err != nil {
			return err
		}
	}
	return errors.Join(putCreated(meta, created), meta.Put([]byte(keyFormat), []byte(formatVersion)))
}

func putCreated(meta *bolt.Bucket, created time.Time) error {
	return meta.Put([]byte(keyCreated), strconv.AppendInt(nil, created.Unix(), 10))
}

// load reads the file into memory, bringing it to the present format first.
func (l *Ledger) load() error {
	version, err := l.version()
	if err != nil {
		return err
	}
	switch version {
	case formatVersion:
	case migratable:
		if err := l.migrate(); err != nil {
			return fmt.Errorf("migrate it from format version %q: %w", version, err)
		}
	case "":
		if err := l.run(update{write: func(tx *bolt.Tx) error { return fill(tx, l.now()) }, publish: func() {}}); err != nil {
			return err
		}
	default:
		return fmt.Errorf("its format is version %q, this program reads and writes %q: use the exporter that wrote it", version, formatVersion)
	}
	return l.file.view(func(tx *bolt.Tx) error {
		created, err := strconv.ParseInt(string(tx.Bucket([]byte(bucketMeta)).Get([]byte(keyCreated))), 10, 64)
		if err != nil {
			return fmt.Errorf("%w: when it was created", errDamaged)
		}
		l.created = time.Unix(created, 0)
		return l.loadAccounts(tx.Bucket([]byte(bucketAccounts)))
	})
}

// version is the file's format, "" for a database without anything in it: what a release before version 2 left when its first
// start was interrupted.
func (l *Ledger) version() (version string, err error) {
	err = l.file.view(func(tx *bolt.Tx) error {
		meta := tx.Bucket([]byte(bucketMeta))
		if meta != nil {
			version = string(meta.Get([]byte(keyFormat)))
			return nil
		}
		return tx.ForEach(func([]byte, *bolt.Bucket) error { return errForeign })
	})
	return version, err
}
