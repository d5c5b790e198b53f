package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"
)

func TestBackup(t *testing.T) {
	const path = "/-/backup"
	var failure error
	o := options(t, "", "", "/metrics")
	o.Backup = BackupOptions{
		Dir: t.TempDir(), Ledger: "/my data/ledger.db", Logger: log.NewNopLogger(),
		Backup: func(name string) error {
			if failure != nil {
				return failure
			}
			return os.WriteFile(name, []byte("a ledger"), 0o600)
		},
	}
	require.Equal(t, http.StatusForbidden, ask(NewHandler(o), http.MethodGet, path).Code, "without --web.enable-admin-api")

	o.Backup.Enabled = true
	h := NewHandler(o)
	require.Equal(t, http.StatusMethodNotAllowed, ask(h, http.MethodPost, path).Code)
	for range 2 {
		answer := ask(h, http.MethodGet, path)
		require.Equal(t, http.StatusOK, answer.Code)
		require.Equal(t, "a ledger", answer.Body.String())
		require.Equal(t, "8", answer.Header().Get("Content-Length"))
		require.Equal(t, "/my%20data/ledger.db", answer.Header().Get(LedgerHeader))
	}
	failure = errors.New("a secret of the disk")
	answer := ask(h, http.MethodGet, path)
	require.Equal(t, http.StatusInternalServerError, answer.Code)
	require.NotContains(t, answer.Body.String(), "secret")
	failure = fmt.Errorf("copy: %w", syscall.ENOSPC)
	answer = ask(h, http.MethodGet, path)
	require.Equal(t, http.StatusInsufficientStorage, answer.Code)
	require.Contains(t, answer.Body.String(), "too little free space")
	left, err := os.ReadDir(o.Backup.Dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestOneBackupAtATime: a second request is refused while a copy is made.
func TestOneBackupAtATime(t *testing.T) {
	var h *backupHandler
	var second *httptest.ResponseRecorder
	h = &backupHandler{BackupOptions: BackupOptions{
		Enabled: true, Dir: t.TempDir(), Logger: log.NewNopLogger(),
		Backup: func(name string) error {
			second = ask(h, http.MethodGet, "/-/backup")
			return os.WriteFile(name, nil, 0o600)
		},
	}}
	require.Equal(t, http.StatusOK, ask(h, http.MethodGet, "/-/backup").Code)
	require.Equal(t, http.StatusConflict, second.Code)
}
