package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-kit/log"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector"
	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
)

// inProcess is the runtime in the process of the test, where the race detector sees both, with /metrics over a socket.
type inProcess struct {
	*collector.Collector
	url string
}

func runInProcess(t *testing.T, cfg *config.Validated) *inProcess {
	t.Helper()
	reg := client.NewRegistry()
	c, err := collector.New(collector.Options{
		Config: cfg, StoragePath: t.TempDir(), Logger: log.NewNopLogger(), Registerer: reg,
	})
	require.NoError(t, err)
	handler, err := c.MetricsHandler(reg, log.NewNopLogger())
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		server.Close()
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, c.Close())
	})
	return &inProcess{c, server.URL}
}

// get gives the metrics page in the format asked for.
func (p *inProcess) get(t testing.TB, accept string) (status int, page string, err error) {
	t.Helper()
	return process.Request(t.Context(), http.MethodGet, p.url+"/metrics", http.Header{"Accept": {accept}})
}

func (p *inProcess) scrape(t testing.TB) samples {
	t.Helper()
	status, page, err := p.get(t, "text/plain")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	return parse(t, page).calls()
}
