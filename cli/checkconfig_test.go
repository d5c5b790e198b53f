package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	status, stdout, stderr := once(t, "check-config", "--config.file="+a.config(t, fast))
	require.Zero(t, status, stderr)
	require.Empty(t, stderr)
	require.Contains(t, stdout, "main")
	require.Contains(t, stdout, "warning: ", "zero_first is off")
	require.NotContains(t, stdout, a.key)
	require.NotContains(t, stdout, a.secret)
}
