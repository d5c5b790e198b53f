package process

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience is how long a test waits for what has to come. No test asserts how long something took.
const Patience = 2 * time.Minute

// Eventually waits until condition is true. Unlike require.Eventually it calls condition in the goroutine of the test, so
// that a failed requirement in it ends the test at once and is reported. The longer it waits the less often it looks: a look is
// often a whole scrape.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	pause := 10 * time.Millisecond
	for deadline := time.Now().Add(Patience); !condition(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			require.FailNow(t, "waited in vain: "+what)
		}
		pause = min(2*pause, 250*time.Millisecond)
	}
}

// Buffer is a bytes.Buffer that one goroutine can read while another writes.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
