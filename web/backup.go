package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// BackupOptions are what /-/backup needs.
type BackupOptions struct {
	Enabled bool
	Ledger  string                  // absolute path of the ledger
	Backup  func(name string) error // writes a copy of the ledger to a new file
	Dir     string                  // where the copy stands while it is sent
	Logger  log.Logger
}

// LedgerHeader is the header that says which ledger a copy is of: its absolute path, escaped as in a URL.
const LedgerHeader = "Itnio-Ledger"

// backupHandler sends a copy of the ledger. The copy is a file first: it is checked, and its size is known, before any of it is sent.
type backupHandler struct {
	BackupOptions
	mu sync.Mutex // one backup at a time
}

func (h *backupHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !h.Enabled:
		http.Error(w, "Backups by request are off: start with --web.enable-admin-api.", http.StatusForbidden)
		return
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", "GET")
		http.Error(w, "This endpoint takes GET.", http.StatusMethodNotAllowed)
		return
	case !h.mu.TryLock():
		http.Error(w, "Another backup is under way.", http.StatusConflict)
		return
	}
	defer h.mu.Unlock()
	sending, err := h.send(w)
	if err == nil {
		return
	}
	level.Error(h.Logger).Log("msg", "backup failed", "err", err)
	if sending {
		panic(http.ErrAbortHandler) // the text of an error must not become part of the copy
	}
	if errors.Is(err, syscall.ENOSPC) {
		http.Error(w, "The exporter makes the copy beside its ledger first: that disk has too little free space. See its log.", http.StatusInsufficientStorage)
		return
	}
	http.Error(w, "The backup failed, see the log of the exporter.", http.StatusInternalServerError)
}

// send makes the copy and sends it. sending reports whether the answer has begun.
func (h *backupHandler) send(w http.ResponseWriter) (sending bool, err error) {
	dir := filepath.Join(h.Dir, "backup.tmp") // one name: what a killed process has left is removed by the next backup
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	name := filepath.Join(dir, "ledger.db")
	if err := h.Backup(name); err != nil {
		return false, err
	}
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a slow link may take long; without support, the server's own limit holds
	w.Header().Set(LedgerHeader, (&url.URL{Path: h.Ledger}).EscapedPath())
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="ledger.db"`)
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	_, err = io.Copy(w, f)
	return true, err
}
