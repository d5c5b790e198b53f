package ledger

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
)

// TestReadAccount: what a file tells of an account is what the ledger knows, the file stays as it is, and can be one that may not be
// written.
func TestReadAccount(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	orphan := someCall(0)
	orphan.Session = 77
	before := someCall(9)
	before.End = start().Add(-time.Hour)
	tl.count(someCall(1), someCall(2, group("support")), orphan, before)
	tl.commit(Batch{Cells: []Cell{{From: 5, To: 9, Data: []byte("known")}}})
	require.NoError(t, tl.account.SetLastSuccess(start(), 3*time.Second, ""))
	file := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, tl.Backup(file))
	require.NoError(t, os.Chmod(file, 0o400))
	was, err := os.ReadFile(file)
	require.NoError(t, err)

	e, err := ReadAccount(file, tl.id)
	require.NoError(t, err)
	epoch, _ := tl.account.Epoch()
	require.Equal(t, epoch, e.Epoch())
	require.Zero(t, e.Floor())
	require.Equal(t, start().Add(3*time.Second), e.LastRead())
	require.Equal(t, []Cell{{From: 5, To: 9, Data: []byte("known")}}, e.Cells)
	for _, c := range []call.Call{someCall(1), someCall(2), orphan, before} {
		require.True(t, e.Knows(&c))
	}
	for _, c := range []call.Call{someCall(3), {}} {
		require.False(t, e.Knows(&c))
	}
	require.True(t, e.KnowsID(1))
	require.True(t, e.KnowsID(77))
	require.False(t, e.KnowsID(3))
	require.Equal(t, tl.o.Model.Families[0].Labels, e.Labels)
	require.Equal(t, families.LabelAgentGroup, e.Labels[1])
	var groups []string
	for _, labels := range e.Series {
		groups = append(groups, labels[1])
	}
	require.Contains(t, groups, "support")

	is, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, was, is)
}

// TestReadAccountRefused: the ledger of another system, filter or account is not compared, nor one that an exporter has open.
func TestReadAccountRefused(t *testing.T) {
	tl := newTestLedger(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, tl.Backup(file))
	refused := func(file string, id Identity, says string) {
		t.Helper()
		_, err := ReadAccount(file, id)
		require.ErrorContains(t, err, says)
	}
	refused(file, tl.id, "never had an answer")
	tl.establish()
	tl.count(someCall(1))
	file = filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, tl.Backup(file))
	refused(file, Identity{Name: "other", BaseURL: tl.id.BaseURL}, `does not know an account "other"`)
	refused(file, Identity{Name: "main", BaseURL: "https://other.invalid"}, "another base_url")
	refused(file, Identity{Name: "main", BaseURL: tl.id.BaseURL, Filter: "f"}, "another filter")
	refused(file+"x", tl.id, "no such file")
	refused(FileIn(versionOne(t)), tl.id, "start the exporter once")
	_, err := ReadAccount(FileIn(tl.o.Dir), tl.id)
	require.True(t, IsInUse(err))
}
