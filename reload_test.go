package main

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
	"github.com/stretchr/testify/require"
)

func TestReloader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		registry := prometheus.NewRegistry()
		var outcome error
		loads, running := 0, 0
		r := newReloader(registry, log.NewNopLogger(), func() error {
			running++
			require.Equal(t, 1, running, "two reloads at once")
			time.Sleep(time.Second)
			running--
			loads++
			return outcome
		})
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

		// Nobody applies reloads yet: waiting for one ends with the waiter's patience.
		impatient, cancel := context.WithTimeout(ctx, time.Minute)
		require.ErrorContains(t, r.reload(impatient), "before the reload began")
		cancel()
		go r.run(ctx)

		require.NoError(t, r.reload(ctx))
		reloaded := time.Now()

		outcome = errors.New("no good")
		require.EqualError(t, r.reload(ctx), "no good")
		successful("0")
		require.Equal(t, float64(reloaded.Unix()), testutil.ToFloat64(r.successTime), "time of the last success")

		outcome = nil
		loads = 0
		for range 10 {
			r.hangup() // one is applied, one waits, the others are the same wish
			synctest.Wait()
		}
		answers := make(chan error)
		for range 3 {
			go func() { answers <- r.reload(ctx) }()
		}
		for range 3 {
			require.NoError(t, <-answers)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 2+3, loads)
		successful("1")

		impatient, cancel = context.WithTimeout(ctx, time.Millisecond)
		require.ErrorContains(t, r.reload(impatient), "before the reload was done")
		cancel()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 6, loads, "a reload that nobody waits for is done all the same")
	})
}
