package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReachable(t *testing.T) {
	for address, want := range map[string]string{
		":10198": "127.0.0.1:10198", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1", "[::1]:1": "[::1]:1", "mon.example:1": "mon.example:1",
	} {
		got, err := reachable(address)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := reachable("vsock://:1")
	require.Error(t, err)
}
