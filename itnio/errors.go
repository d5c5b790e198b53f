package itnio

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind is a failure other than one of the API's own status codes. Test for it with errors.Is.
type Kind string

func (k Kind) Error() string { return string(k) }

// The kinds.
const (
	ErrTimeout    Kind = "timeout"          // no complete answer within the time limit
	ErrConnection Kind = "connection"       // no connection, or it broke before the answer was complete
	ErrDecode     Kind = "decode"           // an answer that is not what the API documents: HTML, garbage, cut off, empty
	ErrTooLarge   Kind = "answer too large" // an answer above Options.MaxBytes, or of more rows than any page has
)

// Status codes of the API that a client treats in a way of their own.
const (
	StatusAuthFailed      = -1
	StatusIPNotAllowed    = -2
	StatusTooFrequent     = -15
	StatusTimestamp       = -16
	StatusSystemException = -18
	StatusExists          = -20
	StatusInvalid         = -21
	StatusParameter       = -22
	StatusDataCaps        = -23
	StatusNotFound        = -24
	StatusWindowTooLong   = -76
)

// StatusError is an answer whose status is not 0.
type StatusError struct {
	Code       int
	Reason     string        // the server's words, redacted and cut; may be empty
	RetryAfter time.Duration // as the server asked; 0: it did not
}

func (e *StatusError) Error() string {
	s := "API status " + strconv.Itoa(e.Code)
	if m := statusRules[e.Code].meaning; m != "" {
		s += " (" + m + ")"
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// HTTPError is an answer outside 200 to 299. It unwraps to the *StatusError of its body, where there is one.
type HTTPError struct {
	StatusCode int
	URL        string        // asked for: scheme, host and path
	Location   string        // scheme and host to which a redirect leads, redacted; "": none was told
	Page       string        // the kind of page that the body is; "": none
	RetryAfter time.Duration // as the server asked; 0: it did not
	Business   *StatusError  // nil: the body has none
}

func (e *HTTPError) Error() string {
	s := "HTTP " + strconv.Itoa(e.StatusCode)
	if t := http.StatusText(e.StatusCode); t != "" {
		s += " " + t
	}
	if e.RetryAfter > 0 {
		s += fmt.Sprintf(" (retry after %s)", e.RetryAfter)
	}
	switch {
	case e.Business != nil:
		s += ", " + e.Business.Error()
	case e.Location != "":
		to := e.Location
		if strings.HasPrefix(e.URL, to+"/") {
			to = "another path there"
		}
		s += ": " + e.URL + " is redirected to " + to + ", and redirects are not followed"
	case e.StatusCode/100 == 3, e.StatusCode == http.StatusNotFound, e.StatusCode == http.StatusMethodNotAllowed:
		s += " for " + e.URL
	}
	if e.Page != "" {
		s += "; " + pageMeans(e.Page)
	}
	return s
}

// pageMeans says what a page in the place of an answer tells.
func pageMeans(page string) string {
	return "the answer is " + page + ", so most likely a proxy or firewall answers in the API's place"
}

// Unwrap gives the body's *StatusError.
func (e *HTTPError) Unwrap() error {
	if e.Business == nil {
		return nil
	}
	return e.Business
}

// failure is a Kind with its circumstances. What caused it is kept as redacted text only, so that nothing foreign can
// be printed; a context's own errors stay findable.
type failure struct {
	kind    Kind
	text    string
	context error // context.Canceled, context.DeadlineExceeded or nil
	partial bool  // the answer did not come whole
}

// Incomplete reports whether err is of an answer that did not come whole: it is cut off, empty, or was damaged on its way.
func Incomplete(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.partial
}

// incomplete makes the error of an answer that did not come whole.
func incomplete(format string, args ...any) error {
	return &failure{kind: ErrDecode, text: fmt.Sprintf(format, args...), partial: true}
}

func fail(kind Kind, format string, args ...any) error {
	return &failure{kind: kind, text: fmt.Sprintf(format, args...)}
}

func (e *failure) Error() string { return string(e.kind) + ": " + e.text }

func (e *failure) Unwrap() []error {
	if e.context != nil {
		return []error{e.kind, e.context}
	}
	return []error{e.kind}
}
