package collector

import (
	"time"

	"itnio_exporter/collector/account"
	"itnio_exporter/collector/ledger"
)

// AccountStatus is all that the status page shows of an account.
type AccountStatus = account.Summary

// Status returns the status of every account, sorted by name. It waits neither for a reload nor for a disk.
func (c *Collector) Status() []AccountStatus {
	var out []AccountStatus
	for _, p := range c.snapshot.Load().pollers {
		out = append(out, p.Summary())
	}
	return out
}

// About is what there is to know of the exporter apart from its accounts.
type About struct {
	Started       time.Time    // local time
	Ledger        ledger.Stats // of the last committed state
	Scrapers      []Scraper    // the last to come first
	Configuration string       // in force, as YAML; secrets and personal data are withheld
}

// About returns what is known now. It waits neither for a reload nor for a disk.
func (c *Collector) About() About {
	return About{Started: c.started, Ledger: c.ledger.Stats(), Scrapers: c.scrapers.seen(), Configuration: c.snapshot.Load().configuration}
}
