package ledger

import (
	"fmt"
	"time"

	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"

	"itnio_exporter/config"
)

// Identity is what makes an account the same account across restarts.
type Identity struct {
	Name    string
	BaseURL string // in the form of config.CanonicalURL; another one under the same name is refused: its ids are of another system
	// MovedFrom is an address that the same system had before; "": none.
	MovedFrom string
	Filter    string // canonical text of the filter; another one moves the epoch to now
}

// Check tells whether Attach would accept an account, and changes nothing.
func (l *Ledger) Check(id Identity) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	a, known := l.accounts[id.Name]
	if !known || a.untouched() {
		return nil
	}
	before := config.CanonicalURL(a.meta.BaseURL)
	if before == id.BaseURL || id.MovedFrom != "" && before == config.CanonicalURL(id.MovedFrom) {
		return nil
	}
	return fmt.Errorf("account %q: the ledger knows it with another base_url: its ids are of another system; give it another name, or move the ledger away;"+
		" if it is the same platform at a new address, set moved_from: %s for the account", id.Name, before)
}

// untouched reports whether the account has never had a good answer: then its address may have been wrong.
func (a *Account) untouched() bool { return a.meta.Epoch == 0 && len(a.days) == 0 }

// Attach brings an account of the configuration into the ledger, or back to it.
func (l *Ledger) Attach(id Identity) (*Account, error) {
	if err := l.Check(id); err != nil {
		return nil, err
	}
	if err := l.lock(); err != nil {
		return nil, err
	}
	defer l.writer.Unlock()
	a, known := l.accounts[id.Name]
	if !known {
		a = &Account{l: l, name: id.Name}
	}
	meta := a.meta
	if config.CanonicalURL(meta.BaseURL) != id.BaseURL {
		meta.Habits = "" // of another server, or of one that was set up anew
	}
	meta.BaseURL = id.BaseURL
	forget := known && meta.Filter != id.Filter
	if forget {
		level.Warn(l.logger).Log("msg", "the account's filter has changed: calls are counted from now on, remembered totals are forgotten", "account", id.Name)
		meta.MoveEpoch, meta.Swept = meta.Epoch != 0, 0
	}
	meta.Filter = id.Filter
	publish := func() { l.attached(a, meta) }
	if known && meta == a.meta {
		publish()
		return a, nil
	}
	err := l.run(update{publish: publish, write: func(tx *bolt.Tx) error {
		b, err := accountBucket(tx, id.Name)
		if err != nil {
			return err
		}
		if forget {
			if err := deleteBuckets(b, bucketCells, bucketDeletions); err != nil {
				return err
			}
		}
		return putMeta(b, &meta)
	}})
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", id.Name, err)
	}
	return a, nil
}

// attached makes an account one of the configuration.
func (l *Ledger) attached(a *Account, meta accountMeta) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.meta = meta
	a.attached = true
	a.concealed = a.concealed || meta.Copied // also one that a reload adds to a restored ledger
	l.accounts[a.name] = a
	l.expose(a)
	what := "account is in the ledger"
	if a.untouched() {
		what = "account is new to the ledger"
	}
	epoch := "none yet"
	if meta.Epoch != 0 {
		epoch = time.Unix(meta.Epoch, 0).UTC().Format(time.RFC3339)
	}
	level.Info(l.logger).Log("msg", what, "account", a.name, "epoch", epoch, "series", l.seriesOf(a))
}

// seriesOf is how many series an account has. The caller has locked mu.
func (l *Ledger) seriesOf(a *Account) int {
	n := 0
	for _, f := range l.families {
		for _, s := range f.sorted {
			if s.account == a {
				n++
			}
		}
	}
	return n
}

// Detach takes an account that left the configuration out of the exposition. What the ledger knows of it stays.
func (l *Ledger) Detach(a *Account) {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	a.attached = false
	l.expose(a)
}
