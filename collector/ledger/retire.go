package ledger

import (
	"time"

	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"
)

// retirement takes series out that have had no call for so long that they only use up the limits.
type retirement struct {
	after time.Duration // 0: never
	last  time.Time     // when series were last looked through, local clock
}

// retireEvery is how often series are looked through.
const retireEvery = time.Hour

// SetRetireAfter changes after how long without a call a series is taken out; 0: never.
func (l *Ledger) SetRetireAfter(d time.Duration) {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.retirement = retirement{after: d}
}

// retire takes out the series without a call for so long. Both clocks have to agree: the server's, whose days the series have,
// and the local one. One that comes back is born again: at 0, zero first, with a new created time. The caller has locked the writer.
func (l *Ledger) retire(server time.Time) {
	now := l.now()
	since := now.Sub(l.retirement.last)
	if l.retirement.after == 0 || !l.retirement.last.IsZero() && since >= 0 && since < retireEvery {
		return
	}
	for _, a := range l.accounts {
		if a.attached && a.meta.Copied { // a series may have had calls that are not read again yet
			return
		}
	}
	l.retirement.last = now
	if now.After(server) {
		now = server
	}
	before := dayOf(now.Add(-l.retirement.after))
	gone := map[*storedSeries]struct{}{}
	for _, f := range l.families {
		for _, s := range f.sorted {
			if s.used < before {
				gone[s] = struct{}{}
			}
		}
	}
	if len(gone) == 0 {
		return
	}
	err := l.run(update{
		write:   func(tx *bolt.Tx) error { return l.writeRetired(tx, gone) },
		publish: func() { l.publishRetired(gone) },
	})
	if err != nil {
		level.Warn(l.logger).Log("msg", "series without a call for long cannot be taken out yet", "err", err)
		return
	}
	level.Info(l.logger).Log("msg", "series without a call for long are taken out", "series", len(gone), "retire_after", l.retirement.after)
	l.purge()
}

func (l *Ledger) writeRetired(tx *bolt.Tx, gone map[*storedSeries]struct{}) error {
	root := tx.Bucket([]byte(bucketFamilies))
	for _, f := range l.families {
		b := root.Bucket([]byte(f.Name))
		deleted, err := deleteSeries(b, f, gone)
		if err != nil {
			return err
		}
		if deleted == 0 || f.restarted == 0 {
			continue
		}
		meta := f.meta()
		meta.Restarted = 0
		if err := meta.put(b); err != nil {
			return err
		}
	}
	return putPurge(tx)
}

// deleteSeries deletes those of the series that a family has.
func deleteSeries(family *bolt.Bucket, f *family, gone map[*storedSeries]struct{}) (deleted int, err error) {
	all := family.Bucket([]byte(bucketSeries))
	for s := range gone {
		if f.byKey[s.key] != s {
			continue
		}
		deleted++
		if err := all.Delete(storedKey(s.key)); err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

func (l *Ledger) publishRetired(gone map[*storedSeries]struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.families {
		had := len(f.sorted)
		f.remove(gone)
		if len(f.sorted) < had {
			f.restarted = 0 // what is born now has not counted since then
			f.latest = map[string]latest{}
		}
	}
	l.forgetZeros(gone)
	l.recount()
	l.changed()
}

func (l *Ledger) forgetZeros(gone map[*storedSeries]struct{}) {
	for s := range gone {
		delete(l.zeroFirst.atZero, s)
	}
}
