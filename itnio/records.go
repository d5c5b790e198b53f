package itnio

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Records asks for one page of finished calls. It waits for the rate limit; it retries nothing but an expired
// timestamp, once, by the server's clock or by the local one if the server's was used, and a kept connection that had gone stale, once. While the time format is
// being found out, one call may ask up to four times.
//
// Errors are a *StatusError, an *HTTPError (with the *StatusError of its body, if any) or of a Kind, wrapped; where the
// context ended, they wrap its error as well. ClassOf, RetryOf, RefusalOf, RetryAfter and Status read them. They contain no secret, no phone number
// and no part of an answer but the server's reason, redacted.
func (c *Client) Records(ctx context.Context, q Query) (Page, error) {
	if err := q.validate(); err != nil {
		return Page{}, fmt.Errorf("record query: %w", err)
	}
	var first time.Time
	ask := func(ctx context.Context, q Query, format string) (Page, error) {
		page, err := c.ask(ctx, q, format)
		if err == nil && first.IsZero() {
			first = page.Date
		}
		return page, err
	}
	page, err := c.formats.ask(ctx, inquiry{
		ask:     func(ctx context.Context, format string) (Page, error) { return ask(ctx, q, format) },
		longAgo: func(ctx context.Context, format string) (Page, error) { return ask(ctx, q.LongAgo(), format) },
		fits:    q.fits,
	})
	if err == nil {
		page.First = first
		return page, nil
	}
	if e, ok := errors.AsType[*StatusError](err); ok && e.Code == StatusParameter {
		return Page{}, fmt.Errorf("record query by %s: %w", q.params(TimeISO8601, c.decoder.loc).names(), err)
	}
	return Page{}, fmt.Errorf("record query: %w", err)
}

// ask asks in one time format. A damaged answer is asked for again: the network may have damaged it. Damage that was seen before
// is the server's, and so is that of the third answer; then the answer is taken as repaired.
func (c *Client) ask(ctx context.Context, q Query, format string) (Page, error) {
	const enough = 3
	for n := 1; ; n++ {
		page, err := c.signed(ctx, q, format)
		if err != nil || !page.Repaired {
			return page, err
		}
		known := c.damaged.known(page.Damage)
		if known && len(page.Damage) > 0 || known && n > 1 || n == enough {
			return page, nil
		}
	}
}

// damaged remembers records that were damaged when they were read. The same record with the same damage is as the server has it,
// whatever page it comes with: a server may send the records of one second in another order in every answer.
type damaged struct {
	mu   sync.Mutex
	seen map[uint64]struct{} // fingerprints
}

const maxDamaged = 10_000 // records remembered

// known reports whether all these records were seen before. It remembers them.
func (d *damaged) known(fingerprints []uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen == nil || len(d.seen) > maxDamaged {
		d.seen = map[uint64]struct{}{}
	}
	known := true
	for _, f := range fingerprints {
		if _, ok := d.seen[f]; !ok {
			known = false
			d.seen[f] = struct{}{}
		}
	}
	return known
}

// signed asks once, and again where the signature's time or a kept connection was at fault.
func (c *Client) signed(ctx context.Context, q Query, format string) (Page, error) {
	body, err := q.body(format, c.decoder.loc)
	if err != nil {
		return Page{}, err
	}
	var resigned, reconnected bool
	for {
		ahead := c.clock.ahead()
		page, err := c.attempt(ctx, body, ahead)
		expired := ClassOf(err) == ClassClock
		if expired {
			c.clock.refused(ahead) // the answer has told the server's time
		}
		stale, isStale := errors.AsType[staleError](err)
		switch {
		case expired && !resigned:
			resigned = true
		case !reconnected && isStale:
			reconnected = true
		case isStale:
			return page, stale.error
		default:
			return page, err
		}
	}
}

// attempt sends one request, signed by a clock so far ahead of the local one, and reads its answer.
func (c *Client) attempt(ctx context.Context, body []byte, ahead time.Duration) (Page, error) {
	if err := c.pace.wait(ctx); err != nil {
		cause := ctx.Err()
		if cause == nil {
			cause = context.DeadlineExceeded // it would end before its turn comes
		}
		return Page{}, ended(cause)
	}
	start := c.now()
	rep, err := c.send(ctx, PathRecordQuery, body, ahead)
	var page Page
	if err == nil {
		page, err = c.read(rep)
		c.release(rep.body)
	}
	c.pace.learn(err)
	c.onRequest(PathRecordQuery, Status(err), max(c.now().Sub(start), time.Duration(0)))
	return page, err
}

// read makes a page, or the error it tells of, out of an answer.
func (c *Client) read(rep reply) (Page, error) {
	other := pageKind(rep.body.Bytes())
	a, err := c.decoder.decode(rep.body.Bytes())
	var business *StatusError
	if err == nil && a.status != 0 {
		business = &StatusError{Code: a.status, Reason: c.redact(a.reason), RetryAfter: rep.retryAfter}
	}
	switch {
	case !isSuccess(rep.code):
		return Page{}, &HTTPError{
			StatusCode: rep.code, URL: rep.url, Location: rep.location, Page: other, RetryAfter: rep.retryAfter, Business: business,
		}
	case other != "":
		return Page{}, fail(ErrDecode, "%s: %s", rep.url, pageMeans(other))
	case err != nil:
		return Page{}, err
	case business != nil:
		return Page{}, business
	}
	page := a.page
	page.Bytes = rep.body.Len()
	page.Date = rep.date
	return page, nil
}
