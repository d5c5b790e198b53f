package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
)

// Extract is what a ledger's file knows of one account. It is in memory: the file is closed again.
type Extract struct {
	Cells     []Cell     // sorted by their start
	Deletions []Deletion // sorted by their start
	Labels    []string   // of the series that count calls
	Series    [][]string // their label values, of this account

	account *Account
	ids     batchIDs
}

// FileIn is the ledger's file in a directory.
func FileIn(dir string) string { return filepath.Join(dir, fileName) }

// Readable reports whether a file can be read, and, by an error that IsInUse knows, whether an exporter has it open.
func Readable(path string) error {
	db, err := openReadOnly(path)
	if err != nil {
		return err
	}
	return db.Close()
}

// ReadAccount reads what a file knows of an account, and changes nothing in it. The file is a ledger that no exporter has open, or a
// backup. The account is to have the identity by which its calls were counted.
func ReadAccount(path string, id Identity) (e *Extract, err error) {
	db, err := openReadOnly(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = guarded(func() error {
		return db.View(func(tx *bolt.Tx) (err error) {
			e, err = extract(tx, id)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	return e, nil
}

// openReadOnly opens a file that must be there, so that nothing can be written to it.
func openReadOnly(path string) (*bolt.DB, error) {
	err := checkFile(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	var db *bolt.DB
	if err == nil {
		db, err = openBolt(path, &bolt.Options{Timeout: defaultLockTimeout, ReadOnly: true})
	}
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %s: %w", path, problem(err), err)
	}
	return db, nil
}

func extract(tx *bolt.Tx, id Identity) (*Extract, error) {
	accounts, err := accountsOf(tx)
	if err != nil {
		return nil, err
	}
	b := accounts.Bucket([]byte(id.Name))
	if b == nil {
		return nil, fmt.Errorf("it does not know an account %q", id.Name)
	}
	a := &Account{l: &Ledger{}, name: id.Name}
	if err := a.load(b); err != nil {
		return nil, fmt.Errorf("account %q: %w", id.Name, err)
	}
	a.l.accounts = map[string]*Account{id.Name: a}
	if err := a.l.Check(id); err != nil {
		return nil, err
	}
	switch {
	case a.meta.MoveEpoch || a.meta.Filter != id.Filter:
		return nil, fmt.Errorf("account %q: its calls were counted with another filter: use the configuration that the exporter runs with", id.Name)
	case a.meta.Epoch == 0:
		return nil, fmt.Errorf("account %q: the ledger has never had an answer of it", id.Name)
	}
	e := &Extract{account: a, ids: batchIDs{days: a.days, seen: map[uint64]struct{}{}}}
	if e.Cells, err = readCells(b); err != nil {
		return nil, fmt.Errorf("account %q: windows: %w", id.Name, err)
	}
	if e.Deletions, err = readDeletions(b); err != nil {
		return nil, fmt.Errorf("account %q: deletions: %w", id.Name, err)
	}
	return e, e.readSeries(tx.Bucket([]byte(bucketFamilies)))
}

// accountsOf gives the accounts of a file in the present format.
func accountsOf(tx *bolt.Tx) (*bolt.Bucket, error) {
	meta, accounts := tx.Bucket([]byte(bucketMeta)), tx.Bucket([]byte(bucketAccounts))
	if meta == nil || accounts == nil {
		return nil, errForeign
	}
	if version := string(meta.Get([]byte(keyFormat))); version != formatVersion {
		return nil, fmt.Errorf("the ledger's format is version %q, not %q: start the exporter once, which brings it up to date", version, formatVersion)
	}
	return accounts, nil
}

// readSeries reads the label sets of the family that counts calls.
func (e *Extract) readSeries(all *bolt.Bucket) error {
	b := all.Bucket([]byte(families.Calls))
	if b == nil {
		return nil
	}
	var meta familyMeta
	if err := json.Unmarshal(b.Get([]byte(keyMeta)), &meta); err != nil {
		return fmt.Errorf("%w: the description of %s: %w", errDamaged, families.Calls, err)
	}
	e.Labels = meta.Labels
	of := slices.Index(meta.Labels, families.LabelAccount)
	return b.Bucket([]byte(bucketSeries)).ForEach(func(k, _ []byte) error {
		_, labels, ok := labelsOf(k, len(meta.Labels))
		if !ok || of < 0 {
			return errDamaged
		}
		if labels[of] == e.account.name {
			e.Series = append(e.Series, labels)
		}
		return nil
	})
}

// Epoch is the time from which calls are counted.
func (e *Extract) Epoch() time.Time { return time.Unix(e.account.meta.Epoch, 0).UTC() }

// Floor is the time from which every id is still kept; the zero time: none was ever dropped.
func (e *Extract) Floor() time.Time {
	if e.account.meta.OldestDay == 0 {
		return time.Time{}
	}
	return time.Unix(e.account.meta.OldestDay*secondsPerDay, 0).UTC()
}

// LastRead is the server's time when the account was last read, within a minute or two; the zero time: that is not known.
func (e *Extract) LastRead() time.Time {
	if e.account.meta.LastSuccess == 0 {
		return time.Time{}
	}
	return time.Unix(e.account.meta.LastSuccess+e.account.meta.Skew, 0).UTC()
}

// Knows reports whether a call was counted, or known as one from before the epoch.
func (e *Extract) Knows(c *call.Call) bool {
	return (c.Key != 0 || c.Session != 0) && e.ids.known(c)
}

// KnowsID reports whether an id, as cells have it, is of such a call.
func (e *Extract) KnowsID(id uint64) bool { return e.ids.has(keysOf, id) || e.ids.has(orphansOf, id) }
