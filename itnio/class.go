package itnio

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Class says what kind of failure an error is, and so what a caller does about it.
type Class uint8

// The classes. What is listed with each is kept in one place, the tables of this file.
const (
	ClassNone           Class = iota // no error
	ClassAuthentication              // the key, the secret or the address of the caller is not accepted: -1, -2, HTTP 401 and 403
	ClassThrottled                   // too many requests: -15, HTTP 429, HTTP 503 with Retry-After
	ClassClock                       // the timestamp of the signature is out of date: -16
	ClassWindow                      // the window contains too much (-23) or is too long (-76): ask for a shorter one
	ClassQuestion                    // the request itself is refused: -20, -21, -22, -24, HTTP 400, 413 and 422
	ClassTransient                   // may be gone a moment later: -18, HTTP 5xx, time limit, connection, an answer that cannot be read
	ClassUnknown                     // everything else: undocumented statuses, other HTTP statuses, errors from elsewhere
)

func (c Class) String() string {
	names := [...]string{"none", "authentication", "throttled", "clock", "window", "question", "transient", "unknown"}
	if int(c) < len(names) {
		return names[c]
	}
	return "Class(" + strconv.Itoa(int(c)) + ")"
}

// Retry says whether, and after which pauses, the same request may be sent again.
type Retry uint8

// The ways to retry.
const (
	RetryNever Retry = iota // the same request would fail in the same way
	RetryOnce               // once, soon: the failure used up the time limit
	RetrySoon               // after a fraction of a second
	RetryLater              // after a second or more: too many requests, or the cause is not known
)

// Refusal says what a failure means for the requested window.
type Refusal uint8

// The refusals.
const (
	RefusalNone      Refusal = iota // nothing: the failure is about the account, the connection or the service
	RefusalTooMuch                  // it contains more records than the server gives out: -23
	RefusalTooLong                  // it is longer than the server allows: -76
	RefusalParameter                // the server does not accept a parameter, and may mean an end of the window: -22
	RefusalBroken                   // the server failed over it, perhaps over one record in it
)

// timeDoubt says whether a failure may mean that the server cannot read the format of the window's ends.
type timeDoubt uint8

const (
	noDoubt   timeDoubt = iota
	someDoubt           // it may mean that, too
	fullDoubt           // it blames what the request says
)

// rule is what follows from one failure.
type rule struct {
	class   Class
	label   string // of the metric, see Status
	retry   Retry
	refusal Refusal
	doubt   timeDoubt
	meaning string // of a documented status
}

// Labels that are not the number of a status.
const (
	labelGood       = "0"
	labelHTTP3xx    = "http_3xx"
	labelHTTP4xx    = "http_4xx"
	labelHTTP5xx    = "http_5xx"
	labelTimeout    = string(ErrTimeout)
	labelConnection = string(ErrConnection)
	labelDecode     = string(ErrDecode)
	labelOther      = "other"
)

// statusRules are the documented statuses other than 0. The meanings are those of the vendor's list.
var statusRules = map[int]rule{
	StatusAuthFailed:      {ClassAuthentication, "-1", RetryNever, RefusalNone, noDoubt, "account authentication failed"},
	StatusIPNotAllowed:    {ClassAuthentication, "-2", RetryNever, RefusalNone, noDoubt, "IP address not allowed"},
	StatusTooFrequent:     {ClassThrottled, "-15", RetryLater, RefusalNone, noDoubt, "queried too frequently"},
	StatusTimestamp:       {ClassClock, "-16", RetryNever, RefusalNone, noDoubt, "timestamp expired"},
	StatusSystemException: {ClassTransient, "-18", RetrySoon, RefusalBroken, someDoubt, "system exception"},
	StatusExists:          {ClassQuestion, "-20", RetryNever, RefusalBroken, noDoubt, "data exists"},
	StatusInvalid:         {ClassQuestion, "-21", RetryNever, RefusalBroken, fullDoubt, "data fails validation"},
	StatusParameter:       {ClassQuestion, "-22", RetryNever, RefusalParameter, fullDoubt, "parameter exception"},
	StatusDataCaps:        {ClassWindow, "-23", RetryNever, RefusalTooMuch, noDoubt, "data caps"},
	StatusNotFound:        {ClassQuestion, "-24", RetryNever, RefusalBroken, noDoubt, "data does not exist"},
	StatusWindowTooLong:   {ClassWindow, "-76", RetryNever, RefusalTooLong, noDoubt, "window longer than 93 days"},
}

