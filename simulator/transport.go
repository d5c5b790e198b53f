package simulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

// bodyLimit is the largest request that is read, in bytes.
const bodyLimit = 1 << 20

// RoundTripper reaches the API within the process, without sockets and goroutines. It ignores the host of the URL and works
// in a synctest bubble.
func (s *Simulator) RoundTripper() http.RoundTripper { return transport{s} }

type transport struct{ s *Simulator }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	in := incoming{method: req.Method, path: req.URL.Path, header: req.Header}
	if req.Body != nil {
		defer req.Body.Close()
		body, err := io.ReadAll(io.LimitReader(req.Body, bodyLimit))
		if err != nil {
			return nil, err
		}
		in.body = body
	}
	r, err := t.s.exchange(req.Context(), in)
	if err != nil {
		return nil, err
	}
	switch r.end {
	case reset:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case noHost:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: req.URL.Hostname(), IsNotFound: true}}
	}
	var body io.Reader = bytes.NewReader(r.body)
	length := int64(len(r.body))
	if r.end == cutOff {
		body = io.MultiReader(body, failing{})
		length += 100
	}
	return &http.Response{
		Status:        strconv.Itoa(r.code) + " " + http.StatusText(r.code),
		StatusCode:    r.code,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        r.header,
		Body:          io.NopCloser(body),
		ContentLength: length,
		Request:       req,
	}, nil
}

// failing is a connection that was closed too early.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Handler serves the API, a page that describes the simulator, and the controls under /-/.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.serveHome)
	mux.HandleFunc("POST /-/control", s.serveControl)
	mux.HandleFunc("GET /-/truth", s.serveTruth)
	mux.HandleFunc("GET /-/stats", s.serveStats)
	mux.HandleFunc("/", s.serveAPI)
	return mux
}

func (s *Simulator) serveAPI(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, bodyLimit))
	if err != nil {
		http.Error(w, "request too large", http.StatusRequestEntityTooLarge)
		return
	}
	r, err := s.exchange(req.Context(), incoming{req.Method, req.URL.Path, req.Header, body})
	if err != nil {
		return // the client has gone
	}
	if r.end == reset || r.end == noHost {
		abort(w)
		return
	}
	w.Header()["Date"] = nil // none unless the answer has one
	for k, v := range r.header {
		w.Header()[k] = v
	}
	length := len(r.body)
	if r.end == cutOff {
		length += 100
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(r.code)
	_, _ = w.Write(r.body) // the client may have gone
	if r.end == cutOff {
		panic(http.ErrAbortHandler)
	}
}

// abort closes a connection with a reset.
func abort(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // close with RST; otherwise the client sees an end of file
	}
	_ = c.Close()
}

// Serve serves Handler on a listener until the context ends; then it returns nil.
func (s *Simulator) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      hangTime + time.Minute,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends what hangs
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- srv.Shutdown(grace)
	})
	err := srv.Serve(l)
	if !stop() && errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	return err
}
