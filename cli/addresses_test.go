package cli

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
)

// What is printed for people to open can be opened: no [::], and a zone as URLs have it.
func TestShownURL(t *testing.T) {
	for address, want := range map[string]string{
		"[::]:10198": "http://127.0.0.1:10198/metrics", "0.0.0.0:1": "http://127.0.0.1:1/metrics", "127.0.0.1:1": "http://127.0.0.1:1/metrics",
		"[::1]:1": "http://[::1]:1/metrics", "[fe80::1%eth0]:1": "http://[fe80::1%25eth0]:1/metrics",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", address)
		require.NoError(t, err)
		require.Equal(t, want, shownURL("http", tcp, "/metrics"))
	}
}

// The demo and the simulated API print such URLs, and the latter's is one that a configuration takes.
func TestPrintedURLs(t *testing.T) {
	t.Parallel()
	for _, address := range []string{":0", "0.0.0.0:0"} {
		demo := start(t, "--demo", "--web.listen-address="+address)
		process.Eventually(t, "the URL of the metrics", func() bool { return strings.Contains(demo.Stdout.String(), "http://127.0.0.1:") })
		require.Zero(t, demo.Stop(), demo.Stderr.String())
		require.NotContains(t, demo.Stdout.String(), "[::]")

		api := start(t, "simulate", "--simulate.history=0s", "--simulate.listen-address="+address)
		process.Eventually(t, "a configuration", func() bool { return strings.Contains(api.Stdout.String(), "api_secret") })
		require.Zero(t, api.Stop(), api.Stderr.String())
		c, err := config.Load("config.yml", config.Options{ReadFile: func(string) ([]byte, error) { return []byte(api.Stdout.String()), nil }})
		require.NoError(t, err)
		v, err := c.Validate()
		require.NoError(t, err)
		require.Contains(t, v.Accounts()[0].BaseURL, "http://127.0.0.1:")
	}
}
