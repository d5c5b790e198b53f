package backfill

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/itnio"
	"itnio_exporter/simulator"
)

// TestLook: a forecast is right within a factor of three, for a handful of requests.
func TestLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 600, Habits: simulator.Habits{RefuseFuture: true}}, 6)
		o := w.options(3)
		f, err := Look(t.Context(), o)
		require.NoError(t, err)
		require.LessOrEqual(t, w.sim.Requests(), 12)
		result, err := Run(t.Context(), o)
		require.NoError(t, err)
		var bytes int64
		for _, file := range result.Files {
			bytes += file.Bytes
		}
		t.Logf("%+v, really %d calls, %d bytes", f, result.Totals.Calls, bytes)
		require.InEpsilon(t, result.Totals.Calls, f.Calls, 0.5)
		require.Greater(t, f.Bytes, bytes/3)
		require.Less(t, f.Bytes, bytes*3)
		require.False(t, f.Empty)

		early := w.options(10)
		f, err = Look(t.Context(), early)
		require.NoError(t, err)
		require.True(t, f.Empty)
	})
}

// old is an API that refuses windows that begin before a time.
type old struct {
	*itnio.Client
	since time.Time
}

func (a old) Records(ctx context.Context, q itnio.Query) (itnio.Page, error) {
	if q.From.Before(a.since) {
		return itnio.Page{}, &itnio.StatusError{Code: itnio.StatusParameter}
	}
	return a.Client.Records(ctx, q)
}

// TestBeyondRetention: a start for which the API does not answer is refused in one line.
func TestBeyondRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 100}, 6)
		o := w.options(3)
		o.History.API = old{w.api, o.Plan.Start.Add(time.Hour)}
		_, err := Look(t.Context(), o)
		require.ErrorContains(t, err, "give a later --start")
		require.NotContains(t, err.Error(), "\n")
	})
}
