package collector

import (
	"cmp"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

const (
	maxScrapers = 1000 // hosts that are watched; beyond it the watch starts over
	// longestInterval is the longest time between two scrapes that is taken for a scrape interval.
	longestInterval = time.Hour
)

// scrapers watches how often each Prometheus comes, by host. It is safe for concurrent use.
type scrapers struct {
	logger log.Logger
	now    func() time.Time

	mu     sync.Mutex
	byHost map[string]scraper
}

// scraper is one host.
type scraper struct {
	last     time.Time     // when it came last
	interval time.Duration // between its last two scrapes; 0: it came once, or there was a pause
	warned   bool
}

func newScrapers(logger log.Logger, now func() time.Time) *scrapers {
	return &scrapers{logger: logger, now: now, byHost: map[string]scraper{}}
}

// scraped warns of a scraper whose interval is longer than zeroFirst: it misses the 0 of new series.
func (s *scrapers) scraped(remote string, zeroFirst time.Duration) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	if interval, slow := s.came(host, zeroFirst); slow {
		level.Warn(s.logger).Log("msg", "a Prometheus scrapes less often than zero_first: raise zero_first to its scrape interval, or first calls of new series are missed by increase()",
			"scrape_interval", interval.Round(time.Second), "zero_first", zeroFirst)
	}
}

// came notes a scrape. It returns the time since the host's last one, and whether to warn: once for each host.
func (s *scrapers) came(host string, zeroFirst time.Duration) (interval time.Duration, slow bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	was, again := s.byHost[host]
	if len(s.byHost) >= maxScrapers {
		clear(s.byHost)
	}
	interval = now.Sub(was.last)
	slow = again && !was.warned && zeroFirst > 0 && interval > zeroFirst+zeroFirst/4 && interval < longestInterval
	is := scraper{last: now, warned: was.warned || slow}
	if again && interval < longestInterval {
		is.interval = interval
	}
	s.byHost[host] = is
	return interval, slow
}

// Scraper is a host from which a Prometheus scrapes.
type Scraper struct {
	Host     string
	Last     time.Time     // its last scrape, local time
	Interval time.Duration // between its last two; 0: not known
}

// seen gives the hosts, the last to come first.
func (s *scrapers) seen() []Scraper {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Scraper
	for host, is := range s.byHost {
		out = append(out, Scraper{host, is.last, is.interval})
	}
	slices.SortFunc(out, func(a, b Scraper) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Host, b.Host)) })
	return out
}
