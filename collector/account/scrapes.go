package account

import (
	"context"
	"sync"
	"time"
)

// scrapes lets scrapes wait for readings of the account, and wakes the poller for them.
type scrapes struct {
	interval time.Duration        // what was read within it is new enough
	steady   func() time.Duration // not the local clock: set back by days, it would make a reading seem recent for as long
	wake     chan struct{}        // a scrape wants the account read

	mu      sync.Mutex
	reading chan struct{} // closed when the reading under way, or waited for, ends; nil: none
	read    bool          // a reading has ended
	last    time.Duration // when the last one did, by steady
	resting time.Duration // until when the account is left alone, by steady
	closed  chan struct{} // closed when the account is not read any more
}

func newScrapes(interval time.Duration, steady func() time.Duration) *scrapes {
	return &scrapes{interval: interval, steady: steady, wake: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (s *scrapes) waiting() bool { return len(s.wake) > 0 }

func (s *scrapes) close() { close(s.closed) }

// rest leaves the account alone for a while; 0 ends that.
func (s *scrapes) rest(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resting = s.steady() + wait
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
	s.reading, s.read, s.last = nil, true, s.steady()
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
	now := s.steady()
	notStarted := !s.read && s.reading == nil
	recent := s.read && now-s.last < s.interval
	if notStarted || recent || now < s.resting {
		return nil
	}
	if s.reading == nil {
		s.reading = make(chan struct{})
		s.wake <- struct{}{}
	}
	return s.reading
}
