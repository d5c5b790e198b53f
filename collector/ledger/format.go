package ledger

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"

	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/series"
)

// The file is one bbolt database:
//
//	meta                      format -> version
//	meta                      created -> Unix seconds
//	accounts / NAME           meta   -> JSON of accountMeta
//	accounts / NAME / ids     DAY (bucket) / sequence -> entry
//	accounts / NAME / cells   from   -> Cell
//	accounts / NAME / deletions   from, pass, id -> Deletion (releases that do not know them leave them alone)
//	families / NAME           meta   -> JSON of familyMeta
//	families / NAME / series  label values -> series state
//
// Every value of our own making but the meta ones ends in a CRC-32C of the rest: bbolt itself checks only its own pages' headers.
const (
	fileName      = "ledger.db"
	formatVersion = "2" // migrate knows the one before

	bucketMeta      = "meta"
	bucketAccounts  = "accounts"
	bucketFamilies  = "families"
	bucketIDs       = "ids"
	bucketCells     = "cells"
	bucketDeletions = "deletions"
	bucketSeries    = "series"
	keyFormat       = "format"
	keyCreated      = "created"
	keyMeta         = "meta"

	labelSeparator = "\xff" // cannot occur in valid UTF-8
)

// errDamaged says that a file is a ledger's and contains what no ledger writes.
var errDamaged = errors.New("its contents are damaged")

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func seal(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

func unseal(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, errDamaged
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli()) != sum {
		return nil, errDamaged
	}
	return body, nil
}

// storedKey is the key of a series as it is stored. A family may be left with one label that is empty, or with none at all, and
// an empty key cannot be stored.
func storedKey(key string) []byte {
	if key == "" {
		return []byte(labelSeparator)
	}
	return []byte(key)
}

// labelsOf is the reverse of storedKey, for a family with n labels.
func labelsOf(stored []byte, n int) (key string, labels []string, ok bool) {
	key = string(stored)
	if n < 2 && key == labelSeparator {
		key = ""
	}
	if n == 0 {
		return key, nil, key == ""
	}
	labels = strings.Split(key, labelSeparator)
	return key, labels, len(labels) == n
}

// keyOf is the key of a label set.
func keyOf(labels []string) string { return strings.Join(labels, labelSeparator) }

func appendKey(dst []byte, labels []string) []byte {
	for i, v := range labels {
		if i > 0 {
			dst = append(dst, labelSeparator...)
		}
		dst = append(dst, v...)
	}
	return dst
}

// forEachBucket calls f for every bucket in a bucket that has nothing else. A plain value in it is damage, which bbolt's own
// ForEachBucket would pass over: the ids of a day, say, would be forgotten and its calls counted again.
func forEachBucket(b *bolt.Bucket, f func(name []byte, b *bolt.Bucket) error) error {
	return b.ForEach(func(k, v []byte) error {
		if v != nil {
			return errDamaged
		}
		return f(k, b.Bucket(k))
	})
}

// subBucket gives a bucket in a bucket, nil if it is not there.
func subBucket(b *bolt.Bucket, name string) (*bolt.Bucket, error) {
	if b.Get([]byte(name)) != nil { // a plain value
		return nil, errDamaged
	}
	return b.Bucket([]byte(name)), nil
}

// readBucket decodes all values of a bucket in a bucket, in the order of their keys. There are none if it is not there.
func readBucket[T any](in *bolt.Bucket, name string, decode func(key, src []byte) (T, error)) (all []T, err error) {
	b, err := subBucket(in, name)
	if b == nil {
		return nil, err
	}
	err = b.ForEach(func(k, v []byte) error {
		one, err := decode(k, v)
		all = append(all, one)
		return err
	})
	return all, err
}

func be64(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

func be32(v int64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }

// encodeSeries writes what is durable of a series. All amounts are integers, however long a series lives.
func encodeSeries(s *storedSeries, m *series.Metric, used int64, shown bool) []byte {
	dst := make([]byte, 0, 64)
	var flags uint64
	if shown {
		flags = 1
	}
	dst = binary.AppendUvarint(dst, flags)
	dst = binary.AppendVarint(dst, s.created)
	dst = binary.AppendVarint(dst, used)
	dst = binary.AppendVarint(dst, int64(m.Value))
	if h := m.Hist; h != nil {
		dst = binary.AppendUvarint(dst, h.Count)
		dst = binary.AppendUvarint(dst, uint64(h.Sum))
		dst = binary.AppendUvarint(dst, h.ZeroCount)
		dst = binary.AppendUvarint(dst, uint64(len(h.Buckets)))
		for _, n := range h.Buckets {
			dst = binary.AppendUvarint(dst, n)
		}
		dst = binary.AppendUvarint(dst, uint64(len(h.Native)))
		for _, n := range h.Native {
			dst = binary.AppendVarint(dst, int64(n.Index))
			dst = binary.AppendUvarint(dst, n.Count)
		}
	}
	return seal(dst)
}

// decodeSeries reads what encodeSeries wrote: a series without its labels.
func decodeSeries(src []byte, bounds int, histogram bool) (*storedSeries, error) {
	b, err := unseal(src)
	if err != nil {
		return nil, err
	}
	r := reader{b: b}
	s := &storedSeries{shown: r.uvarint()&1 == 1, created: r.varint(), used: r.varint()}
	s.cur = &series.Metric{Value: float64(r.varint())}
	if histogram {
		s.cur.Hist = r.histogram(bounds)
	}
	if r.bad || len(r.b) > 0 {
		return nil, errDamaged
	}
	return s, nil
}

// reader decodes varints and remembers whether any was missing.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) histogram(bounds int) *series.HistogramValue {
	h := &series.HistogramValue{Count: r.uvarint(), Sum: float64(r.uvarint()), ZeroCount: r.uvarint()}
	if r.uvarint() != uint64(bounds) {
		r.bad = true
		return h
	}
	h.Buckets = make([]uint64, bounds)
	for i := range h.Buckets {
		h.Buckets[i] = r.uvarint()
	}
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return h
	}
	h.Native = make([]series.NativeBucket, n)
	for i := range h.Native {
		h.Native[i] = series.NativeBucket{Index: int32(r.varint()), Count: r.uvarint()}
	}
	return h
}
