// Package history reads a range of the past, each of its calls once, without a ledger. It walks windows as the live exporter does,
// so whatever a server does about totals, pages, limits and failures is handled alike.
package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/collector/retry"
	"itnio_exporter/itnio"
)

// API is what is needed of the client, which keeps to its rate limit.
type API interface {
	Records(context.Context, itnio.Query) (itnio.Page, error)
	ServerNow() time.Time
}

// Options of a Reader. Progress may be nil.
type Options struct {
	API    API
	Filter itnio.Filter
	Calls  *call.Normalizer
	Logger log.Logger
	// Progress is told after each answer how far the reading is, and before and after calls are given away.
	Progress func(Progress)
}

// Window is a stretch of time of the server's clock, without its end.
type Window struct{ From, To time.Time }

// Progress is how far a reading is.
type Progress struct {
	At       time.Time // what is listed before has been read
	Requests int       // sent, those that failed included
	Records  int       // read; one that two windows have in common counts twice
	Windows  int       // stretches that were settled
	Missing
}

// Missing is what a reading lacks, in order of time.
type Missing struct {
	Gaps []Window // the server refuses them, or their pages have no end: their records are missing
	Open []Window // their walks differed each time: records may be missing
}

// Result is what a reading was and what it lacks.
type Result struct{ Progress }

// Reader reads ranges of one account's past.
type Reader struct{ o Options }

// New makes a Reader.
func New(o Options) *Reader {
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return &Reader{o}
}

const (
	mostFailures = 10 // passes in a row that fail without anything new, before a reading ends: about five minutes
	longestWait  = time.Minute
)

// Read reads what is listed in [from, to), the oldest first, and gives the calls to each, stretch by stretch. A call is given once
// for a stretch. It may be given again with the next one, since windows overlap, and the order within a stretch is any: the caller
// knows calls by their ids. Which of a record's times decides where it is listed is the server's habit.
//
// It waits and goes on after failures that may pass. It ends with the error of one that does not, or of each, and with the result so far.
func (r *Reader) Read(ctx context.Context, from, to time.Time, each func(Window, []call.Call) error) (Result, error) {
	run := &reading{
		Options: r.o, from: from, history: reconcile.NewHistory(reconcile.Window{From: from.Unix(), To: to.Unix()}), each: each,
		calls: map[uint64]listed{}, result: Result{Progress: Progress{At: from}},
	}
	err := run.all(ctx)
	return run.result, err
}

// reading is one run of Read.
type reading struct {
	Options
	from    time.Time
	history *reconcile.History
	each    func(Window, []call.Call) error
	calls   map[uint64]listed // of what is not settled, by identity
	result  Result
	failed  int // passes in a row
}

func (r *reading) all(ctx context.Context) error {
	for !r.history.Done() {
		err := r.pass(ctx)
		r.history.Over()
		if err != nil {
			if err := r.wait(ctx, err); err != nil {
				return err
			}
		}
	}
	return r.settle()
}

// pass reads until the pass is over. An error that is not fatal may be gone later.
func (r *reading) pass(ctx context.Context) error {
	for {
		ask, more := r.history.Next()
		if !more {
			break
		}
		page, err := r.page(ctx, itnio.Query{From: time.Unix(ask.From, 0), To: time.Unix(ask.To, 0), Page: ask.Page, Size: reconcile.PageSize, Filter: r.Filter})
		if err != nil {
			if refusal, ok := retry.Refused(err); ok && ctx.Err() == nil && r.history.Refused(refusal) {
				level.Debug(r.Logger).Log("msg", "window refused, asking for less", "err", err)
				continue
			}
			return err
		}
		r.take(&page, ask.To)
		if err := r.settle(); err != nil {
			return err
		}
	}
	if r.history.Refusing() {
		return r.passOver(ctx)
	}
	return r.settle()
}

// passOver makes gaps of refused windows behind which there is nothing left to read, if the server answers at all: for the newest
// minute, or for the oldest, as either may be within such a window.
func (r *reading) passOver(ctx context.Context) error {
	newest := r.API.ServerNow().Add(-time.Minute - 3*time.Second) // some servers refuse a window that ends ahead of their clock
	_, err := r.minute(ctx, newest)
	if err != nil {
		_, err = r.minute(ctx, r.from)
	}
	if err != nil {
		return err
	}
	r.history.PassOver()
	return r.settle()
}

