package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"itnio_exporter/e2e/process"
)

// webConfig writes a --web.config.file with TLS, which has the keys of tlsExtra too, and one user. It returns the path and the
// certificate, which is valid for 127.0.0.1 and signed by itself.
func webConfig(t *testing.T, tlsExtra, user, password string) (path string, certificate *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err = x509.ParseCertificate(signed)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)

	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"web.yml": fmt.Appendf(nil, "tls_server_config: {cert_file: tls.crt, key_file: tls.key%s}\nbasic_auth_users: {%s: %s}\n", tlsExtra, user, hash),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return filepath.Join(dir, "web.yml"), certificate
}

// --web.config.file enables TLS and basic authentication for every endpoint.
func TestTLSAndBasicAuthentication(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	const user, password = "prometheus", "correct horse battery staple"
	web, certificate := webConfig(t, "", user, password)
	a := newAPI(t)
	i := start(t, args(t, a.config(t, fast), "--web.config.file="+web, "--web.enable-lifecycle")...)

	trusted := x509.NewCertPool()
	trusted.AddCert(certificate)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	get := func(path, user, password string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+i.Address()+path, http.NoBody)
		require.NoError(t, err)
		if user != "" {
			r.SetBasicAuth(user, password)
		}
		answer, err := client.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		require.NotNil(t, answer.TLS)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(body)
	}
	for _, path := range []string{"/metrics", "/", "/-/healthy", "/-/ready", "/-/reload"} {
		status, body := get(path, "", "")
		require.Equal(t, http.StatusUnauthorized, status, path)
		require.NotContains(t, body, "itnio_exporter", path)
	}
	status, _ := get("/metrics", user, "wrong")
	require.Equal(t, http.StatusUnauthorized, status)
	status, _ = get("/metrics", "stranger", password)
	require.Equal(t, http.StatusUnauthorized, status)

	status, body := get("/metrics", user, password)
	require.Equal(t, http.StatusOK, status)
	up, ok := sum(t, body, "itnio_exporter_config_last_reload_successful")
	require.True(t, ok)
	require.Equal(t, 1.0, up)
	status, body = get("/-/healthy", user, password)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "itnio_exporter is healthy.\n", body)

	_, _, err := process.Request(t.Context(), http.MethodGet, "https://"+i.Address()+"/metrics", nil)
	require.ErrorContains(t, err, "certificate", "a client that does not trust it")
	status, body = request(t, http.MethodGet, i.url("/metrics"))
	require.Equal(t, http.StatusBadRequest, status, "plain HTTP")
	require.NotContains(t, body, "itnio")
	for _, flags := range [][]string{{"--web.config.file=" + web}, nil} { // nil: as the container image does
		status, _, stderr := once(t, append(flags, "healthcheck", "--web.listen-address="+i.Address())...)
		require.Zero(t, status, stderr)
	}

	require.Zero(t, i.Stop(), &i.Stderr)
	require.NotContains(t, i.Stderr.String(), password)
}

// Health checks and probes of the port are no warnings.
func TestProbesOfTLS(t *testing.T) {
	process.SkipShort(t)
	t.Parallel()
	a := newAPI(t)
	for name, extra := range map[string]string{
		"TLS":                    "",
		"certificates required":  ", client_auth_type: RequireAnyClientCert",
		"certificates, TLS 1.2":  ", client_auth_type: RequireAnyClientCert, max_version: TLS12",
		"certificates with a CA": ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: tls.crt",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			web, _ := webConfig(t, extra, "prometheus", "secret")
			i := start(t, args(t, a.config(t, fast), "--web.config.file="+web, "--log.level=debug")...)
			for range 3 {
				status, _, stderr := once(t, "healthcheck", "--web.listen-address="+i.Address(), "--web.config.file="+web)
				require.Zero(t, status, stderr)
				probe, err := net.Dial("tcp", i.Address())
				require.NoError(t, err)
				require.NoError(t, probe.Close())
			}
			process.Eventually(t, "the probes are in the log", func() bool { return strings.Count(i.Stderr.String(), ": EOF\"") == 3 })
			require.Zero(t, i.Stop(), &i.Stderr)
			require.NotContains(t, i.Stderr.String(), "client sent an HTTP request")
			for line := range strings.Lines(i.Stderr.String()) {
				require.False(t, strings.Contains(line, `msg="HTTP server"`) && !strings.Contains(line, "level=debug"), line)
			}
		})
	}
}
