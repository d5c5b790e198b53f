package diagnose

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"itnio_exporter/itnio"
)

// days says a length of time in whole days.
func days(d time.Duration) string {
	n := int(d / (24 * time.Hour))
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// span says a length of time in its two largest units: 2h5m, 3m10s, 12s.
func span(d time.Duration) string {
	d = d.Abs()
	switch {
	case d >= 48*time.Hour:
		return days(d)
	case d >= time.Hour:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%dh%dm", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	return d.Round(time.Second).String()
}

// count says a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// percent is a share in percent, whole unless it is small.
func percent(part, whole int) string {
	p := 100 * float64(part) / float64(max(1, whole))
	if p > 0 && p < 0.95 {
		return fmt.Sprintf("%.1f %%", p)
	}
	return fmt.Sprintf("%.0f %%", p)
}

const maxErrorText = 200

// shortError is an error of the client, which is redacted already, in one short line and without the server's own words: they may
// name an agent or a group.
func shortError(err error) string {
	if e, ok := errors.AsType[*itnio.HTTPError](err); ok {
		bare := *e
		bare.Business = withoutReason(e.Business)
		return bare.Error()
	}
	if e, ok := errors.AsType[*itnio.StatusError](err); ok {
		return withoutReason(e).Error()
	}
	text := strings.TrimPrefix(err.Error(), "record query: ")
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + " …"
	}
	return text
}

func withoutReason(e *itnio.StatusError) *itnio.StatusError {
	if e == nil {
		return nil
	}
	return &itnio.StatusError{Code: e.Code, RetryAfter: e.RetryAfter}
}

// loopback reports whether an address is on this machine.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func newRequest(u *url.URL) (*http.Request, error) {
	return http.NewRequest(http.MethodPost, u.String(), nil)
}
