package diagnose

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A healthy account has nothing but good findings.
func TestHealthy(t *testing.T) {
	p := newPatient(t)
	r := p.diagnose()
	t.Log("\n" + text(r))
	require.Empty(t, bad(r))
	require.Zero(t, r.Count(Skipped))
	require.Equal(t, Good, r.Result)
}
