// Package ledger keeps what has been counted: the ids of calls and the series they add up to, one transaction a batch, on
// disk, in one file. In memory the new state is published after the commit: what is exposed is never ahead of what is durable.
package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
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

	writer sync.Mutex // held over a transaction and its publication

	mu       sync.RWMutex // guards what follows; written only by the holder of writer
	model    *families.Model
	families []*family
	admitted map[string]map[string]struct{} // label -> values
	accounts map[string]*Account
	hold     hold
	gen      uint64 // of the exposition
	faces    []*series.Family
	facesGen uint64
	size     int64 // bytes of the file
}

// family is a row of the model with its series.
type family struct {
	families.Family
	restarted int64 // Unix milliseconds; 0: never
	byKey     map[string]*storedSeries
	sorted    []*storedSeries
	dirty     bool // faces are to be made anew
}

// series is one label set. All but what the mutex of the ledger guards is fixed at birth.
type storedSeries struct {
	key     string
	labels  []string
	account *Account // nil: belongs to none
	created int64    // Unix milliseconds

	cur     *series.Metric // committed
	next    *series.Metric // in the transaction under way, its writer's own; nil: unchanged
	shown   bool           // cur is exposed; else 0
	zero    *series.Metric // what is exposed until then; nil after that
	bornGen uint64         // first exposition that can hold it
	// fetched is when a scraper first had the 0 whole; zero: none yet.
	fetched time.Time
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
		admitted: map[string]map[string]struct{}{},
		accounts: map[string]*Account{},
		hold:     hold{zeroFirst: o.ZeroFirst, held: map[*storedSeries]struct{}{}},
		gen:      1,
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
	return b.ForEachBucket(func(label []byte) error {
		values := map[string]struct{}{}
		l.admitted[string(label)] = values
		return b.Bucket(label).ForEach(func(k, _ []byte) error {
			values[string(k)] = struct{}{}
			return nil
		})
	})
}

// Stats are the ledger's own figures.
type Stats struct {
	SizeBytes int64
	Series    int
	Held      int // series that still show 0
}

// Stats gives the figures of the last committed state.
func (l *Ledger) Stats() Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := Stats{Held: len(l.hold.held), SizeBytes: l.size}
	for _, f := range l.families {
		s.Series += len(f.byKey)
	}
	return s
}

// Exposition gives the call families as they are to be exposed, and a number that changes exactly when they do.
// Neither may be changed by the caller.
func (l *Ledger) Exposition() ([]*series.Family, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.facesGen == l.gen {
		return l.faces, l.gen
	}
	faces := make([]*series.Family, 0, len(l.families))
	old := map[string]*series.Family{}
	for _, f := range l.faces {
		old[f.Name] = f
	}
	shared := l.anyExposed()
	for _, f := range l.families {
		face := old[f.Name]
		if f.dirty || face == nil {
			face = f.face(shared)
			f.dirty = false
		}
		if len(face.Metrics) > 0 {
			faces = append(faces, face)
		}
	}
	slices.SortFunc(faces, func(a, b *series.Family) int { return strings.Compare(a.Name, b.Name) })
	l.faces, l.facesGen = faces, l.gen
	return faces, l.gen
}

// anyExposed reports whether some account is exposed: series that belong to none come with the first one.
func (l *Ledger) anyExposed() bool {
	for _, a := range l.accounts {
		if a.exposed() {
			return true
		}
	}
	return false
}

func (f *family) face(shared bool) *series.Family {
	face := &series.Family{Name: f.Name, Help: f.Help, Type: f.Type, LabelNames: f.Labels, Bounds: f.Bounds}
	face.Metrics = make([]*series.Metric, 0, len(f.sorted))
	for _, s := range f.sorted {
		if s.account == nil && !shared || s.account != nil && !s.account.exposed() {
			continue
		}
		if s.shown {
			face.Metrics = append(face.Metrics, s.cur)
		} else {
			face.Metrics = append(face.Metrics, s.zero)
		}
	}
	return face
}

// adopt gives a family new series and keeps its order.
func (f *family) adopt(born []*storedSeries) {
	if len(born) == 0 {
		return
	}
	slices.SortFunc(born, bySeries)
	merged := make([]*storedSeries, 0, len(f.sorted)+len(born))
	i := 0
	for _, s := range born {
		f.byKey[s.key] = s
		for i < len(f.sorted) && bySeries(f.sorted[i], s) < 0 {
			merged = append(merged, f.sorted[i])
			i++
		}
		merged = append(merged, s)
	}
	f.sorted = append(merged, f.sorted[i:]...)
	f.dirty = true
}

func bySeries(a, b *storedSeries) int { return slices.Compare(a.labels, b.labels) }

// zeroMetric is a series before its first value.
func zeroMetric(f *family, labels []string, created int64) *series.Metric {
	m := &series.Metric{LabelValues: labels, Created: createdTime(f, created)}
	if f.Type == series.Histogram {
		m.Hist = &series.HistogramValue{Buckets: make([]uint64, len(f.Bounds))}
	}
	return m
}

// createdTime is a series' created time as exposed: gauges have none.
func createdTime(f *family, created int64) time.Time {
	if f.Type == series.Gauge {
		return time.Time{}
	}
	return time.UnixMilli(created).UTC()
}

// reveal lets a series show its value. mu is held.
func (l *Ledger) reveal(s *storedSeries) {
	s.shown, s.zero = true, nil
	delete(l.hold.held, s)
}

// SetModel puts a model in force, at the start and on a reload. A family whose labels or bounds changed, or that was
// switched off, starts anew and says so; ids stay.
func (l *Ledger) SetModel(m *families.Model) error {
	l.writer.Lock()
	defer l.writer.Unlock()
	had := map[string]*family{}
	for _, f := range l.families {
		had[f.Name] = f
	}
	next := make([]*family, 0, len(m.Families))
	err := l.update(func(tx *bolt.Tx) error {
		root := tx.Bucket([]byte(bucketFamilies))
		var gone []string
		err := root.ForEachBucket(func(name []byte) error {
			if !slices.ContainsFunc(m.Families, func(f families.Family) bool { return f.Name == string(name) }) {
				gone = append(gone, string(name))
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, name := range gone {
			level.Warn(l.logger).Log("msg", "metric family switched off, its values are forgotten", "family", name)
			if err := root.DeleteBucket([]byte(name)); err != nil {
				return err
			}
		}
		for _, row := range m.Families {
			f, err := l.openFamily(root, row, had[row.Name])
			if err != nil {
				return fmt.Errorf("family %s: %w", row.Name, err)
			}
			next = append(next, f)
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.model, l.families = m, next
	l.hold.held = map[*storedSeries]struct{}{}
	for _, f := range next {
		for _, s := range f.sorted {
			if !s.shown {
				l.hold.held[s] = struct{}{}
			}
		}
	}
	l.changed()
	return nil
}

// SetZeroFirst changes how long new series show 0.
func (l *Ledger) SetZeroFirst(d time.Duration) {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hold.zeroFirst = d
}

// changed is called with mu held after the exposition changed.
func (l *Ledger) changed() {
	l.gen++
	l.size = l.fileSize()
}

func (l *Ledger) fileSize() int64 {
	info, err := os.Stat(l.db.Path())
	if err != nil {
		return 0
	}
	return info.Size()
}
