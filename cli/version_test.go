package cli

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	status, stdout, stderr := once(t, "--version")
	require.Zero(t, status)
	require.Empty(t, stderr)
	require.Regexp(t, `^itnio_exporter, version \S+ \(branch: \S+, revision: \S+\)\n`, stdout)
}

func TestModuleVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3": "v1.2.3", "(devel)": "(devel)", "": "unknown",
		"v0.0.0-20260102030405-0123456789ab+dirty": "v0.0.0-20260102030405-0123456789ab+dirty",
	} {
		require.Equal(t, want, moduleVersion(&debug.BuildInfo{Main: debug.Module{Version: version}}))
	}
	require.Equal(t, "unknown", moduleVersion(nil))
}
