package simulator

import "time"

// tokens is a token bucket, for the rate limit of a key.
type tokens struct {
	left float64
	at   time.Time
}

// allowed takes a token of a key; false if there is none.
func (s *Simulator) allowed(key string, now time.Time) bool {
	if s.o.RateLimit <= 0 {
		return true
	}
	most := max(1, s.o.RateLimit)
	b, ok := s.buckets[key]
	if !ok {
		b = &tokens{left: most, at: now}
		s.buckets[key] = b
	}
	b.left = min(most, b.left+now.Sub(b.at).Seconds()*s.o.RateLimit)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
