package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
)

// Options of a ledger.
type Options struct {
	Dir       string // created if it is missing
	Model     *families.Model
	ZeroFirst time.Duration // how long a new series shows 0 after that 0 was fetched; 0: not at all
	// RetireAfter is after how long without a call a series is taken out; 0: never.
	RetireAfter time.Duration
	Now         func() time.Time
	Logger      log.Logger

	// LockTimeout is how long to wait for another process to let go of the file; 0: defaultLockTimeout.
	LockTimeout time.Duration
	// NoSync leaves durability to the operating system. For simulations of weeks only.
	NoSync bool
	// BeforeCommit, if set, can make a transaction fail before it is written. For simulations only.
	BeforeCommit func() error
	// AfterCommit, if set, can make a commit fail that is in the file, as a sync does that fails late. For simulations only.
	AfterCommit func() error
}

const defaultLockTimeout = time.Second

// What to do about a file that cannot be used.
const (
	restore    = "(restore it from a backup, or move it away to start anew: calls since then are counted from zero)"
	giveAccess = "(give the exporter's user access, or choose another directory with --storage.path)"
	// deleteEmpty is said of a file that has no contents to restore: either there never were any, or they are lost.
	deleteEmpty = "(a first start that was interrupted leaves such a file: it is safe to delete it; only if a ledger was there before, restore a backup)"
	otherSystem = "(its file system may have no file locks or no memory-mapped files, as network shares may not: choose a local disk with --storage.path)"
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
	if o.LockTimeout == 0 {
		o.LockTimeout = defaultLockTimeout
	}
	f := &file{
		path: path, before: o.BeforeCommit, after: o.AfterCommit,
		options: bolt.Options{Timeout: o.LockTimeout, FreelistType: bolt.FreelistMapType, NoSync: o.NoSync, NoGrowSync: o.NoSync},
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	l := &Ledger{
		file: f, path: absolute, now: o.Now, logger: o.Logger,
		admitted:   map[string]map[string]struct{}{},
		accounts:   map[string]*Account{},
		zeroFirst:  zeroFirst{wait: o.ZeroFirst, atZero: map[*storedSeries]struct{}{}},
		retirement: retirement{after: o.RetireAfter},
		gen:        1,
	}
	from, err := f.createIfMissing(func(tx *bolt.Tx) error { return fill(tx, o.Now()) })
	if err == nil {
		err = f.open()
	}
	if err != nil {
		return nil, fail(problem(err), err)
	}
	defer func() {
		if err != nil {
			_ = f.close()
		}
	}()
	if err := l.load(); err != nil {
		return nil, fail("cannot read it "+restore, err)
	}
	switch err := l.SetModel(o.Model); {
	case errors.Is(err, errDamaged):
		return nil, fail("damaged "+restore, err)
	case err != nil:
		return nil, fail("cannot write it", err)
	}
	l.announce(from)
	return l, nil
}

// problem says in a few words why a file could not be opened or made, and what to do.
func problem(err error) string {
	switch {
	case errors.Is(err, errDamaged):
		return "damaged " + restore
	case errors.Is(err, errEmpty):
		return "nothing is in it " + deleteEmpty
	case errors.Is(err, errForeign), errors.Is(err, errCutOff):
		return "unusable " + restore
	case errors.Is(err, errInUse):
		return "in use"
	case errors.Is(err, os.ErrPermission):
		return "cannot use it " + giveAccess
	case unsupported(err):
		return "cannot lock or map it " + otherSystem
	}
	return "cannot open it"
}

// announce logs where the ledger is and whether it is a new one.
func (l *Ledger) announce(from origin) {
	what := "ledger opened"
	if from != wasThere {
		what = "new ledger created"
	}
	if from == replaced {
		level.Warn(l.logger).Log("msg", "the ledger's file was replaced: nothing had ever been written to it, as after a first start that was interrupted", "path", l.path)
	}
	level.Info(l.logger).Log("msg", what, "path", l.path, "created", l.created.UTC().Format(time.RFC3339), "accounts", len(l.accounts))
}
