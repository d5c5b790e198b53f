package ledger

import (
	bolt "go.etcd.io/bbolt"
)

func (f *fold) write(tx *bolt.Tx, b *Batch) error {
	account, err := accountBucket(tx, f.a.name)
	if err != nil {
		return err
	}
	if !f.entry.empty() {
		ids, err := account.CreateBucketIfNotExists([]byte(bucketIDs))
		if err != nil {
			return err
		}
		today, err := ids.CreateBucketIfNotExists(be32(f.day()))
		if err != nil {
			return err
		}
		seq, err := today.NextSequence()
		if err != nil {
			return err
		}
		today.FillPercent = 1 // keys only ever come at the end
		if err := today.Put(be64(int64(seq)), seal(f.entry.encode())); err != nil {
			return err
		}
	}
	if err := writeCells(account, b); err != nil {
		return err
	}
	if f.meta != f.a.meta {
		if err := putMeta(account, &f.meta); err != nil {
			return err
		}
	}
	for label, values := range f.admitted {
		bucket, err := tx.Bucket([]byte(bucketAdmitted)).CreateBucketIfNotExists([]byte(label))
		if err != nil {
			return err
		}
		for v := range values {
			if err := bucket.Put([]byte(v), nil); err != nil {
				return err
			}
		}
	}
	root := tx.Bucket([]byte(bucketFamilies))
	shown := map[*storedSeries]bool{}
	for _, s := range f.show {
		shown[s] = true
	}
	for i, fam := range f.l.families {
		if len(f.touched[i]) == 0 {
			continue
		}
		bucket := root.Bucket([]byte(fam.Name)).Bucket([]byte(bucketSeries))
		for _, s := range f.touched[i] {
			if err := bucket.Put(storedKey(s.key), encodeSeries(s, s.next, s.shown || shown[s])); err != nil {
				return err
			}
		}
	}
	return nil
}
