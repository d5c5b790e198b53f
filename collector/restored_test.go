package collector

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// TestRestored: a ledger that is replaced by an older copy shows no series lower than before, not even for a moment, although
// only an audit finds calls that began long before the copy was made.
func TestRestored(t *testing.T) {
	t.Parallel()
	skipRace(t)
	synctest.Test(t, func(t *testing.T) {
		o := steady(time.Now())
		o.LongShare = 0.3
		o.Habits.FilterOn = simulator.ByStart
		w := newWorld(t, o, nil)
		var out bytes.Buffer
		w.logger = log.NewLogfmtLogger(log.NewSyncWriter(&out))
		w.start()
		time.Sleep(time.Hour)
		w.end()
		file := filepath.Join(w.dir, "ledger.db")
		older, err := os.ReadFile(file)
		require.NoError(t, err)
		w.start()
		time.Sleep(6 * time.Hour)
		w.look()
		w.end()
		require.NoError(t, os.WriteFile(file, older, 0o600))
		out.Reset()
		w.start()
		shown := false
		for began := time.Now(); time.Since(began) < 10*time.Minute; time.Sleep(100 * time.Millisecond) {
			w.look()
			fams, _ := w.c.ledger.Exposition()
			shown = shown || len(fams) > 0
		}
		require.True(t, shown)
		require.Regexp(t, `msg="caught up" counted=[1-9]\d* epoch=2000-01-01T00:00:0`, out.String())
		w.end()
	})
}
