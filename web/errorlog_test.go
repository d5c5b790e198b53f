package web

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

func TestErrorLogLevels(t *testing.T) {
	const handshake = "http: TLS handshake error from 10.0.0.1:4711: "
	for text, want := range map[string]string{
		handshake + "EOF": "DEBUG",
		handshake + "read tcp 10.0.0.2:10198->10.0.0.1:4711: read: connection reset by peer": "DEBUG",
		handshake + "client sent an HTTP request to an HTTPS server":                         "DEBUG",
		handshake + "tls: client didn't provide a certificate":                               "DEBUG",
		handshake + "remote error: tls: bad certificate":                                     "WARN",
		"http: panic serving 10.0.0.1:4711: unexpected EOF":                                  "WARN",
		"http: superfluous response.WriteHeader call from main.go:1":                         "WARN",
		"http: Accept error: accept tcp: EOF; retrying in 5ms: EOF":                          "WARN",
	} {
		t.Run(text, func(t *testing.T) {
			var out bytes.Buffer
			ErrorLog(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))).Println(text)
			require.Contains(t, out.String(), `level=`+want+` msg="HTTP server" err=`)
			require.Contains(t, out.String(), text)
			require.Equal(t, 1, strings.Count(out.String(), "\n"))
		})
	}
}

// What net/http says of probes is known: a probe of either kind is a debug message, a refused certificate is a warning.
func TestErrorLogOfServer(t *testing.T) {
	var out process.Buffer
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = ErrorLog(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	server.StartTLS()
	defer server.Close()

	dial := func() net.Conn {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		return c
	}
	logged := func(text string) string {
		var line string
		process.Eventually(t, text, func() bool {
			for line = range strings.Lines(out.String()) {
				if strings.Contains(line, text) {
					return true
				}
			}
			return false
		})
		return line
	}
	require.NoError(t, dial().Close())
	require.Contains(t, logged("EOF"), "level=DEBUG")

	c := dial()
	_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	_, _ = io.ReadAll(c)
	require.NoError(t, c.Close())
	require.Contains(t, logged("HTTP request"), "level=DEBUG")

	c = dial()
	require.Error(t, tls.Client(c, &tls.Config{ServerName: "example.com"}).HandshakeContext(t.Context()), "the certificate is not trusted")
	require.NoError(t, c.Close())
	require.Contains(t, logged("bad certificate"), "level=WARN")
}
