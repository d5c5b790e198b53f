package itnio

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/semaphore"

	"itnio_exporter/enum"
)

// Defaults of Options.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxBytes = 16 << 20
)

// Time formats of a query's window, as Options.TimeFormat has them. That of Habits is never TimeAuto.
const (
	TimeAuto     = string(enum.TimeAuto)
	TimeISO8601  = string(enum.TimeISO8601)
	TimeDatetime = string(enum.TimeDatetime)
)

// Options make a Client. They are taken as they stand: the configuration has validated them. Key, Secret and Secrets
// cannot be printed through them.
type Options struct {
	BaseURL string // scheme, host and, behind a gateway, a path prefix
	Key     string `json:"-" yaml:"-"`
	Secret  string `json:"-" yaml:"-"`

	// Secrets are further texts that no error may show: passwords, tokens and headers with which HTTP reaches the API, and
	// "user:password" for each pair that is sent in base64. They are found percent-encoded and in base64, too.
	Secrets []string `json:"-" yaml:"-"`

	// HTTP sends the requests and decides on proxy, TLS and connection reuse. It is copied, and the copy follows no
	// redirect: that would send the signature to another server. Nil: a client with Go's default transport settings.
	HTTP *http.Client

	// Location is the zone of record times that name none and of the datetime format. Nil: UTC+8, the platform's.
	Location *time.Location
	// TimeFormat is TimeAuto, TimeISO8601 or TimeDatetime. Empty: TimeAuto.
	TimeFormat string
	// RateLimit is in requests a second, evenly spaced: no bursts, so no second ever sees more than RateLimit
	// rounded up, plus one. Where the server answers that there are too many, the client slows down by itself. 0: no limit.
	RateLimit float64
	// Timeout bounds one attempt from dialling to the last byte of the body; waiting for the rate limit is not in
	// it. 0: DefaultTimeout.
	Timeout time.Duration
	// MaxBytes bounds an answer's body, compressed and not. 0: DefaultMaxBytes.
	MaxBytes int64
	// Large bounds, in bytes, what bodies of more than 1 MiB take together, of all clients that share it. Each counts as
	// MaxBytes while it is read and decoded, and waits for its turn within Timeout. Nil: one such body at a time.
	Large *semaphore.Weighted
	// UserAgent is sent along. Empty: "itnio_exporter".
	UserAgent string
	// Now is the local clock. Nil: time.Now.
	Now func() time.Time
	// OnRequest is called for every attempt with its path, its label as Status gives it, and how long it took.
	// Attempts that the rate limit held back until the context ended are none.
	OnRequest func(endpoint, status string, d time.Duration)
}

// String shows what is no secret.
func (o Options) String() string {
	return fmt.Sprintf("{%s time_format:%s rate_limit:%g timeout:%s max_bytes:%d}",
		withoutUserinfo(o.BaseURL), o.TimeFormat, o.RateLimit, o.Timeout, o.MaxBytes)
}

// GoString shows what is no secret.
func (o Options) GoString() string { return "itnio.Options" + o.String() }

// Format shows what is no secret, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(o.String())) }

// withDefaults fills in what was left open.
func (o Options) withDefaults() Options {
	if o.TimeFormat == "" {
		o.TimeFormat = TimeAuto
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			ForceAttemptHTTP2: true,
			IdleConnTimeout:   90 * time.Second,
		}}
	}
	if o.Location == nil {
		o.Location = time.FixedZone("+08:00", 8*60*60)
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Large == nil {
		o.Large = semaphore.NewWeighted(o.MaxBytes)
	}
	if o.UserAgent == "" {
		o.UserAgent = "itnio_exporter"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnRequest == nil {
		o.OnRequest = func(string, string, time.Duration) {}
	}
	return o
}

// withoutUserinfo is a URL without what may be a secret in it.
func withoutUserinfo(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(invalid URL)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
