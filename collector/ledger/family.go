package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// familyMeta is what must be equal for the values on disk to go on.
type familyMeta struct {
	Labels    []string  `json:"labels"`
	Bounds    []float64 `json:"bounds,omitempty"`
	Meaning   string    `json:"meaning,omitempty"` // for labels whose values can change their meaning
	Restarted int64     `json:"restarted,omitempty"`
}

// openFamily reads a row's series, or starts it anew where its labels or bounds have changed. in is the family in force
// before a reload, if any: its series go on with all they know.
func (l *Ledger) openFamily(root *bolt.Bucket, row families.Family, in *family) (*family, error) {
	f := &family{Family: row, byKey: map[string]*storedSeries{}, dirty: true}
	b := root.Bucket([]byte(row.Name))
	fresh := b == nil
	if !fresh {
		var meta familyMeta
		if err := json.Unmarshal(b.Get([]byte(keyMeta)), &meta); err != nil {
			return nil, fmt.Errorf("%w: its description: %w", errDamaged, err)
		}
		f.restarted = meta.Restarted
		if slices.Equal(meta.Labels, row.Labels) && slices.Equal(meta.Bounds, row.Bounds) && meta.Meaning == row.Meaning {
			if in != nil {
				f.byKey, f.sorted = in.byKey, in.sorted
				return f, nil
			}
			return f, l.loadSeries(b.Bucket([]byte(bucketSeries)), f)
		}
		level.Warn(l.logger).Log("msg", "labels or buckets of a metric family have changed, it starts anew at 0", "family", row.Name,
			"labels_before", strings.Join(meta.Labels, ","), "labels", strings.Join(row.Labels, ","))
		if err := root.DeleteBucket([]byte(row.Name)); err != nil {
			return nil, err
		}
		f.restarted = l.now().UnixMilli()
	}
	b, err := root.CreateBucket([]byte(row.Name))
	if err != nil {
		return nil, err
	}
	if _, err := b.CreateBucket([]byte(bucketSeries)); err != nil {
		return nil, err
	}
	meta, err := json.Marshal(familyMeta{Labels: row.Labels, Bounds: row.Bounds, Meaning: row.Meaning, Restarted: f.restarted})
	if err != nil {
		return nil, err
	}
	return f, b.Put([]byte(keyMeta), meta)
}

func (l *Ledger) loadSeries(b *bolt.Bucket, f *family) error {
	at := slices.Index(f.Labels, families.LabelAccount)
	err := b.ForEach(func(k, v []byte) error {
		key, labels, ok := labelsOf(k, len(f.Labels))
		if !ok {
			return errDamaged
		}
		m, created, shown, err := decodeSeries(v, len(f.Bounds), f.Type == series.Histogram)
		if err != nil {
			return err
		}
		m.LabelValues, m.Created = labels, createdTime(f, created)
		s := &storedSeries{key: key, labels: labels, created: created, cur: m, shown: shown}
		if !shown {
			s.zero = zeroMetric(f, labels, created)
		}
		if at >= 0 {
			s.account = l.accounts[labels[at]]
		}
		f.byKey[key] = s
		f.sorted = append(f.sorted, s)
		return nil
	})
	slices.SortFunc(f.sorted, bySeries)
	return err
}
