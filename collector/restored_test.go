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
	skipDays(t)
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
		for began := time.Now(); time.Since(began) < 5*time.Minute; time.Sleep(time.Second) {
			w.look()
			fams, _ := w.c.ledger.Exposition()
			shown = shown || len(fams) > 0
		}
		require.True(t, shown)
		require.Regexp(t, `msg="caught up" counted=[1-9]\d* epoch=2000-01-01T00:00:0`, out.String())
		w.end()
	})
}

// TestRestoredBackup: a backup of any age shows no series lower than before, although a young one could have been taken for the
// ledger itself, and in the end all that was shown before and came since.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	skipDays(t)
	for _, age := range span(
		[]time.Duration{10 * time.Second}, []time.Duration{time.Hour},
		[]time.Duration{10 * time.Second, time.Minute, 30 * time.Minute, 3 * time.Hour, 24 * time.Hour, 72 * time.Hour},
	) {
		t.Run(age.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := steady(time.Now())
				o.LongShare, o.LateShare = 0.1, 0.1
				o.Habits.FilterOn = simulator.ByStart
				w := newWorld(t, o, nil)
				w.start()
				time.Sleep(90 * time.Minute)
				copied := filepath.Join(t.TempDir(), "copy.db")
				require.NoError(t, w.c.Backup(copied))
				for began := time.Now(); time.Since(began) < age; time.Sleep(time.Minute) {
					w.look()
				}
				w.end()
				backup, err := os.ReadFile(copied)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(w.dir, "ledger.db"), backup, 0o600))

				w.start()
				fams, _ := w.c.ledger.Exposition()
				require.Empty(t, fams, "it is behind")
				for began := time.Now(); time.Since(began) < 2*time.Minute; time.Sleep(250 * time.Millisecond) {
					w.look()
				}
				for range 90 {
					time.Sleep(time.Minute)
					w.look()
				}
				w.halt()
				w.exposedRight("call_type", "outcome")
				require.NoError(t, w.c.Close())
			})
		})
	}
}
