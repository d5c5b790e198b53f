package verify

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	from  = int64(1_000_000)
	until = from + 86400
	known = until + around
)

// shown are calls and how their counters rose.
type shown struct {
	e ends
	r rises
}

func (s *shown) call(end, seen int64) {
	s.e.add(end, true)
	if seen > 0 {
		s.r.add(seen, 1, plain)
	}
}

func (s *shown) balance() Rises {
	s.e.sort()
	s.r.sort()
	return balance(from, until, known, &s.e, &s.r)
}

func exactly(n int) Bounds { return Bounds{n, n} }

// TestBalance: what lies on either side of midnight is told apart to the call where it is quiet around; what is missing and what is too
// much is found.
func TestBalance(t *testing.T) {
	for _, tt := range []struct {
		name  string
		calls func(s *shown)
		want  Rises
	}{
		{"nothing", func(*shown) {}, Rises{}},
		{"within", func(s *shown) { s.call(from+100, from+160); s.call(from+5000, from+5090) }, Rises{Counted: 2, Rises: 2}},
		{"before midnight, seen after", func(s *shown) { s.call(from-20, from+40) }, Rises{Rises: 1, Before: exactly(1)}},
		{"at midnight", func(s *shown) { s.call(from, from+40); s.call(until, until+40) }, Rises{Counted: 1, Rises: 1}},
		{"in the range, seen after", func(s *shown) { s.call(until-20, until+40) }, Rises{Counted: 1, After: exactly(1)}},
		{"never seen", func(s *shown) { s.call(from+5000, 0) }, Rises{Counted: 1, Unexplained: -1}},
		{"no call", func(s *shown) { s.r.add(from+5000, 2, plain) }, Rises{Rises: 2, Unexplained: 2}},
		{"seen much later", func(s *shown) { s.call(until-5000, until+60) }, Rises{Counted: 1, Unexplained: -1}},
		{"one too many and one too few", func(s *shown) { s.call(from+5000, 0); s.r.add(from+50000, 1, plain) }, Rises{Counted: 1, Rises: 1}},
		{"first fill", func(s *shown) {
			s.call(from+5000, 0)
			s.call(from+6000, from+6060)
			s.r.add(from+5500, 1, first)
		}, Rises{Counted: 2, Rises: 1, FirstSamples: 1}},
		{"reset", func(s *shown) {
			s.call(from+5000, from+5060)
			s.r.add(from+9000, 1, reset)
		}, Rises{Counted: 1, Rises: 2, ResetSamples: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s shown
			tt.calls(&s)
			got := s.balance()
			got.Within = 0
			require.Equal(t, tt.want, got)
		})
	}
}

// TestBalanceOfTraffic: with calls around the clock, each seen within forty minutes, nothing is unexplained, the true numbers lie within
// the bounds, and a few calls too many or too few are found.
func TestBalanceOfTraffic(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var s shown
		var before, after, counted int
		for at := from - around; at < known; at += 1 + rng.Int64N(240) {
			delay := 20 + rng.Int64N(100)
			if rng.IntN(50) == 0 {
				delay = rng.Int64N(latest)
			}
			seen := at + delay
			s.call(at, seen)
			switch {
			case at < from && seen > from && seen <= until:
				before++
			case at >= from && at < until:
				counted++
				if seen > until {
					after++
				}
			}
		}
		got := s.balance()
		require.Equal(t, counted, got.Counted)
		require.Zero(t, got.Unexplained, "seed %d: %+v", seed, got)
		require.Equal(t, counted+before-after, got.Rises)
		widest := balanceWithin(from, until, known, latest, &s.e, &s.r)
		require.True(t, widest.Before.AtLeast <= before && before <= widest.Before.AtMost, "seed %d: %d, %+v", seed, before, widest)
		require.True(t, widest.After.AtLeast <= after && after <= widest.After.AtMost, "seed %d: %d, %+v", seed, after, widest)
		width := widest.Before.AtMost - widest.Before.AtLeast + widest.After.AtMost - widest.After.AtLeast
		t.Logf("seed %d: before %d %+v, after %d %+v", seed, before, got.Before, after, got.After)

		s.r.add(from+40000, 1+width, plain)
		require.Positive(t, s.balance().Unexplained)
		for i := range s.e.sure[:1+2*(1+width)] {
			s.call(from+40000+int64(i), 0)
		}
		require.Negative(t, s.balance().Unexplained)
	}
}
