package itnio

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/semaphore"
)

// slowEnd is a body that takes a second after its first megabyte, and counts how many do so at once.
type slowEnd struct {
	io.Reader
	read        int
	waited      bool
	active, max *atomic.Int64
}

func (b *slowEnd) Read(p []byte) (int, error) {
	if b.read > largeBody+sniffed && !b.waited {
		b.waited = true
		b.max.Store(max(b.max.Load(), b.active.Add(1)))
		time.Sleep(time.Second)
		b.active.Add(-1)
	}
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *slowEnd) Close() error { return nil }

// TestLargeBodies: clients that share a bound read no more large bodies at once than fit in, and each of them in the end.
func TestLargeBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 4 << 20
		var active, most atomic.Int64
		large := semaphore.NewWeighted(3 * limit)
		text := strings.Repeat("x", limit-1000)
		ask := func() error {
			c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				resp := respond(http.StatusOK, "")
				body := io.MultiReader(strings.NewReader(`{"status":0,"data":{"total":1,"records":[{"keyId":1,"remark":"`),
					strings.NewReader(text), strings.NewReader(`"}]}}`))
				resp.Body, resp.ContentLength = &slowEnd{Reader: body, active: &active, max: &most}, -1
				return resp, nil
			}), func(o *Options) { o.MaxBytes, o.Large, o.TimeFormat = limit, large, TimeISO8601 })
			_, err := c.Records(t.Context(), aQuery())
			return err
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { assert.NoError(t, ask()) })
		}
		wg.Wait()
		assert.EqualValues(t, 3, most.Load())
		assert.True(t, large.TryAcquire(3*limit), "all of it is given back")
		assert.Zero(t, active.Load())
	})
}
