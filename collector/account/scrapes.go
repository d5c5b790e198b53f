package account

import (
	"context"
	"sync"
	"time"
)

// scrapes lets scrapes wait for readings of the account, and wakes the poller for them.
type scrapes struct {
	interval time.Duration // what was read within it is new enough
	now      func() time.Time
	wake     chan struct{} // a scrape wants the account read

	mu      sync.Mutex
	reading chan struct{} // closed when the reading under way, or waited for, ends; nil: none
	last    time.Time     // when the last reading ended
	resting time.Time     // until when the account is left alone
	closed  chan struct{} // closed when the account is not read any more
}

func newScrapes(interval time.Duration, now func() time.Time) *scrapes {
	return &scrapes{interval: interval, now: now, wake: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (s *scrapes) waiting() bool { return len(s.wake) > 0 }

func (s *scrapes) close() { close(s.closed) }

func (s *scrapes) rest(until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resting = until
}

// begin is the start of a reading.
func (s *scrapes) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading == nil {
		s.reading = make(chan struct{})
	}
	select {
	case <-s.wake:
	default:
	}
}

// end is the end of a reading: scrapes that wait for it go on.
func (s *scrapes) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.reading)
	s.reading, s.last = nil, s.now()
}

// wait returns when the account is new enough, is left alone, or ctx ends.
func (s *scrapes) wait(ctx context.Context) {
	reading := s.wanted()
	if reading == nil {
		return
	}
	select {
	case <-ctx.Done():
	case <-s.closed:
	case <-reading:
	}
}

// wanted is the reading to wait for; nil: none is needed.
func (s *scrapes) wanted() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	unread := s.last.IsZero() && s.reading == nil // reading has not been started
	recent := !s.last.IsZero() && now.Sub(s.last) < s.interval
	if unread || recent || now.Before(s.resting) {
		return nil
	}
	if s.reading == nil {
		s.reading = make(chan struct{})
		s.wake <- struct{}{}
	}
	return s.reading
}
