package collector

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// TestScrapeMode: scrapes bring the account in step, share a reading, and are not held up by a slow API.
func TestScrapeMode(t *testing.T) {
	t.Parallel()
	process.SkipShort(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		w := newWorld(t, o, func(c *config.Config) { c.Global.PollMode = string(config.PollScrape) })
		w.start()
		synctest.Wait()
		scrape := func() (body string) {
			began := time.Now()
			body = w.scrape()
			require.Less(t, time.Since(began), 10*time.Second)
			return body
		}
		time.Sleep(time.Hour)
		requests := w.sim.Requests()
		time.Sleep(time.Hour)
		require.Equal(t, requests, w.sim.Requests(), "nobody asks, nobody is asked")
		for range 60 {
			scrape()
			time.Sleep(time.Minute)
		}
		require.Less(t, w.sim.Requests()-requests, 60*30)
		before := w.sim.Requests()
		var together sync.WaitGroup
		for range 5 {
			together.Go(func() { w.scrape() })
		}
		together.Wait()
		require.Less(t, w.sim.Requests()-before, 40, "scrapes at the same time share a reading")
		w.sim.SetSwitches(simulator.Switches{Down: true})
		time.Sleep(2 * time.Minute)
		require.Contains(t, scrape(), "itnio_calls_total")
		w.sim.SetSwitches(simulator.Switches{})
		time.Sleep(6 * time.Minute)
		scrape()
		time.Sleep(2 * time.Minute)
		scrape()
		v := w.judge(time.Hour)
		require.Zero(t, v.lost)
		require.Zero(t, v.double)
		w.end()
	})
}

// TestScrapeWithoutATimeout: a client that does not say how long it waits has its answer before 5 seconds are over.
func TestScrapeWithoutATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.Latency = 8 * time.Second
		w := newWorld(t, o, func(c *config.Config) { c.Global.PollMode = string(config.PollScrape) })
		w.start()
		time.Sleep(time.Hour)
		began := time.Now()
		w.page.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
		require.Greater(t, time.Since(began), 4*time.Second, "it waits for the reading")
		require.Less(t, time.Since(began), 5*time.Second)
		w.end()
	})
}
