package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// What simulate prints is a configuration for it.
func TestSimulate(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	api := start(t, "simulate", "--simulate.listen-address=127.0.0.1:0", "--simulate.history=1h", "--simulate.calls-per-day=5000")
	process.Eventually(t, "a configuration", func() bool { return strings.Contains(api.Stdout.String(), "api_secret") })
	config := filepath.Join(t.TempDir(), "config.yml")
	require.NoError(t, os.WriteFile(config, []byte(api.Stdout.String()+fast), 0o600))

	i := start(t, args(t, config)...)
	i.hasCalls(1)
	require.Zero(t, i.Stop(), i.Stderr.String())
	require.Zero(t, api.Stop(), api.Stderr.String())
}
