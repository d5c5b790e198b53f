package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// family is a row of the model with its series.
type family struct {
	families.Family
	restarted int64 // Unix milliseconds; 0: never
	byKey     map[string]*storedSeries
	sorted    []*storedSeries
	dirty     bool // what is exposed of it has changed
	counted   int  // series that count to limits.series: those of accounts that left the configuration do not
	// latest are the series of a family with an ID, by ID, as far as they are known since the start.
	latest map[string]latest
}

// storedSeries is a series with what the ledger keeps of it. What follows created is guarded by the ledger's mutex.
type storedSeries struct {
	key     string
	labels  []string
	account *Account // nil: belongs to none
	created int64    // Unix milliseconds
	used    int64    // day of the last call, since 1970, server's clock

	cur     *series.Metric // committed
	next    *series.Metric // in the transaction under way, its writer's own; nil: unchanged
	shown   bool           // cur is exposed; else 0
	zero    *series.Metric // what is exposed until then
	bornGen uint64         // first exposition that can have it
	// fetched is when a scraper first fetched a complete page with the 0; zero: none yet.
	fetched time.Time
}

// familyMeta is what must be equal for the values on disk to go on.
type familyMeta struct {
	Labels    []string  `json:"labels"`
	Bounds    []float64 `json:"bounds,omitempty"`
	Meaning   string    `json:"meaning,omitempty"` // for labels whose values can change their meaning
	Restarted int64     `json:"restarted,omitempty"`
}

// openFamily reads a row's series, or starts the family again at 0 where its labels or bounds have changed. in is the family
// before a reload, if any: its series go on.
func (l *Ledger) openFamily(root *bolt.Bucket, row families.Family, in *family) (*family, error) {
	f := &family{Family: row, byKey: map[string]*storedSeries{}, latest: map[string]latest{}, dirty: true}
	if b := root.Bucket([]byte(row.Name)); b != nil {
		goesOn, err := l.goesOn(b, f)
		switch {
		case err != nil:
			return nil, err
		case goesOn && in != nil:
			f.byKey, f.sorted = in.byKey, in.sorted
			return f, nil
		case goesOn:
			return f, l.loadSeries(b.Bucket([]byte(bucketSeries)), f)
		}
		if err := root.DeleteBucket([]byte(row.Name)); err != nil {
			return nil, err
		}
		if err := putPurge(root.Tx()); err != nil {
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
	return f, f.meta().put(b)
}

// goesOn reports whether the values on disk mean what they are to mean now.
func (l *Ledger) goesOn(b *bolt.Bucket, f *family) (bool, error) {
	var meta familyMeta
	if err := json.Unmarshal(b.Get([]byte(keyMeta)), &meta); err != nil {
		return false, fmt.Errorf("%w: its description: %w", errDamaged, err)
	}
	if with := withFingerprint(meta.Meaning, f.Meaning); with != meta.Meaning {
		meta.Meaning = with
		if err := meta.put(b); err != nil {
			return false, err
		}
	}
	f.restarted = meta.Restarted
	if slices.Equal(meta.Labels, f.Labels) && slices.Equal(meta.Bounds, f.Bounds) && meta.Meaning == f.Meaning {
		return true, nil
	}
	level.Warn(l.logger).Log("msg", "labels or buckets of a metric family have changed, its series start again at 0", "family", f.Name,
		"labels_before", strings.Join(meta.Labels, ","), "labels", strings.Join(f.Labels, ","))
	return false, nil
}

func (f *family) meta() familyMeta {
	return familyMeta{Labels: f.Labels, Bounds: f.Bounds, Meaning: f.Meaning, Restarted: f.restarted}
}

func (m familyMeta) put(family *bolt.Bucket) error {
	v, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return family.Put([]byte(keyMeta), v)
}

// withFingerprint gives a meaning that was stored without the fingerprint of the hash key, as releases before format version 2
// did, the fingerprint of the present one.
func withFingerprint(stored, present string) string {
	if stored != "" && strings.HasPrefix(present, stored+":") {
		return present
	}
	return stored
}

func (l *Ledger) loadSeries(b *bolt.Bucket, f *family) error {
	at := slices.Index(f.Labels, families.LabelAccount)
	err := b.ForEach(func(k, v []byte) error {
		key, labels, ok := labelsOf(k, len(f.Labels))
		if !ok {
			return errDamaged
		}
		s, err := decodeSeries(v, len(f.Bounds), f.Type == series.Histogram)
		if err != nil {
			return err
		}
		s.key, s.labels = key, labels
		s.cur.LabelValues, s.cur.Created = labels, createdTime(f, s.created)
		if !s.shown {
			s.zero = zeroMetric(f, labels, s.created)
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

// adopt gives a family new series and keeps its order.
func (f *family) adopt(born []*storedSeries) {
	if len(born) == 0 {
		return
	}
	slices.SortFunc(born, bySeries)
	merged := make([]*storedSeries, 0, len(f.sorted)+len(born))
	i := 0
	for _, s := range born {
		f.byKey[s.key] = s
		for i < len(f.sorted) && bySeries(f.sorted[i], s) < 0 {
			merged = append(merged, f.sorted[i])
			i++
		}
		merged = append(merged, s)
	}
	f.sorted = append(merged, f.sorted[i:]...)
	f.counted += len(born)
	f.dirty = true
}

// remove takes series out.
func (f *family) remove(gone map[*storedSeries]struct{}) {
	f.sorted = slices.DeleteFunc(slices.Clone(f.sorted), func(s *storedSeries) bool {
		_, found := gone[s]
		if found {
			delete(f.byKey, s.key)
			f.dirty = true
		}
		return found
	})
}

// recount counts the series that count to limits.series.
func (f *family) recount() {
	f.counted = 0
	for _, s := range f.sorted {
		if s.account == nil || s.account.attached {
			f.counted++
		}
	}
}

func bySeries(a, b *storedSeries) int { return slices.Compare(a.labels, b.labels) }

// zeroMetric is a series before its first value.
func zeroMetric(f *family, labels []string, created int64) *series.Metric {
	m := &series.Metric{LabelValues: labels, Created: createdTime(f, created)}
	if f.Type == series.Histogram {
		m.Hist = &series.HistogramValue{Buckets: make([]uint64, len(f.Bounds))}
	}
	return m
}

// createdTime is a series' created time as exposed: gauges have none.
func createdTime(f *family, created int64) time.Time {
	if f.Type == series.Gauge {
		return time.Time{}
	}
	return time.UnixMilli(created).UTC()
}

// adopt gives the families the series that a transaction made; born is by family. The caller has locked mu.
func (l *Ledger) adopt(born []map[string]*storedSeries) {
	for i, f := range l.families {
		list := make([]*storedSeries, 0, len(born[i]))
		for _, s := range born[i] {
			s.bornGen = l.gen + 1
			if !s.shown {
				l.zeroFirst.atZero[s] = struct{}{}
			}
			list = append(list, s)
		}
		f.adopt(list)
	}
}
