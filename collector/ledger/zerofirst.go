package ledger

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// zeroFirst makes a series that is born after the first fill show 0 until a scraper has fetched a complete page with that 0 and
// wait has passed since. Prometheus takes the first sample of a series as its start: without the 0 its first calls would never
// be part of an increase(). The ledger's mutex guards it.
type zeroFirst struct {
	wait       time.Duration
	atZero     map[*storedSeries]struct{}
	fetched    time.Time // no 0 was fetched earlier; zero: none was
	prometheus time.Time // last complete scrape that carried Prometheus's own header
}

// othersCount is how long no Prometheus may have scraped for any other client's fetch to count.
const othersCount = 10 * time.Minute

// served notes that the exposition of a generation was fetched completely.
func (z *zeroFirst) served(gen uint64, prometheus bool, now time.Time) {
	if prometheus {
		z.prometheus = now
	} else if !z.prometheus.IsZero() && now.Sub(z.prometheus) < othersCount {
		return
	}
	for s := range z.atZero {
		if s.fetched.IsZero() && s.bornGen <= gen && (s.account == nil || s.account.exposedGen <= gen && s.account.exposed()) {
			s.fetched = now
			z.noteFetched(now)
		}
	}
}

func (z *zeroFirst) noteFetched(t time.Time) {
	if z.fetched.IsZero() || t.Before(z.fetched) {
		z.fetched = t
	}
}

// lookAgain finds out when the first 0 was fetched of those that are shown now.
func (z *zeroFirst) lookAgain() {
	z.fetched = time.Time{}
	for s := range z.atZero {
		if !s.fetched.IsZero() {
			z.noteFetched(s.fetched)
		}
	}
}

// anyDue reports whether a series may show its value, or the local clock was set back. It is asked each second, and there may be
// many series that nobody fetches.
func (z *zeroFirst) anyDue(now time.Time) bool {
	if z.wait == 0 {
		return len(z.atZero) > 0
	}
	return !z.fetched.IsZero() && (now.Sub(z.fetched) >= z.wait || now.Before(z.fetched))
}

// due reports whether a series may show its value.
func (z *zeroFirst) due(s *storedSeries, now time.Time) bool {
	return z.wait == 0 || !s.fetched.IsZero() && now.Sub(s.fetched) >= z.wait
}

// setBack starts the wait again where the local clock was set back, so that it ends.
func (z *zeroFirst) setBack(now time.Time) {
	for s := range z.atZero {
		if now.Before(s.fetched) {
			s.fetched = now
		}
	}
	z.lookAgain()
}

// reveal lets a series show its value.
func (z *zeroFirst) reveal(s *storedSeries) {
	s.shown, s.zero = true, nil
	delete(z.atZero, s)
}

// Served tells that the exposition of a generation was fetched completely. prometheus tells whether the request was a
// Prometheus server's (it carries X-Prometheus-Scrape-Timeout-Seconds): a look with a browser starts no wait.
func (l *Ledger) Served(gen uint64, prometheus bool) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.zeroFirst.served(gen, prometheus, now)
}

// SetZeroFirst changes how long new series show 0.
func (l *Ledger) SetZeroFirst(d time.Duration) {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.zeroFirst.wait = d
}

// releaseDue reports whether Release has something to do.
func (l *Ledger) releaseDue() bool {
	now := l.now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.zeroFirst.anyDue(now)
}

// release is a series that is to show its value.
type release struct {
	f *family
	s *storedSeries
}

// releases lists the series that are due.
func (l *Ledger) releases() []release {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var due []release
	l.zeroFirst.setBack(now)
	for _, f := range l.families {
		for _, s := range f.sorted {
			if _, ok := l.zeroFirst.atZero[s]; ok && l.zeroFirst.due(s, now) {
				due = append(due, release{f, s})
			}
		}
	}
	return due
}

// Release lets the series whose 0 has been seen for long enough show their values. It is a transaction of its own, durable
// before it shows, so that no restart can take a value back.
func (l *Ledger) Release() error {
	if !l.releaseDue() {
		return nil
	}
	if err := l.lock(); err != nil {
		return err
	}
	defer l.writer.Unlock()
	due := l.releases()
	if len(due) == 0 {
		return nil
	}
	err := l.run(update{
		write: func(tx *bolt.Tx) error {
			root := tx.Bucket([]byte(bucketFamilies))
			for _, r := range due {
				b := root.Bucket([]byte(r.f.Name)).Bucket([]byte(bucketSeries))
				if err := b.Put(storedKey(r.s.key), encodeSeries(r.s, r.s.cur, r.s.used, true)); err != nil {
					return err
				}
			}
			return nil
		},
		publish: func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			for _, r := range due {
				l.zeroFirst.reveal(r.s)
				r.f.dirty = true
			}
			l.zeroFirst.lookAgain()
			l.changed()
		},
	})
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}
