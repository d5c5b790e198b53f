package exposition

import (
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
)

// keep is for how long a format's page is kept after it was last asked for.
const keep = 10 * time.Minute

// cache keeps the newest page of each format that is asked for. A negotiated content type, which is a format with its version
// and the escaping of names, is one of a few.
type cache struct {
	source Source
	now    func() time.Time

	mu    sync.Mutex // guards slots, not what is in them
	slots map[expfmt.Format]*slot
}

type slot struct {
	mu    sync.Mutex // locked while its page is rendered
	page  *page
	asked time.Time
}

// get returns the page of the source's present generation. Whoever asks while it is being rendered waits for it: it is rendered
// once, and no request is answered with an older generation than one answered before it.
func (c *cache) get(contentType expfmt.Format) (*page, error) {
	s := c.slot(contentType)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = c.now()
	families, generation := c.source.Exposition()
	if s.page != nil && s.page.generation == generation {
		return s.page, nil
	}
	p, err := render(contentType, families, generation, s.page)
	if err != nil {
		return nil, err
	}
	s.page = p
	return p, nil
}

func (c *cache) slot(contentType expfmt.Format) *slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slots[contentType]
	if s == nil {
		s = &slot{}
		c.slots[contentType] = s
	}
	return s
}

// sweep drops the pages that nobody asks for any more. It waits for no rendering: a slot in use is not idle.
func (c *cache) sweep() {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.slots {
		if !s.mu.TryLock() {
			continue
		}
		if now.Sub(s.asked) > keep {
			s.page = nil
		}
		s.mu.Unlock()
	}
}
