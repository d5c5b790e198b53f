package itnio

import (
	"context"
	"sync"
)

// negotiation finds out from its answers in which format a server reads the ends of a window.
//
// No probe can do so beforehand: a server may answer a time that it cannot read with an empty page, and then only a record
// distinguishes the formats. An account that is new or idle has no records. So each query is sent in both formats until one
// of them has returned a record of the requested window.
type negotiation struct {
	auto bool // it is to be found out; else the settings say it

	mu       sync.Mutex
	inUse    formatInUse
	refusal  refusal // the last one of a query about long ago
	refusals int     // how often in a row it was the same
}

// formatInUse is the format to ask in.
type formatInUse struct {
	format    string // TimeISO8601 or TimeDatetime
	confirmed bool   // by the settings or by a record; false: the other format may yet turn out to be the right one
}

// refusal is how a query was refused.
type refusal struct {
	format string
	rule   rule
}

// refusalsTell is how often in a row a window of long ago has to be refused in the same way to count as the server's habit.
// A single refusal may have another reason, and a confirmed format is final.
const refusalsTell = 3

func newNegotiation(setting string) *negotiation {
	if setting == TimeAuto {
		return &negotiation{auto: true, inUse: formatInUse{format: TimeISO8601}}
	}
	return &negotiation{inUse: formatInUse{setting, true}}
}

func (n *negotiation) known() formatInUse {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.inUse
}

// found is the format that a record has confirmed; "": none yet, or the settings say it.
func (n *negotiation) found() string {
	if f := n.known(); n.auto && f.confirmed {
		return f.format
	}
	return ""
}

// learn sets the format to try first. A confirmed format is final.
func (n *negotiation) learn(f formatInUse) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.inUse.confirmed {
		n.inUse = f
	}
}

// refusedLongAgo notes that a window of long ago was refused, and reports whether it always is.
func (n *negotiation) refusedLongAgo(format string, err error) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if how := (refusal{format, ruleOf(err)}); how != n.refusal {
		n.refusal, n.refusals = how, 0
	}
	n.refusals++
	return n.refusals >= refusalsTell
}

// OtherFormat is the one of the two formats that is not the given one.
func OtherFormat(format string) string {
	if format == TimeISO8601 {
		return TimeDatetime
	}
	return TimeISO8601
}

// inquiry is a question that can be asked in either format.
type inquiry struct {
	ask, longAgo func(context.Context, string) (Page, error) // the second one about a window in which no call can be
	fits         func(Page) bool                             // whether any record of a page has to be in the window
}

// trial is a question asked in one format.
type trial struct {
	format string
	page   Page
	err    error
	hint   hint
}

// hint is what an answer tells of the format in which the question was asked.
type hint uint8

const (
	reads     hint = iota // records, and none of long ago: the window was read
	seemsRead             // records; whether the window was read could not be found out
	ignores               // records, and as many of long ago: the window was not read
	silent                // no record: there is none, or the window was not read
	refuses               // an error that may be about the format
	fails                 // any other error
)

// ask asks in the format that is known, or else in both, and gives the better answer.
func (n *negotiation) ask(ctx context.Context, q inquiry) (Page, error) {
	f := n.known()
	if f.confirmed {
		return q.ask(ctx, f.format)
	}
	best := n.try(ctx, q, f.format)
	switch best.hint {
	case reads:
		n.learn(formatInUse{best.format, true})
	case ignores, silent, refuses:
		best = n.choose(ctx, q, best, n.try(ctx, q, OtherFormat(f.format)))
	}
	return best.page, best.err
}

// choose gives the better one of two trials, and learns from it.
func (n *negotiation) choose(ctx context.Context, q inquiry, first, second trial) trial {
	best, learned, confirmed := second, true, false
	switch {
	case second.hint == reads:
		confirmed = true
	case second.hint == seemsRead:
		learned = false
	case first.hint == ignores && second.hint == ignores: // neither is better
		best, confirmed = first, true
	case first.hint == ignores:
		best = q.better(ctx, first, second)
	case second.hint == ignores:
		best = q.better(ctx, second, first)
	case first.hint == silent:
		best = first
	case excessive(first.err): // a server that finds nothing in the other format may not read that one
		best, learned = first, false
	case second.hint == silent: // the one format is refused and the other is not
	case plainlyRefused(first.err) && second.hint == refuses && !excessive(second.err): // the plainer words; both may be about something else
		best, learned = first, false
	default:
		learned = false
	}
	if learned {
		n.learn(formatInUse{best.format, confirmed})
	}
	return best
}

// better decides between a format in which the server ignores the window and another one that brought no record. The
// ignored window is the best there is if it must have the records that were sent, or if the other format is not read.
func (q inquiry) better(ctx context.Context, ignored, other trial) trial {
	switch {
	case other.hint == silent && q.fits(ignored.page), other.hint == refuses && !q.understood(ctx, other.format):
		return ignored
	}
	return other
}

func (n *negotiation) try(ctx context.Context, q inquiry, format string) trial {
	t := trial{format: format}
	t.page, t.err = q.ask(ctx, format)
	switch {
	case t.err == nil && hasRecords(t.page):
		t.hint = n.readsWindow(ctx, q, t)
	case t.err == nil:
		t.hint = silent
	case refused(t.err):
		t.hint = refuses
	default:
		t.hint = fails
	}
	return t
}

// readsWindow finds out whether the server reads the window for which it has sent records: unless it does, it has as
// many of long ago.
func (n *negotiation) readsWindow(ctx context.Context, q inquiry, sent trial) hint {
	past, err := q.longAgo(ctx, sent.format)
	switch {
	case err != nil && refused(err) && n.refusedLongAgo(sent.format, err):
		return reads // what is always refused was read
	case err != nil:
		return seemsRead
	case WindowRead(sent.page, past):
		return reads
	}
	return ignores
}

// WindowRead decides, by what a server has sent for the same question about long ago, whether it has read the window for which it
// has sent records. A total alone may be wrong, and off by a few.
func WindowRead(sent, longAgo Page) bool {
	return len(longAgo.Records) == 0 || longAgo.Total >= 0 && longAgo.Total <= sent.Total/2
}

// understood reports whether a format that was refused is read after all: then the refusal was about the window, such as
// an end ahead of the server's clock.
func (q inquiry) understood(ctx context.Context, format string) bool {
	page, err := q.longAgo(ctx, format)
	return err == nil && len(page.Records) == 0
}

// hasRecords reports whether a window has records.
func hasRecords(p Page) bool { return p.Total > 0 || len(p.Records) > 0 }

// excessive reports whether an error says that a window contains too much or is too long. So it may seem to a server that
// does not read it.
func excessive(err error) bool { return ClassOf(err) == ClassWindow }

// refused reports whether an error may be what a server says to a time that it cannot read.
func refused(err error) bool { return excessive(err) || err != nil && ruleOf(err).doubt >= someDoubt }

// plainlyRefused reports whether an error says that the request is at fault.
func plainlyRefused(err error) bool { return err != nil && ruleOf(err).doubt == fullDoubt }
