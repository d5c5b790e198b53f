package ledger

import (
	"fmt"
	"slices"

	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
)

// SetModel applies a model, at the start and on a reload. A family whose labels or bounds changed, or that was
// switched off, starts again at 0, with a warning; ids stay.
func (l *Ledger) SetModel(m *families.Model) error {
	if err := l.lock(); err != nil {
		return err
	}
	defer l.writer.Unlock()
	had := map[string]*family{}
	for _, f := range l.families {
		had[f.Name] = f
	}
	next := make([]*family, 0, len(m.Families))
	err := l.run(update{
		write: func(tx *bolt.Tx) error {
			root := tx.Bucket([]byte(bucketFamilies))
			if err := l.dropFamilies(root, m); err != nil {
				return err
			}
			for _, row := range m.Families {
				f, err := l.openFamily(root, row, had[row.Name])
				if err != nil {
					return fmt.Errorf("family %s: %w", row.Name, err)
				}
				next = append(next, f)
			}
			return nil
		},
		publish: func() { l.adoptModel(m, next) },
	})
	if err != nil {
		return err
	}
	l.purge()
	return nil
}

// adoptModel makes a model with its series the one that is read.
func (l *Ledger) adoptModel(m *families.Model, next []*family) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.model, l.families = m, next
	l.zeroFirst.atZero = map[*storedSeries]struct{}{}
	for _, f := range next {
		for _, s := range f.sorted {
			if !s.shown {
				l.zeroFirst.atZero[s] = struct{}{}
			}
		}
	}
	l.zeroFirst.lookAgain()
	l.recount()
	l.changed()
}

// dropFamilies deletes the families that the model does not have.
func (l *Ledger) dropFamilies(root *bolt.Bucket, m *families.Model) error {
	var gone []string
	err := forEachBucket(root, func(name []byte, _ *bolt.Bucket) error {
		if !slices.ContainsFunc(m.Families, func(f families.Family) bool { return f.Name == string(name) }) {
			gone = append(gone, string(name))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range gone {
		level.Warn(l.logger).Log("msg", "metric family switched off, its values are forgotten", "family", name)
		if err := root.DeleteBucket([]byte(name)); err != nil {
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return putPurge(root.Tx())
}

// recount counts again what counts towards the limits, after series or accounts came or went. The caller has locked mu.
func (l *Ledger) recount() {
	for _, f := range l.families {
		f.recount()
	}
	l.admitted = admittedBy(l.families)
}
