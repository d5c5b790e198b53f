package collector

import (
	"maps"
	"slices"
	"time"

	"itnio_exporter/collector/account"
	"itnio_exporter/config"
)

// snapshot is what HTTP handlers need of the configuration in force and its accounts. It is never changed.
type snapshot struct {
	pollers    []*account.Poller // by account name
	scrapeMode bool              // a scrape brings the accounts up to date
	zeroFirst  time.Duration

	configuration string // YAML, without secrets
}

// publish makes the accounts as they are now the ones that HTTP handlers see. mu is held, or no one else knows c yet.
func (c *Collector) publish() {
	s := &snapshot{scrapeMode: c.cfg.Global().PollMode == config.PollScrape, zeroFirst: c.cfg.Global().ZeroFirst, configuration: c.cfg.YAML()}
	for _, name := range slices.Sorted(maps.Keys(c.members)) {
		s.pollers = append(s.pollers, c.members[name].poller)
	}
	c.snapshot.Store(s)
}
