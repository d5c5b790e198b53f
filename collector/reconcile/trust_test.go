package reconcile

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/idset"
)

func newTrust() trust { return trust{top: math.MaxInt} }

func reading(total int, records uint64) *Reading {
	return &Reading{Total: total, IDs: idset.Pack(ids(1, records)), Steady: true, Pages: 1}
}

// A total that is off by the same in several readings in a row is a habit, and no longer is as soon as one is right.
func TestTrustLearnsAnOffset(t *testing.T) {
	tr := newTrust()
	require.True(t, tr.believes(reading(5, 5)))
	for range steadyReadings {
		require.False(t, tr.believes(reading(6, 5)))
		require.True(t, tr.plain(begin))
		tr.read(1)
	}
	require.True(t, tr.believes(reading(6, 5)))
	require.True(t, tr.believes(reading(5, 5)), "the truth is believed at any time")
	require.False(t, tr.believes(reading(7, 5)))
	require.False(t, tr.plain(begin))
	tr.read(0)
	require.False(t, tr.believes(reading(6, 5)))
	for i := range 3 * steadyReadings {
		tr.read(1 + i%2)
	}
	require.Zero(t, tr.off, "one that changes is no habit")
}

func TestTrustLearnsACap(t *testing.T) {
	tr := newTrust()
	capped, wanders := tr.vainly(500, 600, true, begin)
	require.False(t, capped || wanders)
	capped, _ = tr.vainly(500, 600, true, begin)
	require.False(t, capped, "the same row says the same")
	capped, wanders = tr.vainly(500, 700, true, begin)
	require.True(t, capped)
	require.False(t, wanders)
	require.Equal(t, 500, tr.top)
	tr.saw(500)
	tr.look(begin + hour)
	require.Equal(t, 500, tr.top)
	tr.saw(501)
	require.Equal(t, math.MaxInt, tr.top, "it does go higher")
	tr.top = 500
	tr.look(begin + day)
	require.Equal(t, math.MaxInt, tr.top, "looked at anew")
}

func TestTrustEndsWhereTotalsWander(t *testing.T) {
	tr := newTrust()
	for range vainSearches - 1 {
		_, wanders := tr.vainly(10, 9, false, begin)
		require.False(t, wanders)
	}
	tr.found()
	for i := range vainSearches {
		_, wanders := tr.vainly(10, 9, false, begin)
		require.Equal(t, i == vainSearches-1, wanders)
	}
	require.True(t, tr.wanders(begin+distrustFor-1))
	require.False(t, tr.wanders(begin+distrustFor))
}

// No question is about so many records that its expected answer would be the cap: more records would give the same.
func TestQuestionsStayBelowTheCap(t *testing.T) {
	for _, c := range []struct{ off, want int }{{0, 39}, {1, 38}, {-1, 39}} {
		s := New(usual(), nil, 0)
		s.trust.top, s.trust.off = 40, c.off
		require.Equal(t, c.want, s.limit().total, "totals off by %d", c.off)
		require.Less(t, s.limit().total+c.off, s.trust.top)
	}
}
