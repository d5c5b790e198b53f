// Package ledger keeps what has been counted: the ids of calls and the series they add up to, one transaction a batch, on
// disk, in one file. In memory the new state is published after the commit: what is exposed is never ahead of what is durable.
package ledger

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// Ledger is safe for concurrent use. There is one writer at a time; readers see the last committed state.
type Ledger struct {
	file    *file
	path    string // of the file, for people
	now     func() time.Time
	logger  log.Logger
	created time.Time

	writer    sync.Mutex // locked over a transaction and its publication
	undecided *update    // its commit failed, and may be in the file; nil: none

	mu       sync.RWMutex // guards what follows, which is written only with writer locked too
	model    *families.Model
	families []*family
	admitted map[string]map[string]struct{} // label -> values
	accounts map[string]*Account

	zeroFirst  zeroFirst
	retirement retirement // the writer's own
	gen        uint64     // of the exposition
	exposed    []*series.Family
	exposedGen uint64 // of exposed
}

// update is a transaction: what it writes, and what follows from its outcome.
type update struct {
	write   func(*bolt.Tx) error
	publish func() // makes what was written the state that is read
	discard func() // takes back what was prepared; nil: nothing was
}

// lock begins a change to the ledger: it locks the writer, and finds out what became of a commit whose outcome is not known, so
// that memory is what the file is before anything else is written. The caller unlocks writer, if there is no error.
func (l *Ledger) lock() error {
	l.writer.Lock()
	_, err := l.decide()
	if err != nil {
		l.writer.Unlock()
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// run runs a transaction. Without an error it is in the file and published, with one it is neither, or its outcome is not known
// and lock will find it out. The caller has locked the writer.
func (l *Ledger) run(u update) error {
	err := l.file.update(u.write)
	switch {
	case err == nil:
		u.publish()
		return nil
	case !errors.Is(err, errUndecided):
		u.drop()
		return err
	}
	l.undecided = &u
	committed, unknown := l.decide()
	if unknown != nil {
		return fmt.Errorf("%w; whether it is in the file is not known yet: %w", err, unknown)
	}
	if committed {
		level.Warn(l.logger).Log("msg", "a commit failed, but all of it is in the ledger", "err", err)
		return nil
	}
	return err
}

func (u *update) drop() {
	if u.discard != nil {
		u.discard()
	}
}

// decide opens the file again after a commit that failed, publishes its transaction if it is in the file, and else drops it. The
// caller has locked the writer.
func (l *Ledger) decide() (committed bool, err error) {
	if !l.file.undecided() {
		return false, nil
	}
	committed, err = l.file.decide()
	if err != nil {
		return false, err
	}
	u := l.undecided
	l.undecided = nil
	switch {
	case u == nil:
	case committed:
		u.publish()
	default:
		u.drop()
	}
	return committed, nil
}

// Health tells what is wrong with the ledger's file: it has been removed, replaced, cut off or overwritten while it was in
// use, or a commit's outcome is not known. Nothing is counted meanwhile.
func (l *Ledger) Health() error {
	if err := l.file.check(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Close waits for the writer and closes the file.
func (l *Ledger) Close() error {
	l.writer.Lock()
	defer l.writer.Unlock()
	return l.file.close()
}

// Stats are the ledger's own figures.
type Stats struct {
	Path      string // of the file, absolute where that is known
	SizeBytes int64
	Created   time.Time // when the file was made
	Series    int
	Held      int // series that show 0 first
}

// Stats gives the figures of the last committed state.
func (l *Ledger) Stats() Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := Stats{Path: l.path, Created: l.created, Held: len(l.zeroFirst.atZero), SizeBytes: l.file.size.Load()}
	for _, f := range l.families {
		s.Series += len(f.byKey)
	}
	return s
}
