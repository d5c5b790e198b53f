package exposition

import (
	"sync"
	"time"
)

// keep is for how long a format's page is kept after it was last asked for.
const keep = 10 * time.Minute

// cache holds the newest page of each format that is asked for.
type cache struct {
	source Source
	now    func() time.Time
	slots  [formats]slot
}

type slot struct {
	mu    sync.Mutex
	page  *page
	asked time.Time
}

// get returns the page of the source's present generation. Whoever asks while it is being rendered waits for it: it is
// rendered once, and no request is answered with an older generation than one answered before it.
func (c *cache) get(t format) (*page, error) {
	s := &c.slots[t]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = c.now()
	families, generation := c.source.Exposition()
	if s.page != nil && s.page.generation == generation {
		return s.page, nil
	}
	p, err := render(t, families, generation, s.page)
	if err != nil {
		return nil, err
	}
	s.page = p
	return p, nil
}

// sweep drops the pages that nobody asks for any more. It waits for nobody: a slot in use is not idle.
func (c *cache) sweep() {
	now := c.now()
	for i := range c.slots {
		s := &c.slots[i]
		if !s.mu.TryLock() {
			continue
		}
		if now.Sub(s.asked) > keep {
			s.page = nil
		}
		s.mu.Unlock()
	}
}
