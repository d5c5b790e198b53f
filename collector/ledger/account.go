package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-kit/log/level"
	bolt "go.etcd.io/bbolt"
)

// Account is one account's part of the ledger.
type Account struct {
	l    *Ledger
	name string

	// The ledger's mutex guards these. They are written with its writer lock locked too.
	meta       accountMeta
	days       []*day  // newest first
	dayNumbers []int64 // of days; days since 1970 by the server's clock
	attached   bool
	concealed  bool
	exposedGen uint64    // first exposition that can have its series
	stepped    time.Time // when a day was last dropped, local clock
}

type accountMeta struct {
	BaseURL string `json:"base_url"`
	Filter  string `json:"filter"`
	// Epoch, Unix seconds: calls that ended at or after it are counted. 0: no good answer yet.
	Epoch int64 `json:"epoch"`
	// MoveEpoch: the next good answer sets the epoch to its own time, without history.
	MoveEpoch bool `json:"move_epoch,omitempty"`
	// OldestDay is the oldest day whose ids are all still kept; older records are never counted. 0: none was ever dropped.
	OldestDay int64 `json:"oldest_day"`
	// InitialDone: the first fill is complete, the account's series are exposed.
	InitialDone bool `json:"initial_done"`
	// Swept, Unix seconds: every window before it was read from its first page to its last after it had left the lookback.
	Swept int64 `json:"swept"`
	// LastSuccess, Unix seconds by the local clock: when the account was last read; 0: never.
	LastSuccess int64 `json:"last_success,omitempty"`
	// Skew, seconds: the server's clock less the local one, then.
	Skew int64 `json:"skew,omitempty"`
	// Habits of the server, in the encoding of the package itnio. A file of an older release has none.
	Habits string `json:"habits,omitempty"`
	// Counted: some call has been counted.
	Counted bool `json:"counted"`
	// Copied: the file is a backup, and the account has not caught up since.
	Copied bool `json:"copied,omitempty"`
}

const secondsPerDay = 24 * 60 * 60

func dayOf(t time.Time) int64 { return t.Unix() / secondsPerDay }

// expose makes a new exposition of every family after an account came or went. The caller has locked mu.
func (l *Ledger) expose(a *Account) {
	for _, f := range l.families {
		f.dirty = true
	}
	l.recount()
	l.changed()
	a.exposedGen = l.gen
}

func (a *Account) exposed() bool { return a.attached && a.meta.InitialDone && !a.concealed }

// Conceal takes the account's series out of the exposition until it is called again with false. A ledger that may have
// been restored from a backup is behind what was exposed before: it is exposed once it has caught up.
func (a *Account) Conceal(yes bool) {
	a.l.writer.Lock()
	defer a.l.writer.Unlock()
	a.l.mu.Lock()
	defer a.l.mu.Unlock()
	if a.concealed != yes {
		a.concealed = yes
		a.l.expose(a)
	}
}

// Concealed reports whether the account's series are kept out of the exposition by Conceal.
func (a *Account) Concealed() bool {
	a.l.mu.RLock()
	defer a.l.mu.RUnlock()
	return a.concealed
}

func (a *Account) read() accountMeta {
	a.l.mu.RLock()
	defer a.l.mu.RUnlock()
	return a.meta
}

// Epoch is the time from which calls are counted; false before the first good answer.
func (a *Account) Epoch() (time.Time, bool) {
	m := a.read()
	return time.Unix(m.Epoch, 0).UTC(), m.Epoch != 0 && !m.MoveEpoch
}

// InitialDone reports whether the first fill is complete.
func (a *Account) InitialDone() bool { return a.read().InitialDone }

// Counted reports whether any call of the account was ever counted.
func (a *Account) Counted() bool { return a.read().Counted }

// Swept is the Unix time before which every window was read from its first page to its last after it had left the lookback;
// 0: none.
func (a *Account) Swept() int64 { return a.read().Swept }

