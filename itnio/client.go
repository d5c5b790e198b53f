package itnio

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// Client asks the API. It is safe for use by several goroutines.
type Client struct {
	base    *url.URL
	http    *http.Client
	secrets atomic.Pointer[secrets]
	pace    *pace
	clock   *clock
	formats *negotiation
	decoder decoder
	damaged damaged
	buffers sync.Pool // of *bytes.Buffer: bodies, handed back once decoded

	userAgent string
	timeout   time.Duration
	maxBytes  int64
	large     *semaphore.Weighted
	now       func() time.Time
	onRequest func(endpoint, status string, d time.Duration)
}

// New makes a client. It sends nothing. It fails on a base URL that cannot be parsed, and does not quote it.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	base, err := url.Parse(o.BaseURL)
	if err != nil {
		return nil, errors.New("itnio: the base URL cannot be parsed")
	}
	base = &url.URL{Scheme: base.Scheme, Host: base.Host, Path: strings.TrimRight(base.Path, "/")}

	hc := *o.HTTP
	hc.Transport = readableRedirects{hc.Transport}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	c := &Client{
		base:      base,
		http:      &hc,
		pace:      newPace(o.RateLimit),
		clock:     &clock{now: o.Now},
		formats:   newNegotiation(o.TimeFormat),
		decoder:   newDecoder(o.Location),
		userAgent: o.UserAgent,
		timeout:   o.Timeout,
		maxBytes:  o.MaxBytes,
		large:     o.Large,
		now:       o.Now,
		onRequest: o.OnRequest,
	}
	c.Rotate(o.Key, o.Secret, o.Secrets...)
	return c, nil
}

// secrets are what an account's requests are signed with, and what no error may show.
type secrets struct {
	sign   func(http.Header, time.Time)
	redact redactor
	hide   func() []string // a closure so that no way of printing a Client can show them
}

// Rotate replaces the key, the secret and what else errors may not show. The next request is signed with the new ones. Errors go on
// to hide those before: an answer to an earlier request may still repeat them.
func (c *Client) Rotate(key, secret string, others ...string) {
	now := append([]string{key, secret}, others...)
	hidden := now
	if before := c.secrets.Load(); before != nil {
		hidden = append(slices.Clone(now), before.hide()...)
	}
	c.secrets.Store(&secrets{newSigner(key, secret), newRedactor(hidden...), func() []string { return now }})
}

// redact takes out of a text from outside what must not be shown.
func (c *Client) redact(text string, known ...string) string {
	return c.secrets.Load().redact(text, known...)
}

// ServerNow estimates the server's present time, in UTC, from the Date headers of its answers: right to about a second.
// Before the first answer it is the local time. Steps of the local wall clock do not disturb it.
func (c *Client) ServerNow() time.Time {
	t, _ := c.clock.serverNow()
	return t
}

// TimeFormat is the format in which the server was found to read the ends of a window, TimeISO8601 or TimeDatetime; "": it was not
// found yet, or Options.TimeFormat says it.
func (c *Client) TimeFormat() string { return c.formats.found() }

// TryFirst begins with the format in which the server once read windows. It has to be confirmed again: a server that was upgraded
// may answer it with an empty page.
func (c *Client) TryFirst(format string) {
	if format == TimeISO8601 || format == TimeDatetime {
		c.formats.learn(formatInUse{format: format})
	}
}

// Format shows where the client asks, and nothing else.
func (c *Client) Format(f fmt.State, _ rune) {
	host := "nil"
	if c != nil {
		host = c.base.String()
	}
	_, _ = fmt.Fprintf(f, "itnio.Client{%s}", host)
}
