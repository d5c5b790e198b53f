package exposition

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/series"
)

// failing is a writer to a scraper that has gone after n bytes.
type failing struct {
	*httptest.ResponseRecorder
	n int
}

func (f *failing) Write(b []byte) (int, error) {
	if f.n -= len(b); f.n < 0 {
		return 0, errors.New("gone")
	}
	return f.ResponseRecorder.Write(b)
}

func TestOnServed(t *testing.T) {
	source := newState(sample()...)
	var served []uint64
	h := newHandler(t, source, liveRegistry(), Options{OnServed: func(_ *http.Request, generation uint64) { served = append(served, generation) }})
	scrape(h, "/metrics", nil)
	source.set(gauge("a", 1))
	scrape(h, "/metrics", nil)
	scrape(h, "/metrics", http.Header{"Accept-Encoding": {"gzip"}})
	require.Equal(t, []uint64{1, 2, 2}, served)
	size := scrape(h, "/metrics", nil).Body.Len()
	served = nil

	head := httptest.NewRecorder()
	h.ServeHTTP(head, httptest.NewRequest(http.MethodHead, "/metrics", nil))
	require.Zero(t, head.Body.Len())
	require.Equal(t, strconv.Itoa(size), head.Header().Get("Content-Length"))

	h.ServeHTTP(&failing{httptest.NewRecorder(), size - 1}, httptest.NewRequest(http.MethodGet, "/metrics", nil))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil))

	source.set(&series.Family{Name: "a", LabelNames: []string{"l"}, Metrics: []*series.Metric{{}}})
	require.Equal(t, http.StatusInternalServerError, scrape(h, "/metrics", nil).Code)
	require.Empty(t, served)

	h.ServeHTTP(&failing{httptest.NewRecorder(), size}, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Empty(t, served)
	source.set(gauge("a", 1))
	h.ServeHTTP(&failing{httptest.NewRecorder(), size}, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, []uint64{4}, served)
}

// A scraper that hangs up in the middle of a large page has not fetched it.
func TestOnServedOverTheNetwork(t *testing.T) {
	f := &series.Family{Name: "a", LabelNames: []string{"l"}}
	for i := range 20000 {
		f.Metrics = append(f.Metrics, &series.Metric{LabelValues: []string{fmt.Sprintf("%06d", i) + strings.Repeat("x", 1000)}})
	}
	done, served := make(chan struct{}), make(chan uint64, 1)
	h := newHandler(t, newState(f), nil, Options{OnServed: func(_ *http.Request, g uint64) { served <- g }})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		done <- struct{}{}
	}))
	defer server.Close()
	get := func(read func(io.Reader)) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		r.Header.Set("Accept-Encoding", "identity")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		read(resp.Body)
		resp.Body.Close()
		<-done
	}
	get(func(r io.Reader) { _, _ = io.ReadFull(r, make([]byte, 1000)) })
	require.Empty(t, served)
	get(func(r io.Reader) { _, _ = io.Copy(io.Discard, r) })
	require.Equal(t, uint64(1), <-served)
}
