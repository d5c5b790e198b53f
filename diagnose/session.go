package diagnose

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// api is what the probes need of the client.
type api interface {
	Records(context.Context, itnio.Query) (itnio.Page, error)
}

// session asks one account's API: one request after the other, at half the account's rate, so that an exporter that reads the account
// meanwhile has the other half, and a request that the client repeats fits in between.
type session struct {
	facts  *facts
	trace  *trace
	http   *http.Client
	base   string                                     // address asked; base_url at first
	dial   func(base, format string) (api, error)     // makes a client for one address and time format
	pause  func(context.Context, time.Duration) error // waits
	now    func() time.Time
	every  time.Duration // between two requests
	due    time.Time     // of the next request
	apis   map[string]api
	format string // in force
}

func newSession(o *Options, a config.Account, f *facts) (*session, error) {
	made, err := o.HTTPClient(a)
	if err != nil {
		return nil, err
	}
	client := *made
	next := client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	t := &trace{next: next, now: o.Now}
	client.Transport = t
	return &session{
		facts: f, trace: t, http: &client, base: a.BaseURL, pause: o.Pause, now: o.Now,
		every: time.Duration(2 / a.RateLimit * float64(time.Second)), apis: map[string]api{}, format: firstFormat(a.TimeFormat),
		dial: func(base, format string) (api, error) {
			return itnio.New(itnio.Options{
				BaseURL: base, Key: string(a.APIKey), Secret: string(a.APISecret), HTTP: &client, Location: a.Location,
				TimeFormat: format, Timeout: a.Timeout, Now: o.Now, Secrets: a.HTTPSecrets(os.ReadFile),
			})
		},
	}, nil
}

// firstFormat is the time format to begin with.
func firstFormat(f config.TimeFormat) string {
	if f == config.TimeDatetime {
		return itnio.TimeDatetime
	}
	return itnio.TimeISO8601
}

// api is the client of a time format.
func (s *session) api(format string) (api, error) {
	if c, ok := s.apis[format]; ok {
		return c, nil
	}
	c, err := s.dial(s.base, format)
	if err == nil {
		s.apis[format] = c
	}
	return c, err
}

// moveTo asks at another address from now on.
func (s *session) moveTo(base string) {
	s.base, s.apis = base, map[string]api{}
}

// serverNow is the server's time in whole seconds, less some: a window grows to whole seconds, and some servers refuse one that ends
// ahead of their clock, or that is a second longer than it may be.
func (s *session) serverNow() time.Time {
	return s.trace.serverNow(s.now()).Add(-3 * time.Second).Truncate(time.Second)
}

// ask sends a query of one page in the format in force, with the account's filter.
func (s *session) ask(ctx context.Context, w window, page, size int) (itnio.Page, error) {
	return s.query(ctx, s.format, itnio.Query{From: w.from, To: w.to, Page: page, Size: size, Filter: s.facts.filter})
}

// query sends a query once its turn has come.
func (s *session) query(ctx context.Context, format string, q itnio.Query) (itnio.Page, error) {
	c, err := s.api(format)
	if err != nil {
		return itnio.Page{}, err
	}
	if s.left() == 0 {
		return itnio.Page{}, errBudget
	}
	for failed := 0; ; failed++ {
		if err := s.turn(ctx); err != nil {
			return itnio.Page{}, err
		}
		page, err := c.Records(ctx, q)
		switch itnio.ClassOf(err) {
		case itnio.ClassThrottled:
			s.facts.throttled++
			s.every = min(2*s.every, maxPause)
		case itnio.ClassTransient:
			s.facts.failed++
		default:
			if err != nil && !refused(err) {
				s.facts.failed++
			}
			return page, err
		}
		if failed == retries || ctx.Err() != nil || s.left() == 0 {
			return page, err
		}
	}
}

const (
	retries  = 2
	maxPause = 10 * time.Second // between two requests, however low the rate
)

// turn waits until the next request may be sent.
func (s *session) turn(ctx context.Context) error {
	if wait := s.due.Sub(s.now()); wait > 0 {
		if err := s.pause(ctx, wait); err != nil {
			return err
		}
	}
	s.due = s.now().Add(s.every)
	return nil
}

// left is how many requests may still be sent. One is kept for a request that the client repeats.
func (s *session) left() int { return max(0, MaxRequests-1-len(s.trace.exchanges)) }

// total is the number of records of a window as the server says it.
func (s *session) total(ctx context.Context, w window) (int, error) {
	page, err := s.ask(ctx, w, 1, 1)
	known := &s.facts.habits.known
	if itnio.RefusalOf(err) == itnio.RefusalTooLong {
		known.Width.Refuse(w.seconds())
	}
	if err != nil {
		return 0, err
	}
	n := max(page.Total, len(page.Records))
	known.Width.Answer(w.seconds())
	known.Records.Answer(int64(n))
	return n, nil
}

// window is a stretch of time, by the server's clock.
type window struct{ from, to time.Time }

func (w window) seconds() int64 { return int64(w.to.Sub(w.from) / time.Second) }

func last(d time.Duration, now time.Time) window { return window{now.Add(-d), now} }

// place names an account without its name.
func place(i int) string { return fmt.Sprintf("accounts[%d]", i) }
