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

// TestLook: a forecast is right within a factor of two, for a handful of requests.
func TestLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 600, Habits: simulator.Habits{RefuseFuture: true}}, 6)
		for name, tt := range map[string]struct {
			ago, long, step time.Duration // ago: the end
			live            bool
			off             int64 // factor
		}{
			"days, long step":  {3 * time.Hour, 3 * day, 10 * time.Minute, false, 2},
			"days, step of 4m": {3 * time.Hour, 2*day + 11*time.Hour, 4 * time.Minute, false, 2},
			"hours":            {3 * time.Hour, 2 * time.Hour, time.Minute, true, 2},
			"hours, step 4m":   {3 * time.Hour, 2 * time.Hour, 4 * time.Minute, false, 2},
			"no calls":         {8 * day, 2 * day, time.Minute, false, 1},
		} {
			o := w.options(1)
			o.Plan.Step, o.Plan.Moves = tt.step, !tt.live
			o.Plan.End = time.Now().Add(-tt.ago).Truncate(time.Hour)
			o.Plan.Start = o.Plan.End.Add(-tt.long)
			o.Plan.fill(o.Identity, o.Ledger.Model)
			before := w.sim.Requests()
			f, err := Look(t.Context(), o)
			require.NoError(t, err)
			require.LessOrEqual(t, w.sim.Requests()-before, 12)
			result, err := Run(t.Context(), o)
			require.NoError(t, err)
			var bytes int64
			for _, file := range result.Files {
				bytes += file.Bytes
			}
			t.Logf("%s: %+v, really %d calls, %d bytes", name, f, result.Totals.Calls, bytes)
			require.InDelta(t, result.Totals.Calls, f.Calls, float64(result.Totals.Calls)/2, name)
			require.Greater(t, f.Bytes, bytes*4/5/tt.off, name)
			require.Less(t, f.Bytes, bytes*5/4*tt.off, name)
			require.False(t, f.Empty)
		}

		early := w.options(10)
		f, err := Look(t.Context(), early)
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
