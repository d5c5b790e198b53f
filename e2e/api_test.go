package e2e

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"itnio_exporter/simulator"
)

// api is an API over a real socket. It notes the server's time of its first good answer.
type api struct {
	*httptest.Server
	sim         *simulator.Simulator // nil if it is another handler than the simulator
	key, secret string

	mu    sync.Mutex
	first time.Time // Date of the first answer with status 0
}

func newAPI(t testing.TB, o simulator.Options) *api {
	t.Helper()
	account := simulator.DefaultAccounts()[0]
	if len(o.Accounts) > 0 {
		account = o.Accounts[0]
	}
	a := &api{sim: simulator.New(o), key: account.Key, secret: account.Secret}
	handler := a.sim.Handler()
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(&watched{ResponseWriter: w, a: a}, r)
	}))
	t.Cleanup(a.Close)
	return a
}

// handlerAPI serves the API from a handler of the test's own.
func handlerAPI(t testing.TB, h http.Handler, key, secret string) *api {
	t.Helper()
	a := &api{Server: httptest.NewServer(h), key: key, secret: secret}
	t.Cleanup(a.Close)
	return a
}

// good notes a good answer with the server's time.
func (a *api) good(date time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.first.IsZero() {
		a.first = date
	}
}

// epoch is the server's time at the first good answer; zero before it.
func (a *api) epoch() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.first
}

// watched is a response whose status in the body is looked at.
type watched struct {
	http.ResponseWriter
	a *api
}

// Unwrap lets the simulator reset the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) Write(p []byte) (int, error) {
	date, err := http.ParseTime(w.Header().Get("Date"))
	if err == nil && (bytes.HasPrefix(p, []byte(`{"status":0,`)) || bytes.HasPrefix(p, []byte(`{"status":"0",`))) {
		w.a.good(date)
	}
	return w.ResponseWriter.Write(p)
}
