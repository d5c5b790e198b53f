package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"
)

// migratable is the format version that migrate brings to the present one.
const migratable = "1"

// migrate brings a file of version 1 to version 2, in one transaction. Ids, accounts and the values of series stay. A window of
// version 1 has no ids, so nothing could be asked about it by its total: it is dropped, and the first audit reads the horizon
// once. A list of admitted label values is no longer kept, since series have them. Every series counts as used today, and the
// file as made at the oldest epoch.
func (l *Ledger) migrate() error {
	created := l.now()
	windows := 0
	write := func(tx *bolt.Tx) error {
		err := forEachBucket(tx.Bucket([]byte(bucketAccounts)), func(_ []byte, account *bolt.Bucket) error {
			var m accountMeta
			if err := json.Unmarshal(account.Get([]byte(keyMeta)), &m); err != nil {
				return fmt.Errorf("%w: an account's description: %w", errDamaged, err)
			}
			if m.Epoch != 0 && m.Epoch < created.Unix() {
				created = time.Unix(m.Epoch, 0)
			}
			if cells := account.Bucket([]byte(bucketCells)); cells != nil {
				windows += cells.Stats().KeyN
			}
			return deleteBuckets(account, bucketCells)
		})
		if err != nil {
			return err
		}
		err = forEachBucket(tx.Bucket([]byte(bucketFamilies)), func(_ []byte, family *bolt.Bucket) error {
			return addUsed(family.Bucket([]byte(bucketSeries)), dayOf(l.now()))
		})
		if err != nil {
			return err
		}
		if err := tx.DeleteBucket([]byte("admitted")); err != nil {
			return err
		}
		meta := tx.Bucket([]byte(bucketMeta))
		if err := putCreated(meta, created); err != nil {
			return err
		}
		return meta.Put([]byte(keyFormat), []byte(formatVersion))
	}
	publish := func() {
		level.Info(l.logger).Log("msg", "ledger migrated: its windows are read again once", "from_format", migratable, "to_format", formatVersion, "windows", windows)
	}
	return l.run(update{write: write, publish: publish})
}

// addUsed gives every series of a family the day on which it was last used.
func addUsed(all *bolt.Bucket, day int64) error {
	type pair struct{ key, value []byte }
	var with []pair
	err := all.ForEach(func(k, v []byte) error {
		b, err := unseal(v)
		if err != nil {
			return err
		}
		r := reader{b: b}
		r.uvarint() // flags
		r.varint()  // created
		if r.bad {
			return errDamaged
		}
		head := len(b) - len(r.b)
		next := binary.AppendVarint(append([]byte(nil), b[:head]...), day)
		with = append(with, pair{append([]byte(nil), k...), seal(append(next, r.b...))})
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range with {
		if err := all.Put(p.key, p.value); err != nil {
			return err
		}
	}
	return nil
}
