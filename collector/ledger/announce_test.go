package ledger

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The log says where the ledger is, however the directory is written, and what is in it.
func TestWhatTheLogSaysOfALedger(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	tl := newTestLedger(t, withDir("data"))
	require.Contains(t, tl.log.String(), "path="+filepath.Join(dir, "data", fileName)+" created=2025-03-05T10:20:30Z accounts=0")
	require.Contains(t, tl.log.String(), `msg="account is new to the ledger" account=main epoch="none yet" series=0`)
	tl.establish()
	tl.count(someCall(1))
	tl.reopen()
	require.Contains(t, tl.log.String(), "created=2025-03-05T10:20:30Z accounts=1")
	require.Regexp(t, `msg="account is in the ledger" account=main epoch=2025-03-05T10:20:30Z series=[1-9]\d*\n`, tl.log.String())
}