func (r *reading) minute(ctx context.Context, from time.Time) (itnio.Page, error) {
	return r.page(ctx, itnio.Query{From: from, To: from.Add(time.Minute), Page: 1, Size: 1, Filter: r.Filter})
}

// page sends a query as Ask does.
func (r *reading) page(ctx context.Context, q itnio.Query) (itnio.Page, error) {
	return ask(ctx, r.API, q, &r.result.Requests)
}

// Ask sends one query, again if it fails in a way that may pass.
func (r *Reader) Ask(ctx context.Context, q itnio.Query) (itnio.Page, error) {
	q.Filter = r.o.Filter
	return ask(ctx, r.o.API, q, new(int))
}

func ask(ctx context.Context, api API, q itnio.Query, sent *int) (itnio.Page, error) {
	for failed := 1; ; failed++ {
		page, err := api.Records(ctx, q)
		*sent++
		if err == nil || ctx.Err() != nil {
			return page, err
		}
		pause, again := retry.Pause(err, failed)
		if !again {
			return page, err
		}
		if err := retry.Sleep(ctx, pause); err != nil {
			return page, err
		}
	}
}

// listed is a call, and the end of the narrowest window in which it was listed so far.
type listed struct {
	call call.Call
	to   int64 // Unix seconds
}

func (r *reading) take(page *itnio.Page, to int64) {
	answer := reconcile.Answer{Total: page.Total, Size: page.Size, IDs: make([]uint64, len(page.Records))}
	now := r.API.ServerNow()
	for i := range page.Records {
		c := r.Calls.From(&page.Records[i], now)
		answer.IDs[i] = c.Identity(page.Records[i].Fingerprint)
		one := listed{c, to}
		if before, ok := r.calls[answer.IDs[i]]; ok {
			one.to = min(to, before.to)
		}
		r.calls[answer.IDs[i]] = one
	}
	r.history.Take(answer)
	r.Progress(r.result.Progress)
}

// fatalError is an error that waiting does not mend.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

// settle gives away the calls of what has been read to its end.
func (r *reading) settle() error {
	done, ok := r.history.Settled()
	if !ok {
		return nil
	}
	r.failed = 0
	for _, gap := range done.Gaps {
		r.result.Gaps = appendJoined(r.result.Gaps, windowOf(gap))
		r.warn("the server refuses a window: its calls are missing", gap)
	}
	for _, open := range done.Open {
		r.result.Open = append(r.result.Open, windowOf(open))
		r.warn("the server answered differently each time a window was read: calls may be missing", open)
	}
	calls := make([]call.Call, 0, len(r.calls))
	for id, c := range r.calls {
		if c.to > done.To {
			continue // listed on the first page of a window that was then divided: its part will list it again, at its time
		}
		calls = append(calls, c.call)
		delete(r.calls, id)
	}
	w := windowOf(done.Window)
	r.result.At, r.result.Windows, r.result.Records = w.To, r.result.Windows+1, r.result.Records+len(calls)
	r.Progress(r.result.Progress)
	if err := r.each(w, calls); err != nil {
		return fatalError{err}
	}
	r.Progress(r.result.Progress)
	return nil
}

func (r *reading) warn(msg string, w reconcile.Window) {
	at := windowOf(w)
	level.Warn(r.Logger).Log("msg", msg, "from", at.From.Format(time.RFC3339), "to", at.To.Format(time.RFC3339))
}

// appendJoined appends a window, or makes the last one longer if they adjoin.
func appendJoined(list []Window, w Window) []Window {
	if n := len(list); n > 0 && list[n-1].To.Equal(w.From) {
		list[n-1].To = w.To
		return list
	}
	return append(list, w)
}

func windowOf(w reconcile.Window) Window {
	return Window{time.Unix(w.From, 0).UTC(), time.Unix(w.To, 0).UTC()}
}

// wait waits after a pass that failed, or gives the error back that ends the reading.
func (r *reading) wait(ctx context.Context, err error) error {
	if fatal, ok := errors.AsType[fatalError](err); ok {
		return fatal.error
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.failed++
	if itnio.ClassOf(err) == itnio.ClassAuthentication || r.failed >= mostFailures {
		return fmt.Errorf("reading the history stopped at %s: %w", r.result.At.Format(time.RFC3339), err)
	}
	pause := max(min(time.Second<<(r.failed-1), longestWait), retry.ToldToWait(err))
	level.Warn(r.Logger).Log("msg", "reading the history failed, trying again", "in", pause, "at", r.result.At.Format(time.RFC3339), "err", err)
	return retry.Sleep(ctx, pause)
}
