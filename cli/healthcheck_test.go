package cli

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReachable(t *testing.T) {
	for address, want := range map[string]string{
		":10198": "127.0.0.1:10198", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1", "[::1]:1": "[::1]:1", "mon.example:1": "mon.example:1",
		"[fe80::1%eth0]:1": "[fe80::1%eth0]:1",
		"[::%eth0]:1":      "127.0.0.1:1",
	} {
		got, err := reachable(address)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := reachable("vsock://:1")
	require.Error(t, err)
}

// A URL leads to the address that it was made of, a zone included.
func TestLocalURL(t *testing.T) {
	for _, address := range []string{"127.0.0.1:10198", "mon.example:1", "[::1]:1", "[fe80::1%eth0]:10198", "[fe80::1%wlan-0.1]:1"} {
		u, err := url.Parse(localURL("https", address, "/itnio/-/healthy"))
		require.NoError(t, err, address)
		require.Equal(t, address, net.JoinHostPort(u.Hostname(), u.Port()))
		require.Equal(t, "/itnio/-/healthy", u.Path)
	}
}

// Only the exporter's own answers are signs of life.
func TestHealthcheckAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		header http.Header
		body   string
		alive  bool
	}{
		{"healthy", 200, nil, "itnio_exporter is healthy.\n", true},
		{"password wanted", 401, http.Header{"Www-Authenticate": {"Basic"}}, "Unauthorized\n", true},
		{"requests limited", 429, nil, "Too Many Requests\n", true},
		{"TLS at this port", 400, nil, "Client sent an HTTP request to an HTTPS server.\n", true},
		{"another program", 200, nil, "Healthy.\n", false},
		{"no content", 204, nil, "", false},
		{"password of a proxy", 401, http.Header{"Www-Authenticate": {`Basic realm="proxy"`}}, "Unauthorized\n", false},
		{"page of a proxy that wants a password", 401, http.Header{"Www-Authenticate": {"Basic"}}, "<html>401</html>", false},
		{"forbidden", 403, nil, "Forbidden\n", false},
		{"another route prefix", 404, nil, "404 page not found\n", false},
		{"redirect", 302, http.Header{"Location": {"/"}}, "", false},
		{"bad request", 400, nil, "400 Bad Request", false},
		{"web.config.file unreadable", 500, nil, "Internal Server Error\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for key, values := range tt.header {
					w.Header()[key] = values
				}
				w.WriteHeader(tt.status)
				_, _ = fmt.Fprint(w, tt.body)
			}))
			defer server.Close()
			err := askHealth(server.URL)
			if tt.alive {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, fmt.Sprint(tt.status))
		})
	}
}

// A server that accepts a client without a certificate is not what the configuration says.
func TestRefusedWithoutCertificate(t *testing.T) {
	for name, behave := range map[string]func(*tls.Conn){
		"silent":  func(*tls.Conn) {},
		"talking": func(c *tls.Conn) { _, _ = io.WriteString(c, "hello") },
		"resetting": func(c *tls.Conn) {
			_ = c.Handshake()
			_ = c.NetConn().(*net.TCPConn).SetLinger(0)
			_ = c.NetConn().Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(nil)
			server.StartTLS() // for its certificate
			defer server.Close()
			listener, err := tls.Listen("tcp", "127.0.0.1:0", server.TLS)
			require.NoError(t, err)
			go func() {
				if c, err := listener.Accept(); err == nil {
					behave(c.(*tls.Conn))
					_ = c.Close()
				}
			}()
			address := listener.Addr().String()
			require.ErrorContains(t, refusedWithoutCertificate(address), "does not refuse a client without a certificate")
			require.NoError(t, listener.Close())
			require.Error(t, refusedWithoutCertificate(address))
		})
	}
}

func TestReadTLSMode(t *testing.T) {
	directory := t.TempDir()
	for text, want := range map[string]tlsMode{
		"":                                       tlsOff,
		"basic_auth_users: {a: b}\n":             tlsOff,
		"http_server_config: {http2: false}\n":   tlsOff,
		"tls_server_config: {}\n":                tlsOff,
		"rate_limit: {interval: 1s, burst: 1}\n": tlsOff,
		"tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, cipher_suites: [TLS_AES_128_GCM_SHA256], curve_preferences: [X25519]}\n": tlsOn,
		"tls_server_config: {cert: a, key: b}\n":                                                                            tlsOn,
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: VerifyClientCertIfGiven}\n":                       tlsOn,
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAnyClientCert}\n":                          tlsWithClientCertificate,
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireClientCert}\n":                             tlsWithClientCertificate,
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert, client_ca_file: c}\n": tlsWithClientCertificate,
	} {
		t.Run(text, func(t *testing.T) {
			path := filepath.Join(directory, "web.yml")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			got, err := readTLSMode(path)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	got, err := readTLSMode("")
	require.NoError(t, err)
	require.Equal(t, tlsOff, got)
	_, err = readTLSMode(filepath.Join(directory, "nothing.yml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
