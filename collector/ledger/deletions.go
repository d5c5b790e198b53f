package ledger

import (
	"encoding/binary"
	"errors"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Deletion is a window of an account, [From, To), from which the server has deleted records. Counters never go down: that a call is gone
// is kept for those who compare the ledger with the API.
type Deletion struct {
	From, To int64    // Unix seconds
	At       int64    // server's time when it was seen, Unix seconds
	IDs      []uint64 // of the records, as cells have them
}

func (d *Deletion) key() []byte { return append(be64(d.From), be64(d.At)...) }

func (d *Deletion) encode() []byte {
	return seal(appendIDs(binary.AppendVarint(nil, d.To), slices.Clone(d.IDs)))
}

func decodeDeletion(key, src []byte) (Deletion, error) {
	b, err := unseal(src)
	if err != nil || len(key) != 16 {
		return Deletion{}, errDamaged
	}
	r := reader{b: b}
	d := Deletion{From: int64(binary.BigEndian.Uint64(key)), At: int64(binary.BigEndian.Uint64(key[8:])), To: r.varint()}
	ids, rest, ok := readIDs(nil, r.b)
	if r.bad || !ok || len(rest) > 0 {
		return Deletion{}, errDamaged
	}
	d.IDs = ids
	return d, nil
}

func readDeletions(account *bolt.Bucket) (all []Deletion, err error) {
	b, err := subBucket(account, bucketDeletion)
	if b == nil {
		return nil, err
	}
	err = b.ForEach(func(k, v []byte) error {
		d, err := decodeDeletion(k, v)
		all = append(all, d)
		return err
	})
	return all, err
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
	bucket, err := account.CreateBucketIfNotExists([]byte(bucketDeletion))
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

// dropDeletions deletes those whose window ends at or before a time, and damaged ones, which must not keep calls from being counted.
func dropDeletions(account *bolt.Bucket, at int64) error {
	b, err := subBucket(account, bucketDeletion)
	if b == nil {
		return err
	}
	var gone [][]byte
	err = b.ForEach(func(k, v []byte) error {
		if d, err := decodeDeletion(k, v); err != nil || d.To <= at {
			gone = append(gone, slices.Clone(k))
		}
		return nil
	})
	for _, k := range gone {
		err = errors.Join(err, b.Delete(k))
	}
	return err
}
