package diagnose

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// MaxRequests is the most requests that are sent for one account.
const MaxRequests = 60

// errBudget says that an account has had its requests.
var errBudget = errors.New("no request is left of those that doctor allows itself")

// exchange is one request with its answer, as far as the client does not tell it.
type exchange struct {
	sent, received time.Time // by the local clock
	date           time.Time // of the Date header; zero: none that can be read
	code           int       // HTTP status; 0: no answer
	location       string    // host to which a redirect leads; "": none
	html           bool
	err            error // of the connection
}

// trace notes every exchange of an account's client and ends them at MaxRequests. It is used by one goroutine.
type trace struct {
	next      http.RoundTripper
	now       func() time.Time
	exchanges []exchange
	tls       *tls.ConnectionState // of the last answer; nil: none came over TLS
}

// RoundTrip implements http.RoundTripper.
func (t *trace) RoundTrip(req *http.Request) (*http.Response, error) {
	if len(t.exchanges) >= MaxRequests {
		return nil, errBudget
	}
	e := exchange{sent: t.now()}
	resp, err := t.next.RoundTrip(req)
	e.received = t.now()
	if err != nil {
		e.err = err
		t.exchanges = append(t.exchanges, e)
		return nil, err
	}
	e.code = resp.StatusCode
	e.html = strings.Contains(resp.Header.Get("Content-Type"), "html")
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		e.date = date
	}
	if to, err := resp.Location(); err == nil && resp.StatusCode/100 == 3 {
		e.location = to.Host
	}
	if resp.TLS != nil {
		t.tls = resp.TLS
	}
	t.exchanges = append(t.exchanges, e)
	return resp, nil
}

// last is the newest exchange; the zero value if there was none.
func (t *trace) last() exchange {
	if len(t.exchanges) == 0 {
		return exchange{}
	}
	return t.exchanges[len(t.exchanges)-1]
}

// serverNow is the server's time by the last answer with a Date; by the local clock before.
func (t *trace) serverNow(now time.Time) time.Time {
	for _, e := range slices.Backward(t.exchanges) {
		if !e.date.IsZero() {
			return e.date.Add(now.Sub(e.received))
		}
	}
	return now
}
