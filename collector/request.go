package collector

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/itnio"
)

// learnClock makes one request whose answer is not used for anything but its date. If it is good, and the first one ever,
// calls count from then on.
func (r *reader) learnClock(ctx context.Context) error {
	now := r.api.ServerNow()
	page, err := r.ask(ctx, itnio.Query{From: now.Add(-time.Minute), To: now, Page: 1, Size: 1, Filter: r.filter})
	if e, ok := errors.AsType[*itnio.StatusError](err); ok && e.Code == itnio.StatusParameter {
		return nil // the window may end ahead of the server's clock; the clock has been learned all the same
	}
	if err != nil {
		return err
	}
	return r.establish(&page)
}

// establish sets the epoch if this is the account's first good answer.
func (r *reader) establish(page *itnio.Page) error {
	server := page.First
	if server.IsZero() {
		server = r.api.ServerNow()
	}
	if err := r.account.Establish(server, r.global.InitialHistory); err != nil {
		return r.commitFailed(err)
	}
	return nil
}

// refused tells of failures that may be about the window asked for.
func refused(err error) (reconcile.Refusal, bool) {
	if e, ok := errors.AsType[*itnio.StatusError](err); ok {
		switch e.Code {
		case itnio.StatusDataCaps:
			return reconcile.TooMuch, true
		case itnio.StatusWindowTooLong:
			return reconcile.TooLong, true
		case itnio.StatusParameter:
			return reconcile.Parameter, true
		}
	}
	if _, told := itnio.RetryAfter(err); told {
		return 0, false
	}
	if e, ok := errors.AsType[*itnio.HTTPError](err); ok && e.StatusCode/100 == 4 {
		return reconcile.Broken, slices.Contains([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}, e.StatusCode)
	}
	switch itnio.Status(err) {
	case "-1", "-2", "-15", "-16":
		return 0, false
	}
	return reconcile.Broken, true // a broken connection among them: the server may fail over a record in the window
}

// ask makes a request, again if it failed in a way that may pass. A pass has many requests: if each failure ended it, a server
// that fails now and then, or allows fewer requests than the rate limit, would never be read to the end.
func (r *reader) ask(ctx context.Context, q itnio.Query) (itnio.Page, error) {
	for n := 1; ; n++ {
		page, err := r.api.Records(ctx, q)
		r.watchClock()
		if err == nil || ctx.Err() != nil {
			return page, err
		}
		wait, again := pause(err, n)
		if !again {
			return page, err
		}
		if err := sleep(ctx, wait); err != nil {
			return page, err
		}
	}
}

const (
	attempts   = 3 // at one request, before a pass is given up; what it has learned stays, so the next one has less to do
	throttled  = 5 // attempts where there were too many requests: the next ones are made more slowly
	firstPause = 250 * time.Millisecond
	patience   = 30 * time.Second // the longest wait that a server may ask for without ending the pass
)

// pause is how long to wait before a request is made again that has failed n times. False: it is not, for now.
func pause(err error, n int) (wait time.Duration, again bool) {
	told, _ := itnio.RetryAfter(err)
	most := attempts
	if itnio.Throttled(err) {
		most = throttled
	}
	if n >= most || told > patience {
		return 0, false
	}
	switch status := itnio.Status(err); status {
	case "-1", "-2", "-16": // asking again does not help
		return 0, false
	case "-20", "-21", "-22", "-23", "-24", "-76": // it is the question that is refused
		return 0, false
	case "timeout":
		return firstPause, n == 1 // it has taken long enough
	case "http_5xx", "connection", "decode", "-18": // may be gone a moment later
		wait = firstPause << (2 * (n - 1))
	default: // too many requests, or no one knows
		wait = min(time.Second<<(n-1), 4*time.Second)
	}
	return max(wait, told), true
}

// maxDrift is by how much server and local clock may drift apart between two answers.
const maxDrift = 2 * time.Minute

func (r *reader) watchClock() {
	skew, ok := r.api.Skew()
	if !ok {
		return
	}
	r.metrics.skew.WithLabelValues(r.cfg.Name).Set(skew.Seconds())
	if r.skewKnown && (skew-r.skew).Abs() > maxDrift {
		r.anomaly(call.AnomalyClockJump, 1)
		level.Warn(r.logger).Log("msg", "the server's clock or the local one was set", "skew_before", r.skew.Round(time.Second), "skew", skew.Round(time.Second))
	}
	r.skew, r.skewKnown = skew, true
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
