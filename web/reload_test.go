package web

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReloader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		registry := prometheus.NewRegistry()
		var outcome error
		loads, running := 0, 0
		r := NewReloader(ReloaderOptions{Registerer: registry, Logger: log.NewNopLogger(), Now: time.Now, Load: func() error {
			running++
			assert.Equal(t, 1, running, "two reloads at once") // not require: this is not the goroutine of the test
			time.Sleep(time.Second)
			running--
			loads++
			return outcome
		}})
		successful := func(want string) {
			t.Helper()
			require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP itnio_exporter_config_last_reload_successful Whether the last load of the configuration succeeded; if not, the one before is still in use.
# TYPE itnio_exporter_config_last_reload_successful gauge
itnio_exporter_config_last_reload_successful `+want+"\n"), "itnio_exporter_config_last_reload_successful"))
		}
		start := time.Now()
		successful("1")
		require.Equal(t, float64(start.Unix()), testutil.ToFloat64(r.successTime))

		// Run has not been called: the wait ends with its context.
		impatient, cancel := context.WithTimeout(ctx, time.Minute)
		require.ErrorContains(t, r.Reload(impatient), "before the reload began")
		cancel()
		require.Equal(t, LastReload{At: start}, r.Last())
		go r.Run(ctx)

		require.NoError(t, r.Reload(ctx))
		reloaded := time.Now()

		outcome = errors.New("no good")
		require.EqualError(t, r.Reload(ctx), "no good")
		require.Equal(t, LastReload{time.Now(), outcome}, r.Last())
		successful("0")
		require.Equal(t, float64(reloaded.Unix()), testutil.ToFloat64(r.successTime), "time of the last success")

		outcome = nil
		loads = 0
		for range 10 {
			r.Trigger() // one is applied, one waits, the others change nothing
			synctest.Wait()
		}
		answers := make(chan error)
		for range 3 {
			go func() { answers <- r.Reload(ctx) }()
		}
		for range 3 {
			require.NoError(t, <-answers)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 2+3, loads)
		successful("1")

		impatient, cancel = context.WithTimeout(ctx, time.Millisecond)
		require.ErrorContains(t, r.Reload(impatient), "before the reload was done")
		cancel()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 6, loads, "a reload goes on when its caller has stopped waiting")
	})
}
