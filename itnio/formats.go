package itnio

import (
	"context"
	"sync"
)

// formats knows which time format the server reads, or finds it out.
type formats struct {
	mu        sync.Mutex
	preferred string
	confirmed bool
	refusal   string // how the question about long ago was last turned down, and in which format
	refusals  int    // in a row
}

func newFormats(setting string) *formats {
	if setting == TimeAuto {
		return &formats{preferred: TimeISO8601}
	}
	return &formats{preferred: setting, confirmed: true}
}

func (f *formats) current() (format string, confirmed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.preferred, f.confirmed
}

// confirm settles a format for good: it brought a record.
func (f *formats) confirm(format string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.confirmed {
		f.preferred, f.confirmed = format, true
	}
}

// prefer remembers a format that was read while the other one was turned down. It settles nothing: a refusal may have other
// reasons, and a server may answer with nothing to a time that it cannot read. Only a record does.
func (f *formats) prefer(format string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.confirmed {
		f.preferred = format
	}
}

// refusalsTell is how often a window of long ago has to be turned down in the same way before that is taken for the
// server's habit. A refusal may be of that one request, and a format once confirmed stays.
const refusalsTell = 3

// turnedDown notes that a window of long ago was refused, and reports whether it always is.
func (f *formats) turnedDown(format string, err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if how := format + " " + Status(err); how != f.refusal {
		f.refusal, f.refusals = how, 0
	}
	f.refusals++
	return f.refusals >= refusalsTell
}

func otherFormat(format string) string {
	if format == TimeISO8601 {
		return TimeDatetime
	}
	return TimeISO8601
}

// inquiry is a query that can be made in either format.
type inquiry struct {
	ask, longAgo func(context.Context, string) (Page, error) // the second one about a window in which no call can be
	fits         func(Page) bool                             // whether any record of a page has to be in the window
}

// negotiate asks in the preferred format and, while none is confirmed, in the other one too if the answer is a refusal
// or empty: a server may as well find nothing in a window that it cannot read. The first record confirms a format,
// unless the server reads no window in it at all: then it has records long ago, too, where none can be.
func (f *formats) negotiate(ctx context.Context, q inquiry) (Page, error) {
	first, confirmed := f.current()
	page, err := q.ask(ctx, first)
	if confirmed || err != nil && !refused(err) && !excessive(err) {
		return page, err
	}
	had := err == nil && holds(page)
	if had {
		if read, told := f.readsWindow(ctx, q, first, page); read {
			if told {
				f.confirm(first)
			}
			return page, nil
		}
	}

	second := otherFormat(first)
	page2, err2 := q.ask(ctx, second)
	if err2 == nil && holds(page2) {
		read, told := f.readsWindow(ctx, q, second, page2)
		switch {
		case !told:
			return page2, nil
		case read:
			f.confirm(second)
			return page2, nil
		case had:
			f.confirm(first) // neither is better
			return page, nil
		case err != nil && !q.understood(ctx, first), err == nil && q.fits(page2):
			f.prefer(second) // the best there is
			return page2, nil
		}
		f.prefer(first)
		return page, err // it is read, and finds nothing, or fault with something else
	}
	switch {
	case err2 == nil && excessive(err):
		return page, err // most likely it is as it says, and the other format finds nothing because it is not read
	case had && err2 == nil && q.fits(page), had && refused(err2) && !q.understood(ctx, second):
		f.prefer(first) // the best there is
		return page, nil
	case err2 == nil && (err != nil || had):
		f.prefer(second)
		return page2, nil
	case had:
		f.prefer(second)
		return page2, err2
	case err == nil:
		f.prefer(first)
		return page, nil
	case refused(err2) && plainlyRefused(err):
		return page, err // the plainer of the two; it may be about something other than the format
	}
	return page2, err2
}

// readsWindow finds out whether the server reads the window for which it has sent a page: unless it does, it has as much
// of long ago. Unless told, it could not be found out.
func (f *formats) readsWindow(ctx context.Context, q inquiry, format string, sent Page) (read, told bool) {
	page, err := q.longAgo(ctx, format)
	if err != nil {
		return true, (refused(err) || excessive(err)) && f.turnedDown(format, err) // what is always refused was read
	}
	// A total alone may be wrong, and off by a few.
	return len(page.Records) == 0 || page.Total >= 0 && page.Total <= sent.Total/2, true
}

// understood reports whether a format that was refused is read after all: then the refusal was about the window, such as
// an end ahead of the server's clock.
func (q inquiry) understood(ctx context.Context, format string) bool {
	page, err := q.longAgo(ctx, format)
	return err == nil && len(page.Records) == 0
}

// excessive reports whether an error says that a window holds too much or is too long. So it may seem to a server that
// does not read it.
func excessive(err error) bool { return ClassOf(err) == ClassWindow }

// holds reports whether a window has records.
func holds(p Page) bool { return p.Total > 0 || len(p.Records) > 0 }

// refused reports whether an error may be what a server says to a time that it cannot read.
func refused(err error) bool { return err != nil && ruleOf(err).doubt >= someDoubt }

// plainlyRefused reports whether an error puts the blame on the request.
func plainlyRefused(err error) bool { return err != nil && ruleOf(err).doubt == fullDoubt }
