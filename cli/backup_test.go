package cli

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// TestBackupOfAnotherLedger: an exporter that listens where the command asks may have another ledger than the one that is named.
func TestBackupOfAnotherLedger(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	config := a.config(t, fast)
	one, two := t.TempDir(), t.TempDir()
	serve := func(storage string) *instance {
		i := start(t, "--config.file="+config, "--storage.path="+storage, "--web.listen-address=127.0.0.1:0", "--web.enable-admin-api")
		i.Address()
		return i
	}
	serve(one)
	other := serve(two)

	file := filepath.Join(t.TempDir(), "copy.db")
	status, _, stderr := once(t, "backup", "--storage.path="+one, "--url="+other.url(""), file)
	require.Zero(t, status, "that exporter was asked for: "+stderr)

	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(two, link))
	status, _, stderr = once(t, "backup", "--storage.path="+link, "--web.listen-address="+other.Address(), file+"2")
	require.Zero(t, status, "another name of the same directory: "+stderr)

	status, _, stderr = once(t, "backup", "--storage.path="+one, "--web.listen-address="+other.Address(), file+"3")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "/-/backup has the ledger "+filepath.Join(two, "ledger.db")+", not "+filepath.Join(one, "ledger.db"))
	require.NoFileExists(t, file+"3")
}

// TestLedgerOfAnotherView: what an exporter says of its ledger proves nothing where its file cannot be seen from here.
func TestLedgerOfAnotherView(t *testing.T) {
	f := running{serve: serveFlags{storage: t.TempDir()}}
	answer := httptest.NewRecorder().Header()
	require.NoError(t, f.isOurs("u", answer), "an older exporter says nothing")
	answer.Set("Itnio-Ledger", "/in/a/container/ledger.db")
	require.NoError(t, f.isOurs("u", answer))
}
