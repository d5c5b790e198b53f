package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	i := start(t, "--demo", "--web.listen-address=127.0.0.1:0")
	if !testing.Short() { // the first fill takes seconds
		i.hasCalls(i.hasCalls(1) + 1)
		for _, family := range []string{"itnio_agent_calls_total", "itnio_call_tags_total", "itnio_call_media_detected_total", "itnio_call_sip_responses_total"} {
			process.Eventually(t, family, func() bool { n, _ := i.metric(family); return n > 0 })
		}
	}
	process.Eventually(t, "the URL of the metrics", func() bool { return strings.Contains(i.Stdout.String(), i.url("/metrics")) })
	require.Zero(t, i.Stop(), i.Stderr.String())
	left, err := filepath.Glob(filepath.Join(i.temporary, "*"))
	require.NoError(t, err)
	require.Empty(t, left, "the temporary ledger")
	require.NotContains(t, i.Stderr.String(), "level=error")
}
