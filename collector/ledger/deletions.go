package ledger

import (
	"encoding/binary"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Deletion is a window of an account, [From, To), from which the server has deleted records. Counters never go down: that a call is gone
// is kept for those who compare the ledger with the API.
type Deletion struct {
	From, To int64    // Unix seconds
	At       int64    // server's time when the pass that has seen it began, Unix seconds
	IDs      []uint64 // of the records, as cells have them; at least one
}

// key has an id in it: one pass can see two deletions from a window.
func (d *Deletion) key() []byte {
	return slices.Concat(be64(d.From), be64(d.At), be64(int64(slices.Min(d.IDs))))
}

func (d *Deletion) encode() []byte {
	return seal(appendIDs(binary.AppendVarint(nil, d.To), slices.Clone(d.IDs)))
}

func decodeDeletion(key, src []byte) (Deletion, error) {
	b, err := unseal(src)
	if err != nil || len(key) != 24 {
		return Deletion{}, errDamaged
	}
	r := reader{b: b}
	d := Deletion{From: int64(binary.BigEndian.Uint64(key)), At: int64(binary.BigEndian.Uint64(key[8:])), To: r.varint()}
	ids, rest, ok := readIDs(nil, r.b)
	if r.bad || !ok || len(ids) == 0 || len(rest) > 0 {
		return Deletion{}, errDamaged
	}
	d.IDs = ids
	return d, nil
}

func readDeletions(account *bolt.Bucket) ([]Deletion, error) {
	return readBucket(account, bucketDeletions, decodeDeletion)
}

// writeDeletions drops the deletions that a batch has done with and adds its own.
func writeDeletions(account *bolt.Bucket, b *Batch) error {
	if b.DropBefore != 0 {
		if err := dropDeletions(account, b.DropBefore); err != nil {
			return err
		}
	}
	if len(b.Deletions) == 0 {
		return nil
	}
	bucket, err := account.CreateBucketIfNotExists([]byte(bucketDeletions))
	if err != nil {
		return err
	}
	for i := range b.Deletions {
		if err := bucket.Put(b.Deletions[i].key(), b.Deletions[i].encode()); err != nil {
			return err
		}
	}
	return nil
}

// dropDeletions deletes those whose window ends at or before a time.
func dropDeletions(account *bolt.Bucket, at int64) error {
	all, err := readDeletions(account)
	for i := range all {
		if err == nil && all[i].To <= at {
			err = account.Bucket([]byte(bucketDeletions)).Delete(all[i].key())
		}
	}
	return err
}
