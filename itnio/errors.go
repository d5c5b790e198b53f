package itnio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Kind is a way to fail below the API's own status codes; to be asked for with errors.Is.
type Kind string

func (k Kind) Error() string { return string(k) }

// The kinds.
const (
	ErrTimeout    Kind = "timeout"          // no whole answer within the time limit
	ErrConnection Kind = "connection"       // no connection, or it broke before the answer was whole
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

// meaning of a documented status; "" of any other.
func meaning(code int) string {
	switch code {
	case StatusAuthFailed:
		return "account authentication failed"
	case StatusIPNotAllowed:
		return "IP address not allowed"
	case StatusTooFrequent:
		return "queried too frequently"
	case StatusTimestamp:
		return "timestamp expired"
	case StatusSystemException:
		return "system exception"
	case StatusExists:
		return "data exists"
	case StatusInvalid:
		return "data fails validation"
	case StatusParameter:
		return "parameter exception"
	case StatusDataCaps:
		return "data caps"
	case StatusNotFound:
		return "data does not exist"
	case StatusWindowTooLong:
		return "window longer than 93 days"
	}
	return ""
}

// StatusError is an answer whose status is not 0.
type StatusError struct {
	Code       int
	Reason     string        // the server's words, redacted and cut; may be empty
	RetryAfter time.Duration // as the server asked; 0: it did not
}

func (e *StatusError) Error() string {
	s := "API status " + strconv.Itoa(e.Code)
	if m := meaning(e.Code); m != "" {
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
	RetryAfter time.Duration // as the server asked; 0: it did not
	Business   *StatusError  // nil: the body holds none
}

func (e *HTTPError) Error() string {
	s := "HTTP " + strconv.Itoa(e.StatusCode)
	if t := http.StatusText(e.StatusCode); t != "" {
		s += " " + t
	}
	if e.RetryAfter > 0 {
		s += fmt.Sprintf(" (retry after %s)", e.RetryAfter)
	}
	if e.Business != nil {
		s += ", " + e.Business.Error()
	}
	return s
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

// statusOther is the label of everything without one of its own.
const statusOther = "other"

// Status is the label of an attempt that ended in err: "0" for nil, the code of a documented status, http_4xx,
// http_5xx, timeout, connection, decode, other. StatusLabels lists them all.
func Status(err error) string {
	if err == nil {
		return "0"
	}
	if e, ok := errors.AsType[*HTTPError](err); ok {
		switch e.StatusCode / 100 {
		case 4:
			return "http_4xx"
		case 5:
			return "http_5xx"
		}
		return statusOther
	}
	if e, ok := errors.AsType[*StatusError](err); ok {
		if meaning(e.Code) != "" {
			return strconv.Itoa(e.Code)
		}
		return statusOther
	}
	switch {
	case errors.Is(err, context.Canceled):
		return statusOther
	case errors.Is(err, ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return string(ErrTimeout)
	case errors.Is(err, ErrConnection):
		return string(ErrConnection)
	case errors.Is(err, ErrDecode), errors.Is(err, ErrTooLarge):
		return string(ErrDecode)
	}
	return statusOther
}

// StatusLabels are all the labels that Status gives.
func StatusLabels() []string {
	return []string{
		"0", "-1", "-2", "-15", "-16", "-18", "-20", "-21", "-22", "-23", "-24", "-76",
		"http_4xx", "http_5xx", string(ErrTimeout), string(ErrConnection), string(ErrDecode), statusOther,
	}
}

// RetryAfter is how long the server asked to be left alone; false if it did not, or asked for nothing.
func RetryAfter(err error) (time.Duration, bool) {
	if e, ok := errors.AsType[*HTTPError](err); ok && e.RetryAfter > 0 {
		return e.RetryAfter, true
	}
	if e, ok := errors.AsType[*StatusError](err); ok && e.RetryAfter > 0 {
		return e.RetryAfter, true
	}
	return 0, false
}