// LastSuccess is when the account was last read by the local clock, as SetLastSuccess was told; zero: never.
func (a *Account) LastSuccess() time.Time {
	if at := a.read().LastSuccess; at != 0 {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

// Copied reports whether the ledger is a restored backup, and the account has not caught up since. Its series may have been shown
// with higher values than it has.
func (a *Account) Copied() bool { return a.read().Copied }

// Skew is the server's clock less the local one, as SetLastSuccess was told; 0: it is not known, or they agree.
func (a *Account) Skew() time.Duration { return time.Duration(a.read().Skew) * time.Second }

// Habits is what is known of the server's habits, as SetLastSuccess was told; "": nothing.
func (a *Account) Habits() string { return a.read().Habits }

// successStep is the shortest time between two writings of LastSuccess.
const successStep = time.Minute

// SetLastSuccess keeps when the account was last read, at most once a minute, so that a restart in the middle of an outage does not
// forget how long it has lasted. skew, kept in whole seconds, is the server's clock less the local one, and habits what Habits is to return.
func (a *Account) SetLastSuccess(at time.Time, skew time.Duration, habits string) error {
	if since := at.Sub(a.LastSuccess()); since >= 0 && since < successStep {
		return nil
	}
	if err := a.l.lock(); err != nil {
		return err
	}
	defer a.l.writer.Unlock()
	meta := a.meta
	meta.LastSuccess, meta.Skew, meta.Habits = at.Unix(), int64(skew/time.Second), habits
	return a.update(&meta, nil, nil)
}

// Floor is the Unix time before which nothing may be asked for, since ids of that time are no longer kept. It is a day after the
// oldest kept day: a call may be seen a little before the time that its record names.
func (a *Account) Floor() int64 {
	if m := a.read(); m.OldestDay > 0 {
		return (m.OldestDay + 1) * secondsPerDay
	}
	return 0
}

// Cells gives what is known of the account's windows, sorted by their start.
func (a *Account) Cells() []Cell {
	var cells []Cell
	err := a.l.file.view(func(tx *bolt.Tx) (err error) {
		cells, err = readCells(tx.Bucket([]byte(bucketAccounts)).Bucket([]byte(a.name)))
		return err
	})
	if err != nil { // they were sound when the ledger was opened
		level.Error(a.l.logger).Log("msg", "remembered windows are unreadable, they are read again", "account", a.name, "err", err)
		return nil
	}
	return cells
}

// IDs is how many calls the ledger remembers of the account.
func (a *Account) IDs() int {
	a.l.mu.RLock()
	defer a.l.mu.RUnlock()
	n := 0
	for _, d := range a.days {
		n += d.keys.Len() + d.orphans.Len()
	}
	return n
}

// Establish sets the epoch at the first good answer: the server's time then, less the history asked for. It is never moved back.
func (a *Account) Establish(server time.Time, history time.Duration) error {
	if err := a.l.lock(); err != nil {
		return err
	}
	defer a.l.writer.Unlock()
	meta := a.meta
	switch {
	case meta.MoveEpoch:
		meta.Epoch, meta.MoveEpoch = max(meta.Epoch, server.Unix()), false
	case meta.Epoch == 0:
		meta.Epoch = server.Add(-history).Unix()
	default:
		return nil
	}
	return a.update(&meta, nil, nil)
}

// Forget drops every id and every window of an account that has counted nothing yet, so that a corrected configuration
// starts again from the same epoch.
func (a *Account) Forget() error {
	if err := a.l.lock(); err != nil {
		return err
	}
	defer a.l.writer.Unlock()
	if a.meta.Counted {
		return fmt.Errorf("account %q has counted calls", a.name)
	}
	meta := a.meta
	meta.Swept, meta.OldestDay = 0, 0
	return a.update(&meta,
		func(b *bolt.Bucket) error { return deleteBuckets(b, bucketIDs, bucketCells, bucketDeletions) },
		func() { a.days, a.dayNumbers = nil, nil })
}

// deleteBuckets deletes those of the buckets that are there.
func deleteBuckets(in *bolt.Bucket, names ...string) error {
	for _, name := range names {
		if in.Bucket([]byte(name)) == nil {
			continue
		}
		if err := in.DeleteBucket([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

// dayStep is the shortest time between two expiries. It keeps a wrong Date from emptying the ledger at once.
const dayStep = time.Hour

// Expire drops the oldest days of ids, at most most of them, whose ids were first seen more than keep before the server's time.
// The caller makes sure that every window before then has been read.
func (a *Account) Expire(server time.Time, keep time.Duration, most int) (dropped int, err error) {
	if err := a.l.lock(); err != nil {
		return 0, err
	}
	defer a.l.writer.Unlock()
	n := len(a.days)
	for dropped < min(most, n) && (a.dayNumbers[n-dropped-1]+1)*secondsPerDay <= server.Add(-keep).Unix() {
		dropped++
	}
	now := a.l.now()
	if since := now.Sub(a.stepped); dropped == 0 || !a.stepped.IsZero() && since >= 0 && since < dayStep {
		return 0, nil
	}
	gone := a.dayNumbers[n-dropped:]
	meta := a.meta
	meta.OldestDay = max(meta.OldestDay, gone[0]+1)
	err = a.update(&meta, func(b *bolt.Bucket) error {
		for _, number := range gone {
			if err := b.Bucket([]byte(bucketIDs)).DeleteBucket(be32(number)); err != nil {
				return err
			}
		}
		return nil
	}, func() {
		left := n - dropped
		a.days, a.dayNumbers, a.stepped = a.days[:left:left], a.dayNumbers[:left:left], now
	})
	if err != nil {
		return 0, err
	}
	return dropped, nil
}

// update commits a changed meta, and what more writes, and then publishes the meta and what also does. The caller has locked
// the writer.
func (a *Account) update(meta *accountMeta, more func(*bolt.Bucket) error, also func()) error {
	write := func(tx *bolt.Tx) error {
		b, err := accountBucket(tx, a.name)
		if err != nil {
			return err
		}
		if more != nil {
			if err := more(b); err != nil {
				return err
			}
		}
		return putMeta(b, meta)
	}
	publish := func() {
		a.l.mu.Lock()
		defer a.l.mu.Unlock()
		a.meta = *meta
		if also != nil {
			also()
		}
	}
	if err := a.l.run(update{write: write, publish: publish}); err != nil {
		return fmt.Errorf("ledger: account %q: %w", a.name, err)
	}
	return nil
}

func accountBucket(tx *bolt.Tx, name string) (*bolt.Bucket, error) {
	return tx.Bucket([]byte(bucketAccounts)).CreateBucketIfNotExists([]byte(name))
}

func putMeta(b *bolt.Bucket, meta *accountMeta) error {
	v, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	return b.Put([]byte(keyMeta), v)
}

func (l *Ledger) loadAccounts(root *bolt.Bucket) error {
	return forEachBucket(root, func(name []byte, b *bolt.Bucket) error {
		a := &Account{l: l, name: string(name)}
		if err := a.load(b); err != nil {
			return fmt.Errorf("account %q: %w", a.name, err)
		}
		l.accounts[a.name] = a
		return nil
	})
}

func (a *Account) load(b *bolt.Bucket) error {
	if err := json.Unmarshal(b.Get([]byte(keyMeta)), &a.meta); err != nil {
		return fmt.Errorf("%w: its description: %w", errDamaged, err)
	}
	if err := a.loadIDs(b); err != nil {
		return fmt.Errorf("ids: %w", err)
	}
	if _, err := readCells(b); err != nil {
		return fmt.Errorf("windows: %w", err)
	}
	if _, err := readDeletions(b); err != nil {
		return fmt.Errorf("deletions: %w", err)
	}
	return nil
}

func (a *Account) loadIDs(account *bolt.Bucket) error {
	ids, err := subBucket(account, bucketIDs)
	if ids == nil {
		return err
	}
	var all entry
	err = forEachBucket(ids, func(number []byte, b *bolt.Bucket) error {
		all.reset()
		err := b.ForEach(func(_, v []byte) error {
			body, err := unseal(v)
			if err == nil && !all.decode(body) {
				err = errDamaged
			}
			return err
		})
		d := &day{}
		d.load(&all)
		a.days = append(a.days, d)
		a.dayNumbers = append(a.dayNumbers, int64(binary.BigEndian.Uint32(number)))
		return err
	})
	slices.Reverse(a.days)
	slices.Reverse(a.dayNumbers)
	return err
}

// at is the set of a day; nil if nothing was seen then. Days come in any order: a server's clock may step back.
func (a *Account) at(number int64) *day {
	if i := slices.Index(a.dayNumbers, number); i >= 0 {
		return a.days[i]
	}
	return nil
}

// addDay makes room for a new day and packs those that are there.
func (a *Account) addDay(number int64) *day {
	for _, old := range a.days {
		old.seal()
	}
	d := &day{}
	i, _ := slices.BinarySearchFunc(a.dayNumbers, number, func(have, want int64) int { return int(want - have) })
	a.days = slices.Insert(a.days, i, d)
	a.dayNumbers = slices.Insert(a.dayNumbers, i, number)
	return d
}
