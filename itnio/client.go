package itnio

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Client asks the API. It is safe for use by several goroutines.
type Client struct {
	base    *url.URL
	http    *http.Client
	sign    func(http.Header, time.Time)
	redact  redactor
	pace    *pace
	clock   *clock
	habits  *negotiation
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

	return &Client{
		base:      base,
		http:      &hc,
		sign:      newSigner(o.Key, o.Secret),
		redact:    newRedactor(append([]string{o.Key, o.Secret}, o.Secrets...)...),
		pace:      newPace(o.RateLimit),
		clock:     &clock{now: o.Now},
		habits:    newNegotiation(o.TimeFormat),
		decoder:   newDecoder(o.Location),
		userAgent: o.UserAgent,
		timeout:   o.Timeout,
		maxBytes:  o.MaxBytes,
		large:     o.Large,
		now:       o.Now,
		onRequest: o.OnRequest,
	}, nil
}

// ServerNow estimates the server's present time, in UTC, from the Date headers of its answers: right to about a second.
// Before the first answer it is the local time. Steps of the local wall clock do not disturb it.
func (c *Client) ServerNow() time.Time {
	t, _ := c.clock.serverNow()
	return t
}

// Habits are what is known so far of how the server reads requests.
func (c *Client) Habits() Habits { return c.habits.known() }

// Format shows where the client asks, and nothing else.
func (c *Client) Format(f fmt.State, _ rune) {
	host := "nil"
	if c != nil {
		host = c.base.String()
	}
	_, _ = fmt.Fprintf(f, "itnio.Client{%s}", host)
}
