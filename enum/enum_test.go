package enum

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// roundTrip checks that codes, values and names of an enumeration belong together, for every code from -3 to 20.
func roundTrip[E interface {
	comparable
	Code() int64
	String() string
}](t *testing.T, names []string, unknown E, of func(int64) (E, bool), parse func(string) (E, bool)) {
	t.Helper()
	require.Equal(t, Unknown, unknown.String())
	_, ok := parse(Unknown)
	require.False(t, ok, "unknown cannot be asked for")
	var found []string
	for code := int64(-3); code <= 20; code++ {
		v, ok := of(code)
		if !ok {
			require.Equal(t, unknown, v, code)
			continue
		}
		require.Equal(t, code, v.Code())
		parsed, ok := parse(v.String())
		require.True(t, ok, v.String())
		require.Equal(t, v, parsed)
		found = append(found, v.String())
	}
	require.Equal(t, names, found, "the names in the order of their codes")
}

func TestEnumerations(t *testing.T) {
	t.Run("call types", func(t *testing.T) { roundTrip(t, CallTypeNames(), TypeUnknown, CallTypeOf, ParseCallType) })
	t.Run("reasons", func(t *testing.T) { roundTrip(t, ReasonNames(), ReasonUnknown, ReasonOf, ParseReason) })
	t.Run("parties", func(t *testing.T) { roundTrip(t, PartyNames(), PartyUnknown, PartyOf, ParseParty) })
	require.Len(t, CallTypeNames(), 3)
	require.Len(t, ReasonNames(), 10)
	require.Len(t, PartyNames(), 3)
}

// TestOutcomes compares with the table of the vendor's reasons, by code.
func TestOutcomes(t *testing.T) {
	want := []string{"no_answer", "answered", "abandoned", "answered", "failed", "no_service", "unreachable", "busy", "no_answer", "answered"}
	for code, outcome := range want {
		r, ok := ReasonOf(int64(code))
		require.True(t, ok)
		require.Equal(t, outcome, r.Outcome().String(), r)
	}
	require.Equal(t, OutcomeUnknown, ReasonUnknown.Outcome())
}

func TestReserved(t *testing.T) {
	for _, value := range []string{None, Unknown, Other} {
		require.True(t, IsReserved(value), value)
	}
	require.False(t, IsReserved("Other"))
	require.False(t, IsReserved(""))
}
