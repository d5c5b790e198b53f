package backfill

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// TestWrongZone: a wrong utc_offset is found before anything is written, wherever the records of the last minutes are listed: at their
// time, or hours ahead. Where they are listed in what would be the server's future, it is a suspicion.
func TestWrongZone(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for _, tt := range []struct {
		name        string
		hours       int // configured
		accept      simulator.TimeFormat
		order       simulator.Order
		calls       float64
		want, warns string
	}{
		{"right", 8, simulator.AnyTime, simulator.IDDesc, 2000, "", ""},
		{"right, few calls", 8, simulator.AnyTime, simulator.IDDesc, 5, "", ""},
		{"ahead", 0, simulator.AnyTime, simulator.IDDesc, 2000, "utc_offset +00:00 is most likely wrong: the newest calls end ", ""},
		{"ahead, windows too", 0, simulator.DatetimeOnly, simulator.IDDesc, 2000, "ahead of the server's clock: +08:00 would fit", ""},
		{"ahead, windows too, the oldest first", 0, simulator.DatetimeOnly, simulator.IDAsc, 2000, "ahead of the server's clock: +08:00 would fit", ""},
		{"behind", 14, simulator.AnyTime, simulator.IDDesc, 2000, "before they were listed: +08:00 would fit", ""},
		{"behind, windows too", 14, simulator.DatetimeOnly, simulator.IDDesc, 2000, "", "utc_offset=+14:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, simulator.Options{CallsPerDay: tt.calls, Habits: simulator.Habits{Accept: tt.accept, Order: tt.order}}, 9)
				w.configure(tt.hours)
				var logs bytes.Buffer
				o := w.options(1)
				o.Logger = log.NewLogfmtLogger(&logs)
				_, err := Run(t.Context(), o)
				if tt.want == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tt.want)
					require.Empty(t, contents(t, o.Dir))
				}
				if tt.warns == "" {
					require.Empty(t, logs.String())
				}
				require.Contains(t, logs.String(), tt.warns)
			})
		})
	}
}
