package itnio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClasses: every error that the client gives, and what follows from it.
func TestClasses(t *testing.T) {
	status := func(code int) error { return &StatusError{Code: code} }
	http := func(code int) error { return &HTTPError{StatusCode: code} }
	later := func(code int) error { return &HTTPError{StatusCode: code, RetryAfter: time.Minute} }
	both := func(code, status int) error {
		return &HTTPError{StatusCode: code, Business: &StatusError{Code: status}}
	}
	tests := map[string]struct {
		err     error
		class   Class
		label   string
		retry   Retry
		refusal Refusal
		doubt   timeDoubt
	}{
		"-1":  {status(-1), ClassAuthentication, "-1", RetryNever, RefusalNone, noDoubt},
		"-2":  {status(-2), ClassAuthentication, "-2", RetryNever, RefusalNone, noDoubt},
		"-15": {status(-15), ClassThrottled, "-15", RetryLater, RefusalNone, noDoubt},
		"-16": {status(-16), ClassClock, "-16", RetryNever, RefusalNone, noDoubt},
		"-18": {status(-18), ClassTransient, "-18", RetrySoon, RefusalBroken, someDoubt},
		"-20": {status(-20), ClassQuestion, "-20", RetryNever, RefusalBroken, noDoubt},
		"-21": {status(-21), ClassQuestion, "-21", RetryNever, RefusalBroken, fullDoubt},
		"-22": {status(-22), ClassQuestion, "-22", RetryNever, RefusalParameter, fullDoubt},
		"-23": {status(-23), ClassWindow, "-23", RetryNever, RefusalTooMuch, noDoubt},
		"-24": {status(-24), ClassQuestion, "-24", RetryNever, RefusalBroken, noDoubt},
		"-76": {status(-76), ClassWindow, "-76", RetryNever, RefusalTooLong, noDoubt},

		"undocumented status": {status(-10), ClassUnknown, "other", RetryLater, RefusalBroken, someDoubt},
		"positive status":     {status(500), ClassUnknown, "other", RetryLater, RefusalBroken, someDoubt},
		"-18, retry after":    {&StatusError{Code: -18, RetryAfter: time.Second}, ClassTransient, "-18", RetrySoon, RefusalNone, someDoubt},
		"-23, retry after":    {&StatusError{Code: -23, RetryAfter: time.Second}, ClassWindow, "-23", RetryNever, RefusalTooMuch, noDoubt},

		"301":              {http(301), ClassUnknown, "http_3xx", RetryLater, RefusalNone, noDoubt},
		"400":              {http(400), ClassQuestion, "http_4xx", RetryLater, RefusalBroken, fullDoubt},
		"401":              {http(401), ClassAuthentication, "http_4xx", RetryNever, RefusalNone, noDoubt},
		"403":              {http(403), ClassAuthentication, "http_4xx", RetryNever, RefusalNone, noDoubt},
		"404":              {http(404), ClassUnknown, "http_4xx", RetryLater, RefusalNone, noDoubt},
		"408":              {http(408), ClassUnknown, "http_4xx", RetryLater, RefusalNone, noDoubt},
		"413":              {http(413), ClassQuestion, "http_4xx", RetryLater, RefusalBroken, noDoubt},
		"413, retry after": {later(413), ClassQuestion, "http_4xx", RetryLater, RefusalNone, noDoubt},
		"422":              {http(422), ClassQuestion, "http_4xx", RetryLater, RefusalBroken, fullDoubt},
		"429":              {http(429), ClassThrottled, "http_4xx", RetryLater, RefusalNone, noDoubt},
		"429, retry after": {later(429), ClassThrottled, "http_4xx", RetryLater, RefusalNone, noDoubt},
		"500":              {http(500), ClassTransient, "http_5xx", RetrySoon, RefusalBroken, someDoubt},
		"502":              {http(502), ClassTransient, "http_5xx", RetrySoon, RefusalBroken, noDoubt},
		"502, retry after": {later(502), ClassTransient, "http_5xx", RetrySoon, RefusalNone, noDoubt},
		"503":              {http(503), ClassTransient, "http_5xx", RetrySoon, RefusalBroken, noDoubt},
		"503, retry after": {later(503), ClassThrottled, "http_5xx", RetryLater, RefusalNone, noDoubt},
		"600":              {http(600), ClassUnknown, "other", RetryLater, RefusalBroken, noDoubt},

		// The API's own status says more than that of HTTP, but for the label.
		"401 with -1":  {both(401, -1), ClassAuthentication, "http_4xx", RetryNever, RefusalNone, noDoubt},
		"400 with -1":  {both(400, -1), ClassAuthentication, "http_4xx", RetryNever, RefusalNone, noDoubt},
		"400 with -23": {both(400, -23), ClassWindow, "http_4xx", RetryNever, RefusalTooMuch, noDoubt},
		"500 with -15": {both(500, -15), ClassThrottled, "http_5xx", RetryLater, RefusalNone, noDoubt},
		"500 with -10": {both(500, -10), ClassTransient, "http_5xx", RetrySoon, RefusalBroken, someDoubt},
		"429 with -10": {both(429, -10), ClassThrottled, "http_4xx", RetryLater, RefusalNone, noDoubt},
		"301 with 22":  {both(301, 22), ClassUnknown, "http_3xx", RetryLater, RefusalNone, noDoubt},

		"timeout":           {fail(ErrTimeout, "x"), ClassTransient, "timeout", RetryOnce, RefusalBroken, noDoubt},
		"connection":        {fail(ErrConnection, "x"), ClassTransient, "connection", RetrySoon, RefusalBroken, noDoubt},
		"stale connection":  {staleError{fail(ErrConnection, "x")}, ClassTransient, "connection", RetrySoon, RefusalBroken, noDoubt},
		"decode":            {fail(ErrDecode, "x"), ClassTransient, "decode", RetrySoon, RefusalBroken, noDoubt},
		"too large":         {fail(ErrTooLarge, "x"), ClassTransient, "decode", RetrySoon, RefusalBroken, noDoubt},
		"deadline":          {context.DeadlineExceeded, ClassTransient, "timeout", RetryOnce, RefusalBroken, noDoubt},
		"caller's deadline": {ended(context.DeadlineExceeded), ClassTransient, "timeout", RetryOnce, RefusalBroken, noDoubt},
		"canceled":          {ended(context.Canceled), ClassUnknown, "other", RetryLater, RefusalBroken, noDoubt},
		"unknown kind":      {Kind("new"), ClassUnknown, "other", RetryLater, RefusalBroken, noDoubt},
		"foreign":           {io.EOF, ClassUnknown, "other", RetryLater, RefusalBroken, noDoubt},
	}
	for name, tt := range tests {
		for _, err := range []error{tt.err, fmt.Errorf("record query: %w", tt.err), errors.Join(io.EOF, tt.err)} {
			require.Equal(t, tt.class, ClassOf(err), name)
			require.Equal(t, tt.label, Status(err), name)
			require.Contains(t, StatusLabels(), tt.label, name)
			require.Equal(t, tt.retry, RetryOf(err), name)
			require.Equal(t, tt.refusal, RefusalOf(err), name)
			require.Equal(t, tt.doubt, ruleOf(err).doubt, name)
		}
	}
	for code := range statusRules {
		require.Contains(t, tests, strconv.Itoa(code))
	}

	require.Equal(t, ClassNone, ClassOf(nil))
	require.Equal(t, "0", Status(nil))
	require.Equal(t, RetryNever, RetryOf(nil))
	require.Equal(t, RefusalNone, RefusalOf(nil))
}

func TestStatusLabels(t *testing.T) {
	require.Equal(t, []string{
		"0", "-1", "-2", "-15", "-16", "-18", "-20", "-21", "-22", "-23", "-24", "-76",
		"http_3xx", "http_4xx", "http_5xx", "timeout", "connection", "decode", "other",
	}, StatusLabels())
}

func TestClassNames(t *testing.T) {
	names := map[string]bool{}
	for c := ClassNone; c <= ClassUnknown; c++ {
		names[c.String()] = true
	}
	require.Len(t, names, 8)
	require.NotContains(t, names, "")
	require.Equal(t, "Class(8)", Class(8).String())
}
