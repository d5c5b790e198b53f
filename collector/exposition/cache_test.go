package exposition

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/series"
)

// However many scrape at once, in whatever formats, while the state changes: every page is of one generation, the one
// that is said to have been served, and no scraper sees a later one first.
func TestScrapesWhileGenerationsChange(t *testing.T) {
	generationOf := func(n uint64) []*series.Family {
		c := &series.Family{Name: "c_total", Help: "C.", Type: series.Counter, LabelNames: []string{"l"}}
		for i := range 50 {
			c.Metrics = append(c.Metrics, &series.Metric{LabelValues: []string{fmt.Sprintf("%03d", i)}, Value: float64(n)})
		}
		return []*series.Family{c, gauge("generation", float64(n))}
	}
	source := newState(generationOf(1)...)
	type key struct{}
	h := newHandler(t, source, liveRegistry(), Options{OnServed: func(r *http.Request, g uint64) { *r.Context().Value(key{}).(*uint64) = g }})

	stop := make(chan struct{})
	var changing, scraping sync.WaitGroup
	changing.Go(func() {
		for n := uint64(2); ; n++ {
			select {
			case <-stop:
				return
			default:
				source.set(generationOf(n)...)
				time.Sleep(100 * time.Microsecond)
			}
		}
	})
	for i := range 8 {
		accept := []string{"text/plain", "application/openmetrics-text;version=1.0.0"}[i%2]
		coding := []string{"identity", "gzip", "zstd", "gzip"}[i/2%4]
		scraping.Go(func() {
			var last uint64
			for range 100 {
				var served uint64
				r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				r = r.WithContext(context.WithValue(r.Context(), key{}, &served))
				r.Header = http.Header{"Accept": {accept}, "Accept-Encoding": {coding}}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if !checkGeneration(t, decoded(t, w), served) || served < last {
					t.Errorf("a page of generation %d after %d", served, last)
					return
				}
				last = served
			}
		})
	}
	scraping.Wait()
	close(stop)
	changing.Wait()
}

func checkGeneration(t *testing.T, body []byte, want uint64) bool {
	p := expfmt.NewTextParser(model.LegacyValidation)
	body = bytes.TrimSuffix(body, []byte("# EOF\n"))
	families, err := p.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return false
	}
	n := 0
	for name, f := range families {
		if name == "itnio_up" {
			continue
		}
		for _, m := range f.Metric {
			n++
			if v := m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue(); v != float64(want) {
				t.Errorf("%s is of generation %v in a page of %d", name, v, want)
				return false
			}
		}
	}
	return n == 51
}

// A page and its compressed form are made once, whoever asks.
func TestRenderedOnce(t *testing.T) {
	source := newState(sample()...)
	h := newHandler(t, source, nil, Options{})
	for range 3 {
		var wg sync.WaitGroup
		pages, blocks := make([]*page, 16), make([]*byte, 16)
		for i := range pages {
			wg.Go(func() {
				p, err := h.cache.get(expfmt.FmtText)
				if err != nil {
					t.Error(err)
					return
				}
				pages[i], blocks[i] = p, &p.gzip().blocks[0]
			})
		}
		wg.Wait()
		require.Len(t, slices.Compact(pages), 1)
		require.Len(t, slices.Compact(blocks), 1)
		source.set(sample()...)
	}
}

func TestUnusedPagesAreDropped(t *testing.T) {
	now := time.Unix(0, 0)
	h := newHandler(t, newState(sample()...), nil, Options{Now: func() time.Time { return now }})
	kept := func() (formats []expfmt.FormatType) {
		for contentType, s := range h.cache.slots {
			if s.page != nil {
				formats = append(formats, contentType.FormatType())
			}
		}
		slices.Sort(formats)
		return formats
	}
	scrape(h, "/metrics", nil)
	require.Equal(t, []expfmt.FormatType{expfmt.TypeTextPlain}, kept())
	scrape(h, "/metrics", http.Header{"Accept": {"application/openmetrics-text"}})
	require.Equal(t, []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeOpenMetrics}, kept())
	now = now.Add(keep)
	scrape(h, "/metrics", nil)
	require.Equal(t, []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeOpenMetrics}, kept())
	now = now.Add(time.Second)
	scrape(h, "/metrics", nil)
	require.Equal(t, []expfmt.FormatType{expfmt.TypeTextPlain}, kept())
}
