package diagnose

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"itnio_exporter/itnio"
)

// contact is how the first requests went.
type contact struct {
	err         error // of the first request, as the client says it; nil: it succeeded
	exchange    exchange
	scheme      string
	path        string // of base_url; "": none
	withoutPath bool   // the API answers once that path is left out
	proxied     bool
	rsaOnly     bool // the server speaks TLS only with the RSA key exchange
	certificate *x509.Certificate
	tlsVersion  uint16
	now         time.Time
}

// stage is how far a request came.
type stage uint8

const (
	atName stage = iota
	atConnection
	atTLS
	atHTTP // an answer that is not the API's
	atAPI
)

// stage is how far the first request came.
func (c *contact) stage() stage {
	cause := c.exchange.err
	_, dns := errors.AsType[*net.DNSError](cause)
	status, business := errors.AsType[*itnio.StatusError](c.err)
	switch {
	case c.exchange.code == 404, c.exchange.code == 405, c.exchange.code/100 == 3:
		return atHTTP // whatever the body says
	case c.err == nil, business && status != nil, c.exchange.code == 401, c.exchange.code == 403 && !c.exchange.html:
		return atAPI
	case dns:
		return atName
	case c.wantsProxyPassword():
		return atConnection
	case cause != nil && isTLS(cause):
		return atTLS
	case c.exchange.code == 0:
		return atConnection
	}
	return atHTTP
}

// wantsProxyPassword reports whether a proxy refused the request: the tunnel of an https one, or an http one itself.
func (c *contact) wantsProxyPassword() bool {
	return c.exchange.code == http.StatusProxyAuthRequired ||
		c.exchange.err != nil && strings.Contains(c.exchange.err.Error(), http.StatusText(http.StatusProxyAuthRequired))
}

// isTLS reports whether an error is about TLS rather than about the connection below it.
func isTLS(err error) bool {
	_, alert := errors.AsType[tls.AlertError](err)
	_, header := errors.AsType[tls.RecordHeaderError](err)
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	return alert || header || verification || strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "x509: ")
}

// probeContact asks for the newest minutes.
func probeContact(ctx context.Context, s *session) {
	c := &s.facts.contact
	u, err := url.Parse(s.base)
	if err != nil {
		c.err = err
		return
	}
	c.scheme, c.path, c.proxied = u.Scheme, u.Path, s.proxied(u)
	c.err = s.first(ctx)
	c.exchange, c.now = s.trace.last(), s.now()
	s.firstAgain(ctx, c)
	if state := s.trace.tls; state != nil && len(state.PeerCertificates) > 0 {
		c.certificate, c.tlsVersion = state.PeerCertificates[0], state.Version
	}
	switch c.stage() {
	case atTLS:
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](c.exchange.err)
		c.rsaOnly = !untrusted && !c.proxied && speaksRSA(ctx, u)
	case atHTTP:
		if c.exchange.code == 404 && c.path != "" {
			u.Path = ""
			s.moveTo(u.String())
			c.withoutPath = s.first(ctx) == nil
			s.moveTo(s.facts.account.BaseURL)
		}
	}
}

// firstAgain repeats a first request that was refused: by the server's clock, which its answer told, and in the other time format.
func (s *session) firstAgain(ctx context.Context, c *contact) {
	began := s.format
	for _, format := range []string{began, itnio.OtherFormat(began)} {
		switch itnio.ClassOf(c.err) {
		case itnio.ClassQuestion, itnio.ClassWindow, itnio.ClassUnknown:
		default:
			return
		}
		if c.stage() != atAPI {
			return
		}
		s.format = format
		if s.first(ctx) == nil {
			c.err, c.exchange = nil, s.trace.last()
			return
		}
	}
	s.format = began
}

func (s *session) first(ctx context.Context) error {
	_, err := s.ask(ctx, last(10*time.Minute, s.serverNow()), 1, 1)
	return err
}

// proxied reports whether requests go through a proxy.
func (s *session) proxied(u *url.URL) bool {
	through := s.facts.account.HTTPClient.Proxy()
	if through == nil {
		return false
	}
	req, err := newRequest(u)
	if err != nil {
		return false
	}
	proxy, err := through(req)
	return err == nil && proxy != nil
}

// speaksRSA reports whether a server that refused the usual handshake accepts one with the RSA key exchange. Nothing is sent over the
// connection.
func speaksRSA(ctx context.Context, u *url.URL) bool {
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "443")
	}
	d := tls.Dialer{
		NetDialer: &net.Dialer{Timeout: 10 * time.Second},
		Config: &tls.Config{
			ServerName: u.Hostname(), InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{
				tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_128_CBC_SHA,
				tls.TLS_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA256, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
			},
		},
	}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func networkChecks() []check {
	return []check{
		{"network-name", "The API's host is found", judgeName},
		{"network-connection", "A connection is made", judgeConnection},
		{"network-tls", "TLS is agreed on and the certificate trusted", judgeTLS},
		{"network-certificate", "The certificate is valid for some time", judgeCertificate},
		{"network-answer", "The API answers, and nobody in its place", judgeAnswer},
	}
}

