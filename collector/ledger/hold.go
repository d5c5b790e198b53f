package ledger

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// hold is zero first: a series born after the initial fill shows 0 until a scraper has fetched that 0 whole and zeroFirst
// has passed since. Prometheus takes the first sample of a series as where it starts: without the 0 its first calls would
// never be part of an increase().
type hold struct {
	zeroFirst time.Duration
	held      map[*storedSeries]struct{}
	prom      time.Time // last whole scrape that carried Prometheus's own header
}

// othersCount is how long no Prometheus may have scraped for any other client's fetch to count.
const othersCount = 10 * time.Minute

// Served tells that an exposition of the given generation was fetched whole. prometheus tells whether the request was a
// Prometheus server's (it carries X-Prometheus-Scrape-Timeout-Seconds): a look with a browser starts no clock.
func (l *Ledger) Served(gen uint64, prometheus bool) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if prometheus {
		l.hold.prom = now
	} else if !l.hold.prom.IsZero() && now.Sub(l.hold.prom) < othersCount {
		return
	}
	for s := range l.hold.held {
		if s.fetched.IsZero() && s.bornGen <= gen && (s.account == nil || s.account.exposedGen <= gen && s.account.exposed()) {
			s.fetched = now
		}
	}
}

// Due reports whether Release has something to do.
func (l *Ledger) Due() bool {
	now := l.now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	for s := range l.hold.held {
		if l.hold.due(s, now) || now.Before(s.fetched) {
			return true
		}
	}
	return false
}

// release is a series that is to show its value.
type release struct {
	f *family
	s *storedSeries
}

func (l *Ledger) due() []release {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var due []release
	l.hold.setBack(now)
	for _, f := range l.families {
		for _, s := range f.sorted {
			if _, held := l.hold.held[s]; held && l.hold.due(s, now) {
				due = append(due, release{f, s})
			}
		}
	}
	return due
}

// setBack starts the waiting anew where the local clock was set back, so that it ends.
func (h *hold) setBack(now time.Time) {
	for s := range h.held {
		if now.Before(s.fetched) {
			s.fetched = now
		}
	}
}

func (h *hold) due(s *storedSeries, now time.Time) bool {
	return h.zeroFirst == 0 || !s.fetched.IsZero() && now.Sub(s.fetched) >= h.zeroFirst
}

// Release lets the series whose 0 has been seen for long enough show their values. It is a transaction of its own, made
// durable before it shows, so that no restart can take a value back.
func (l *Ledger) Release() error {
	if !l.Due() {
		return nil
	}
	l.writer.Lock()
	defer l.writer.Unlock()
	due := l.due()
	if len(due) == 0 {
		return nil
	}
	err := l.update(func(tx *bolt.Tx) error {
		root := tx.Bucket([]byte(bucketFamilies))
		for _, r := range due {
			b := root.Bucket([]byte(r.f.Name)).Bucket([]byte(bucketSeries))
			if err := b.Put(storedKey(r.s.key), encodeSeries(r.s, r.s.cur, true)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range due {
		l.reveal(r.s)
		r.f.dirty = true
	}
	l.changed()
	return nil
}
