package ledger

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
)

// migrationDay is after that release.
func migrationDay() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }

// versionOne is a ledger that the release at d28d1a8 made, in a directory of its own: one account, 139 ids, 444 series, three
// windows.
func versionOne(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	copyFile(t, "testdata/ledger-v1.db", filepath.Join(dir, fileName))
	return dir
}

func openVersionOne(t *testing.T, dir string) (*Ledger, *Account, string) {
	t.Helper()
	m := testMetrics()
	m.Tags, m.Media = true, true
	said := &strings.Builder{}
	o := newOptions(t)
	o.Dir, o.Model, o.Logger = dir, families.New(m), log.NewLogfmtLogger(said)
	o.Now = migrationDay
	l, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	var name string
	for name = range l.accounts {
	}
	a, err := l.Attach(Identity{Name: name, BaseURL: l.accounts[name].meta.BaseURL, Filter: l.accounts[name].meta.Filter})
	require.NoError(t, err)
	return l, a, said.String()
}

func TestMigration(t *testing.T) {
	dir := versionOne(t)
	addVersionOneCells(t, dir)
	l, a, said := openVersionOne(t, dir)
	require.Equal(t, 1, strings.Count(said, "ledger migrated"))
	require.Contains(t, said, "windows=5")
	require.NotContains(t, said, "start again")
	require.Equal(t, 139, a.IDs())
	require.Equal(t, 444, l.Stats().Series)
	require.Empty(t, a.Cells(), "windows without ids are read again")
	require.NotZero(t, a.Swept())
	require.True(t, a.InitialDone())
	require.Empty(t, a.Habits(), "that release kept none")
	epoch, ok := a.Epoch()
	require.True(t, ok)
	require.Equal(t, epoch.Unix(), l.Stats().Created.Unix())
	values := exposed(l)
	calls := 0.0
	for name, v := range values {
		if strings.HasPrefix(name, "itnio_calls_total") {
			calls += v
		}
	}
	require.Positive(t, calls)
	require.NotEmpty(t, l.admitted["agent_group"], "groups that have series stay admitted")
	require.NoError(t, l.Close())

	l, a, said = openVersionOne(t, dir)
	require.NotContains(t, said, "migrated", "once")
	require.Equal(t, 139, a.IDs())
	require.Equal(t, values, exposed(l))
}

// addVersionOneCells adds an open window and a blind one, as that release encoded them.
func addVersionOneCells(t *testing.T, dir string) {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, fileName), 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		return forEachBucket(tx.Bucket([]byte(bucketAccounts)), func(_ []byte, account *bolt.Bucket) error {
			cells := account.Bucket([]byte(bucketCells))
			for flags, from := range map[byte]int64{1: 3600, 2: 7200} { // To, Total, IDs, Unique, flags
				if err := cells.Put(be64(from), seal(append(varints(from+3600, 3, 2, 2), flags))); err != nil {
					return err
				}
			}
			return nil
		})
	}))
	require.NoError(t, db.Close())
}

func varints(values ...int64) (b []byte) {
	for _, v := range values {
		b = binary.AppendVarint(b, v)
	}
	return b
}

// A migration that is interrupted has changed nothing.
func TestMigrationIsOneTransaction(t *testing.T) {
	dir := versionOne(t)
	path := filepath.Join(dir, fileName)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	o := newOptions(t)
	o.Dir = dir
	o.BeforeCommit = func() error { return os.ErrDeadlineExceeded }
	_, err = Open(o)
	require.ErrorContains(t, err, `migrate it from format version "1"`)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestMigrationKeepsSeriesFromRetiring(t *testing.T) {
	l, _, _ := openVersionOne(t, versionOne(t))
	for _, f := range l.families {
		for _, s := range f.sorted {
			require.Equal(t, dayOf(migrationDay()), s.used)
		}
	}
}
