package simulator_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// TestWeek polls each minute for a week of virtual time, and asks for the whole week each hour: what a client costs the simulator at least.
func TestWeek(t *testing.T) {
	if testing.Short() {
		t.Skip("a few seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		o := traffic()
		o.Rhythm = 1
		o.Habits.Order = simulator.IDDesc
		s := simulator.New(o)
		begin := time.Now()
		transport := newAPI(t, s)
		requests := 0
		for now := begin; now.Sub(begin) < 7*24*time.Hour; now = time.Now() {
			windows := []time.Duration{2 * time.Hour}
			if now.Minute() == 0 {
				windows = append(windows, 7*24*time.Hour)
			}
			for _, w := range windows {
				_, b, err := transport.do(transport.request(body(now.Add(-w), now.Add(24*time.Hour), 1, 100, "")))
				require.NoError(t, err)
				require.NotEmpty(t, b)
				requests++
			}
			time.Sleep(time.Minute)
		}
		require.Equal(t, requests, s.Requests())
		calls := 0
		for range s.Calls() {
			calls++
		}
		require.InEpsilon(t, 24000*7.5, calls, 0.1)
	})
}
