// Package ledger keeps what has been counted: the ids of calls and the series they add up to, one transaction a batch, on
// disk, in one file. In memory the new state is published after the commit: what is exposed is never ahead of what is durable.
package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-kit/log"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// Options of a ledger.
type Options struct {
	Dir       string // created if it is missing
	Model     *families.Model
	ZeroFirst time.Duration // how long a new series shows 0 after that 0 was fetched; 0: not at all
	Now       func() time.Time
	Logger    log.Logger

	// LockTimeout is how long to wait for another process to let go of the file; 0: a second.
	LockTimeout time.Duration
	// Sync off leaves durability to the operating system. For simulations of weeks only.
	NoSync bool
	// BeforeCommit, if set, can make a transaction fail. For simulations only.
	BeforeCommit func() error
}

// Ledger is safe for concurrent use. There is one writer at a time; readers see the last committed state.
type Ledger struct {
	db     *bolt.DB
	before func() error
	now    func() time.Time
	logger log.Logger

	writer sync.Mutex // locked over a transaction and its publication

	mu       sync.RWMutex // guards what follows, which is written only with writer locked too
	model    *families.Model
	families []*family
	admitted map[string]map[string]struct{} // label -> values
	accounts map[string]*Account
	size     int64 // bytes of the file

	zeroFirst  zeroFirst
	gen        uint64 // of the exposition
	exposed    []*series.Family
	exposedGen uint64 // of exposed
}

// What to do about a file that cannot be used.
const (
	restore    = "(restore it from a backup, or move it away to start anew: calls since then are counted from zero)"
	giveAccess = "(give the exporter's user access, or choose another directory with --storage.path)"
)

// Open opens or creates the ledger in a directory. A directory that cannot be written, a file of another process, a foreign
// or damaged file is one clear error, and nothing is overwritten.
func Open(o Options) (_ *Ledger, err error) {
	path := filepath.Join(o.Dir, fileName)
	fail := func(what string, err error) error {
		return fmt.Errorf("ledger %s: %s: %w", path, what, err)
	}
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fail("cannot make its directory (choose one that can be written with --storage.path)", err)
	}
	if err := checkFile(path); err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil, fail("cannot read it "+giveAccess, err)
		}
		return nil, fail("unusable "+restore, err)
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = time.Second
	}
	db, err := openBolt(path, &bolt.Options{
		Timeout: o.LockTimeout, FreelistType: bolt.FreelistMapType, NoSync: o.NoSync, NoGrowSync: o.NoSync,
	})
	switch {
	case errors.Is(err, errDamaged):
		return nil, fail("damaged "+restore, err)
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fail("in use", errors.New("another process has it open: run one exporter for each --storage.path"))
	case errors.Is(err, os.ErrPermission):
		return nil, fail("cannot write it "+giveAccess, err)
	case err != nil:
		return nil, fail("cannot open it", err)
	}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	l := &Ledger{
		db: db, before: o.BeforeCommit, now: o.Now, logger: o.Logger,
		admitted:  map[string]map[string]struct{}{},
		accounts:  map[string]*Account{},
		zeroFirst: zeroFirst{wait: o.ZeroFirst, atZero: map[*storedSeries]struct{}{}},
		gen:       1,
	}
	if err := guarded(l.load); err != nil {
		return nil, fail("cannot read it "+restore, err)
	}
	err = guarded(func() error { return l.SetModel(o.Model) })
	switch {
	case errors.Is(err, errDamaged):
		return nil, fail("damaged "+restore, err)
	case err != nil:
		return nil, fail("cannot write it", err)
	}
	return l, nil
}

// update runs a transaction.
func (l *Ledger) update(f func(*bolt.Tx) error) error {
	return l.db.Update(func(tx *bolt.Tx) error {
		if l.before != nil {
			if err := l.before(); err != nil {
				return err
			}
		}
		return f(tx)
	})
}

// Close waits for the writer and closes the file.
func (l *Ledger) Close() error {
	l.writer.Lock()
	defer l.writer.Unlock()
	return l.db.Close()
}

func (l *Ledger) load() error {
	fresh := false
	err := l.db.View(func(tx *bolt.Tx) error {
		meta := tx.Bucket([]byte(bucketMeta))
		if meta == nil {
			empty := true
			_ = tx.ForEach(func([]byte, *bolt.Bucket) error { empty = false; return nil })
			if !empty {
				return errForeign
			}
			fresh = true
			return nil
		}
		if v := string(meta.Get([]byte(keyFormat))); v != formatVersion {
			return fmt.Errorf("its format is version %q, this program reads and writes %q: use the exporter that wrote it", v, formatVersion)
		}
		if err := l.loadAdmitted(tx.Bucket([]byte(bucketAdmitted))); err != nil {
			return err
		}
		return l.loadAccounts(tx.Bucket([]byte(bucketAccounts)))
	})
	if err != nil || !fresh {
		return err
	}
	return l.update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucket([]byte(bucketMeta))
		if err != nil {
			return err
		}
		for _, b := range []string{bucketAccounts, bucketFamilies, bucketAdmitted} {
			if _, err := tx.CreateBucket([]byte(b)); err != nil {
				return err
			}
		}
		return meta.Put([]byte(keyFormat), []byte(formatVersion))
	})
}

func (l *Ledger) loadAdmitted(b *bolt.Bucket) error {
	return forEachBucket(b, func(label []byte, b *bolt.Bucket) error {
		values := map[string]struct{}{}
		l.admitted[string(label)] = values
		return b.ForEach(func(k, _ []byte) error {
			values[string(k)] = struct{}{}
			return nil
		})
	})
}

// Stats are the ledger's own figures.
type Stats struct {
	SizeBytes int64
	Series    int
	Held      int // series that show 0 first
}

// Stats gives the figures of the last committed state.
func (l *Ledger) Stats() Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := Stats{Held: len(l.zeroFirst.atZero), SizeBytes: l.size}
	for _, f := range l.families {
		s.Series += len(f.byKey)
	}
	return s
}
