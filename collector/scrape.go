package collector

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"itnio_exporter/collector/exposition"
)

// scrapeTimeoutHeader is how Prometheus says how long it will wait.
const scrapeTimeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

const (
	// defaultScrapeTimeout is for clients that do not say how long they wait. Telegraf waits for 5 seconds by default.
	defaultScrapeTimeout = 5 * time.Second
	// scrapeMargin is what is left of a scrape's timeout for the answer itself.
	scrapeMargin = 500 * time.Millisecond
)

// MetricsHandler serves /metrics: the call families, rendered once for each state, and the live metrics of a gatherer.
func (c *Collector) MetricsHandler(live prometheus.Gatherer, errorLog log.Logger) (http.Handler, error) {
	h, err := exposition.NewHandler(c.ledger, live, exposition.Options{
		ErrorLog: errorLog, Registerer: c.o.Registerer, Now: c.o.Now,
		OnServed: func(r *http.Request, generation uint64) {
			prometheus := r.Header.Get(scrapeTimeoutHeader) != ""
			c.ledger.Served(generation, prometheus)
			if prometheus {
				c.scrapers.scraped(r.RemoteAddr, c.snapshot.Load().zeroFirst)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.refresh(r)
		h.ServeHTTP(w, r)
	}), nil
}

// refresh brings the accounts up to date in scrape mode, within the scrape's own timeout.
func (c *Collector) refresh(r *http.Request) {
	s := c.snapshot.Load()
	if !s.scrapeMode {
		return
	}
	timeout := scrapeTimeout(r.Header)
	ctx, cancel := context.WithTimeout(r.Context(), max(timeout-scrapeMargin, timeout/2))
	defer cancel()
	var wg sync.WaitGroup
	for _, p := range s.pollers {
		wg.Go(func() { p.Refresh(ctx) })
	}
	wg.Wait()
}

func scrapeTimeout(h http.Header) time.Duration {
	if s, err := strconv.ParseFloat(h.Get(scrapeTimeoutHeader), 64); err == nil && s > 0 && s < 3600 {
		return time.Duration(s * float64(time.Second))
	}
	return defaultScrapeTimeout
}
