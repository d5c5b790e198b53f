package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// healthcheckTimeout is less than the 5 s that the container image gives the command.
const healthcheckTimeout = 3 * time.Second

// newHealthcheck takes all flags of serve, so that a container can give both the same arguments. Its help shows those
// that matter.
func newHealthcheck(app *kingpin.Application) command {
	c := app.Command("healthcheck", "Ask the exporter that listens on --web.listen-address of this machine whether it is alive: exit 0 or 1. Takes all flags of serve, of which these matter.")
	f := &serveFlags{}
	f.registerShowing(c, "web.listen-address", "web.config.file", "web.route-prefix", "web.external-url")
	return command{c, func(Environment) error { return healthcheck(f) }}
}

// healthcheck asks the exporter on this machine whether it answers, for container engines: the image has no shell and no
// curl.
func healthcheck(f *serveFlags) error {
	site, err := f.site()
	if err != nil {
		return err
	}
	address, err := reachable(f.listenAddress())
	if err != nil {
		return fmt.Errorf("--web.listen-address: %w", err)
	}
	tlsMode, err := readTLSMode(*f.web.WebConfigFile)
	if err != nil {
		return fmt.Errorf("--web.config.file: %w", err)
	}
	switch tlsMode {
	case tlsWithClientCertificate:
		return refusedWithoutCertificate(address)
	case tlsOn:
		return askHealth(localURL("https", address, site.Path("/-/healthy")))
	}
	return askHealth(localURL("http", address, site.Path("/-/healthy")))
}

// reachable returns the host:port at which this machine reaches a listen address. One without a host, or with 0.0.0.0 or
// [::], is reached at 127.0.0.1.
func reachable(listenAddress string) (string, error) {
	host, port, err := net.SplitHostPort(listenAddress)
	if err != nil {
		return "", err
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.WithZone("").IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// localURL is a URL at a reachable address. It escapes the zone of an IPv6 address, as in [fe80::1%eth0]:10198.
func localURL(scheme, address, path string) string {
	u := url.URL{Scheme: scheme, Host: address, Path: path}
	return u.String()
}

// withoutVerification accepts any certificate. The server's is usually issued for the name that Prometheus uses, not for
// 127.0.0.1, and the check sends no secret: it only tests that the server answers.
func withoutVerification() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true}
}

// shownURL is the URL under which this machine reaches what listens there, for people to open.
func shownURL(scheme string, listening net.Addr, path string) string {
	address, err := reachable(listening.String())
	if err != nil { // such as a socket that is no host and port
		address = listening.String()
	}
	return localURL(scheme, address, path)
}

// askHealth requests a URL, and returns an error unless the exporter answers. It uses no proxy: an exporter on this
// machine is reached directly.
func askHealth(url string) error {
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: withoutVerification(), DisableKeepAlives: true},
		Timeout:       healthcheckTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1024))
	if err != nil {
		return err
	}
	if !fromExporter(answer, strings.TrimSpace(string(body))) {
		return fmt.Errorf("%s answers %s, which is no sign of a healthy exporter; the health check needs the --web flags of the server", url, answer.Status)
	}
	return nil
}

// fromExporter reports whether an answer is the exporter's own. Besides the answer of its endpoint, these come from the
// exporter toolkit, which asks for a password and limits requests, and from net/http, which received plain HTTP at a port
// with TLS.
func fromExporter(answer *http.Response, body string) bool {
	switch answer.StatusCode {
	case http.StatusOK:
		return body == program+" is healthy."
	case http.StatusUnauthorized:
		return body == "Unauthorized" && answer.Header.Get("WWW-Authenticate") == "Basic" // other servers name a realm
	case http.StatusTooManyRequests:
		return body == "Too Many Requests"
	case http.StatusBadRequest:
		return body == "Client sent an HTTP request to an HTTPS server."
	}
	return false
}

// refusedWithoutCertificate returns an error unless a server with TLS refuses this client, which has no certificate. A
// server that requires one gives no other answer. Nothing is sent after the handshake: the server would reset the
// connection, and its refusal could be lost.
func refusedWithoutCertificate(address string) error {
	deadline := time.Now().Add(healthcheckTimeout)
	conn, err := net.DialTimeout("tcp", address, healthcheckTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	_, err = tls.Client(conn, withoutVerification()).Read(make([]byte, 1))
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" { // an alert of TLS
		return nil
	}
	if err == nil {
		err = errors.New("it sent data")
	}
	return fmt.Errorf("the server does not refuse a client without a certificate, as --web.config.file says: %w", err)
}
