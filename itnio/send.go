package itnio

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// PathRecordQuery is the path of the record query, and the endpoint that Options.OnRequest is told.
const PathRecordQuery = "/v3/cc/record/query"

// allowed reports whether a request may be sent at all. Some GETs of this API delete things, so there is a list.
func allowed(method, path string) bool {
	return method == http.MethodPost && path == PathRecordQuery
}

// reply is one HTTP answer, whatever its status.
type reply struct {
	code       int
	url        string // asked for
	location   string // scheme and host of a redirect, redacted; "": none
	body       *bytes.Buffer
	date       time.Time // of the Date header; zero: it had none
	retryAfter time.Duration
}

// staleError marks a kept connection that the server had closed before the request reached it.
type staleError struct{ error }

func (e staleError) Unwrap() error { return e.error }

// send is the one place that sends: a freshly signed request to an allowed path, and its answer within the limits of
// size and time. The signature's time is that of a clock so far ahead of the local one. The body of the reply has to go back with c.release.
func (c *Client) send(ctx context.Context, path string, body []byte, ahead time.Duration) (reply, error) {
	if !allowed(http.MethodPost, path) {
		return reply{}, errors.New("path is not on the list of allowed ones")
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	var reused, answered atomic.Bool // the transport's goroutines may outlive the request
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(i httptrace.GotConnInfo) { reused.Store(i.Reused) },
		GotFirstResponseByte: func() { answered.Store(true) },
	})
	target := c.base.String() + path
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return reply{}, errors.New("the request cannot be made of the base URL")
	}
	req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip") // set here, so that a transport without compression has it too
	req.Header.Set("User-Agent", c.userAgent)
	c.secrets.Load().sign(req.Header, c.now().Add(ahead))

	sent := c.now()
	resp, err := c.http.Do(req)
	if err != nil {
		err = c.transportError(outer, err)
		if reused.Load() && !answered.Load() && errors.Is(err, ErrConnection) {
			err = staleError{err}
		}
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	rep := reply{code: resp.StatusCode, url: target, location: c.location(resp), date: dateOf(resp.Header)}
	if !rep.date.IsZero() {
		c.clock.learn(rep.date, sent, c.now())
	}
	reference := rep.date
	if reference.IsZero() {
		reference = c.ServerNow()
	}
	rep.retryAfter = retryAfter(resp.Header, reference)
	rep.body, err = c.readBody(ctx, outer, resp)
	if err != nil && !isSuccess(rep.code) {
		rep.body, err = new(bytes.Buffer), nil // the HTTP status says enough
	}
	return rep, err
}

// location is where a redirect leads: scheme and host. The rest may contain what the server knows of the request.
func (c *Client) location(resp *http.Response) string {
	u, err := resp.Location()
	if err != nil || u.Host == "" || resp.StatusCode/100 != 3 {
		return ""
	}
	return c.redact((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
}

// readableRedirects drops the Location of a redirect if it is no URL. http.Client would quote it in an error in the place
// of the answer, and the HTTP status would be lost.
type readableRedirects struct{ next http.RoundTripper } // nil: http.DefaultTransport

func (r readableRedirects) RoundTrip(req *http.Request) (*http.Response, error) {
	next := r.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if _, err := resp.Location(); err != nil {
		resp.Header.Del("Location")
	}
	return resp, nil
}

func isSuccess(code int) bool { return code/100 == 2 }

// transportError turns an error of the HTTP client into one of a known kind. Foreign text goes through the redactor:
// it may quote what the other end sent. The URL, known anyhow, is left out.
func (c *Client) transportError(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return ended(cause)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fail(ErrTimeout, "no complete answer within %s", c.timeout)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	text := c.redact(err.Error(), c.ownAddresses(err)...)
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return fail(ErrTimeout, "%s", text)
	}
	return fail(ErrConnection, "%s", text)
}

// ownAddresses are the hosts and addresses in an error that our own side dialled or resolved, not the other end's words.
func (c *Client) ownAddresses(err error) []string {
	own := []string{c.base.Host}
	for ; err != nil; err = errors.Unwrap(err) {
		switch e := err.(type) { //nolint:errorlint // each error of the chain is looked at
		case *net.OpError:
			for _, a := range []net.Addr{e.Source, e.Addr} {
				if a != nil {
					own = append(own, a.String())
				}
			}
		case *net.DNSError:
			own = append(own, e.Name, e.Server)
		}
	}
	return own
}

// ended is the failure of an attempt whose context ended, with the context's error.
func ended(cause error) error {
	if errors.Is(cause, context.Canceled) {
		return &failure{kind: ErrConnection, text: "given up", context: cause}
	}
	return &failure{kind: ErrTimeout, text: "the caller's time is over", context: cause}
}