func judgeName(f *facts) Finding {
	c := &f.contact
	switch {
	case c.stage() == atName:
		return wrong("the name of the host is not found", "no request reaches the API",
			"check base_url (or the proxy's address) for a mistake, and the name servers of this machine: the exporter uses the same")
	case c.proxied:
		return good("requests go through a proxy, which looks names up")
	}
	return good("found")
}

func judgeConnection(f *facts) Finding {
	c := &f.contact
	switch {
	case c.stage() < atConnection:
		return skipped("the host is not found")
	case c.wantsProxyPassword():
		return wrong("the proxy wants a password (HTTP 407)", "no request leaves the network",
			"write user and password into http_client.proxy_url")
	case c.stage() == atConnection:
		return wrong("no answer: "+shortError(c.err), "a firewall, a proxy or a wrong port is in between, or nothing listens there",
			"allow connections from this machine to the API's host, or set http_client.proxy_url; ask the network's administrators")
	}
	return good("made")
}

func judgeTLS(f *facts) Finding {
	c := &f.contact
	switch {
	case c.stage() < atTLS:
		return skipped("there is no connection")
	case c.rsaOnly:
		return wrong("the server agrees only on the RSA key exchange", "it is outdated, and Go does not offer it by default",
			"ask the vendor for a newer server; until then run the exporter with the environment variable GODEBUG=tlsrsakex=1")
	case c.stage() == atTLS:
		return judgeTLSError(c)
	case c.scheme == "http" && !loopback(f.account.BaseURL):
		return doubtful("base_url is not https", "whoever listens on the way can read the records and, for half an hour after each request, use the account",
			"write https in base_url")
	case c.scheme == "http":
		return good("plain HTTP within this machine")
	}
	return good(tls.VersionName(c.tlsVersion))
}

func judgeTLSError(c *contact) Finding {
	const means = "no request is sent: whoever answers may not be the API"
	cause := c.exchange.err
	_, authority := errors.AsType[x509.UnknownAuthorityError](cause)
	_, host := errors.AsType[x509.HostnameError](cause)
	invalid, expired := errors.AsType[x509.CertificateInvalidError](cause)
	_, plain := errors.AsType[tls.RecordHeaderError](cause)
	switch {
	case authority:
		return wrong("the certificate is signed by an authority that this machine does not know", means,
			"if a proxy of your own inspects TLS, name its CA in http_client.tls_config.ca_file; else install the system's root certificates")
	case host:
		return wrong("the certificate is for another host", means, "check the host in base_url; do not switch verification off")
	case expired && invalid.Reason == x509.Expired:
		return wrong("the certificate has expired or is not valid yet", means, "compare this machine's clock; if it is right, tell the vendor")
	case plain:
		return wrong("what listens there does not speak TLS", means, "check the port and the scheme in base_url")
	}
	return wrong("the handshake fails: "+shortError(c.err), means,
		"look for a proxy or firewall in between, and for http_client.tls_config settings that the server refuses")
}

// soon is how long before its end a certificate is doubtful.
const soon = 14 * 24 * time.Hour

func judgeCertificate(f *facts) Finding {
	c := &f.contact
	switch {
	case c.scheme == "http":
		return good("there is none, plain HTTP")
	case c.certificate == nil:
		return skipped("there is no TLS connection")
	}
	left := c.certificate.NotAfter.Sub(c.now)
	seen := "it ends in " + days(left)
	if left < soon {
		return doubtful(seen, "if nobody renews it, the exporter stops reading on that day", "tell whoever runs the server, the vendor or your own proxy")
	}
	return good(seen)
}

func judgeAnswer(f *facts) Finding {
	c := &f.contact
	switch {
	case c.stage() < atHTTP:
		return skipped("there is no answer")
	case c.stage() == atAPI:
		return good("the API's own answer")
	case c.exchange.location != "":
		return wrong(fmt.Sprintf("HTTP %d: the request is redirected to %s", c.exchange.code, c.exchange.location),
			"redirects are not followed, since they would carry signed headers to another server",
			"if that host is the API's, write it into base_url; if it is a login page of your network, allow the exporter to bypass it")
	case c.withoutPath:
		return wrong("HTTP 404, and without the path of base_url the API answers", "base_url has a path too many",
			"leave the path out of base_url: scheme and host are enough")
	case c.exchange.html || strings.Contains(c.err.Error(), "HTML page"):
		return wrong(fmt.Sprintf("HTTP %d with an HTML page", c.exchange.code), "a proxy, firewall or login page answers in the API's place",
			"open base_url in a browser on this machine to see the page; allow the exporter to bypass what shows it, or correct base_url")
	case c.exchange.code == 404 || c.exchange.code == 405:
		return wrong(fmt.Sprintf("HTTP %d", c.exchange.code), "there is no API at this address", "check base_url; it has scheme and host, and a path only behind a gateway of your own")
	}
	return wrong(shortError(c.err), "what answers does not behave as the API does", "try again later; if it stays so, check base_url and ask the vendor")
}