// httpRules are the HTTP statuses outside 200 to 299: by status or else by its first digit.
// A refused request is sent again all the same: a gateway in trouble answers 400 as well.
var httpRules = map[int]rule{
	400: {ClassQuestion, labelHTTP4xx, RetryLater, RefusalBroken, fullDoubt, ""},
	401: {ClassAuthentication, labelHTTP4xx, RetryNever, RefusalNone, noDoubt, ""},
	403: {ClassAuthentication, labelHTTP4xx, RetryNever, RefusalNone, noDoubt, ""},
	413: {ClassQuestion, labelHTTP4xx, RetryLater, RefusalBroken, noDoubt, ""},
	422: {ClassQuestion, labelHTTP4xx, RetryLater, RefusalBroken, fullDoubt, ""},
	429: {ClassThrottled, labelHTTP4xx, RetryLater, RefusalNone, noDoubt, ""},
	500: {ClassTransient, labelHTTP5xx, RetrySoon, RefusalBroken, someDoubt, ""},
	3:   {ClassUnknown, labelHTTP3xx, RetryLater, RefusalNone, noDoubt, ""}, // every window is redirected
	4:   {ClassUnknown, labelHTTP4xx, RetryLater, RefusalNone, noDoubt, ""},
	5:   {ClassTransient, labelHTTP5xx, RetrySoon, RefusalBroken, noDoubt, ""},
}

// kindRules are the failures below HTTP.
var kindRules = map[Kind]rule{
	ErrTimeout:    {ClassTransient, labelTimeout, RetryOnce, RefusalBroken, noDoubt, ""},
	ErrConnection: {ClassTransient, labelConnection, RetrySoon, RefusalBroken, noDoubt, ""},
	ErrDecode:     {ClassTransient, labelDecode, RetrySoon, RefusalBroken, noDoubt, ""},
	ErrTooLarge:   {ClassTransient, labelDecode, RetrySoon, RefusalBroken, noDoubt, ""},
}

// ruleOf finds the rule of an error other than nil.
func ruleOf(err error) rule {
	unknown := rule{class: ClassUnknown, label: labelOther, retry: RetryLater, refusal: RefusalBroken}
	if e, ok := errors.AsType[*HTTPError](err); ok {
		return e.rule(unknown)
	}
	if e, ok := errors.AsType[*StatusError](err); ok {
		if r, ok := statusRules[e.Code]; ok {
			return r
		}
		unknown.doubt = someDoubt // a status that is not documented may mean anything
		return unknown
	}
	if errors.Is(err, context.Canceled) {
		return unknown
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return kindRules[ErrTimeout]
	}
	if kind, ok := errors.AsType[Kind](err); ok {
		if r, ok := kindRules[kind]; ok {
			return r
		}
	}
	return unknown
}

// rule goes by the API's own status where the body tells a documented one, but for the label.
func (e *HTTPError) rule(unknown rule) rule {
	r, ok := httpRules[e.StatusCode]
	if !ok {
		r, ok = httpRules[e.StatusCode/100]
	}
	if !ok {
		r = unknown
	}
	if e.StatusCode == http.StatusServiceUnavailable && e.RetryAfter > 0 {
		r.class, r.retry, r.refusal = ClassThrottled, RetryLater, RefusalNone
	}
	if e.Business == nil {
		return r
	}
	if documented, ok := statusRules[e.Business.Code]; ok {
		documented.label = r.label
		return documented
	}
	return r
}

// ClassOf classifies an error of this package. Where the answer had an HTTP error status and its body a documented
// status of the API, the latter decides.
func ClassOf(err error) Class {
	if err == nil {
		return ClassNone
	}
	return ruleOf(err).class
}

// RetryOf says how the request may be sent again; RetryNever for nil.
func RetryOf(err error) Retry {
	if err == nil {
		return RetryNever
	}
	return ruleOf(err).retry
}

// RefusalOf says what an error means for the requested window; RefusalNone for nil. An answer with Retry-After is not about the
// window.
func RefusalOf(err error) Refusal {
	if err == nil {
		return RefusalNone
	}
	r := ruleOf(err)
	if _, told := RetryAfter(err); told && r.refusal == RefusalBroken {
		return RefusalNone
	}
	return r.refusal
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

// Status is the label of an attempt that ended in err: "0" for nil, the code of a documented status, http_3xx,
// http_4xx, http_5xx, timeout, connection, decode, other. StatusLabels lists them all. It is for metrics; decide by ClassOf,
// RetryOf and RefusalOf.
func Status(err error) string {
	if err == nil {
		return labelGood
	}
	return ruleOf(err).label
}

// StatusLabels are all the labels that Status gives.
func StatusLabels() []string {
	labels := []string{labelGood}
	for _, code := range slices.Backward(slices.Sorted(maps.Keys(statusRules))) {
		labels = append(labels, statusRules[code].label)
	}
	return append(labels, labelHTTP3xx, labelHTTP4xx, labelHTTP5xx, labelTimeout, labelConnection, labelDecode, labelOther)
}
