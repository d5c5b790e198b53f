package collector

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// gate holds up transactions while it is closed.
type gate struct {
	mu      sync.Mutex
	closed  chan struct{} // nil: open
	reached chan struct{} // a transaction is held up
}

func newGate() *gate { return &gate{reached: make(chan struct{}, 1)} }

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.closed)
	g.closed = nil
}

func (g *gate) pass() error {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed == nil {
		return nil
	}
	select {
	case g.reached <- struct{}{}:
	default:
	}
	<-closed
	return nil
}

// TestNothingWaitsForADisk: while a transaction hangs, of a reading or of a reload, what serves HTTP answers. There is no virtual
// time here: a goroutine that waits for a lock would stop it.
func TestNothingWaitsForADisk(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		hang func(*world) (ended <-chan struct{}) // begins what writes
	}{
		{"commit", func(w *world) <-chan struct{} {
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = w.c.ledger.Attach(IdentityOf(config.Account{Name: "another"}))
			}()
			return done
		}},
		{"reload", func(w *world) <-chan struct{} {
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = w.c.Reload(testConfig(w.t, func(c *config.Config) {
					c.Accounts = append(c.Accounts, configured(secondAccount()))
				}))
			}()
			return done
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := steady(time.Now())
			o.Accounts = []simulator.Account{mainAccount(), secondAccount()}
			o.Latency = 0
			w := newWorld(t, o, nil)
			gate := newGate()
			w.gate = gate.pass
			w.start()
			ready := func() bool { ok, _ := w.c.Ready(); return ok }
			require.Eventually(t, ready, time.Minute, 10*time.Millisecond)

			gate.close()
			ended := tt.hang(w)
			<-gate.reached
			answers := make(chan string)
			go func() {
				w.c.Ready()
				w.c.About()
				names := []string{}
				for _, s := range w.c.Status() {
					names = append(names, s.Name)
				}
				w.scrape()
				answers <- strings.Join(names, " ")
			}()
			select {
			case names := <-answers:
				require.Equal(t, "main", names, "the configuration in force")
			case <-time.After(20 * time.Second):
				require.Fail(t, "what serves HTTP waits for a transaction")
			}
			select {
			case <-ended:
				require.Fail(t, "the transaction was not held up")
			default:
			}
			gate.open()
			<-ended
			w.end()
		})
	}
}
