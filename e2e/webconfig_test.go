package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// scraperPassword is the password whose bcrypt hash is scraperHash.
const (
	scraperPassword = "open sesame"
	scraperHash     = "$2a$04$MchUpqxnJPK83Uvb9iXjd.UVCjXfhlEj0O.FL87s4qY8bUww96lt2"
)

// certificate writes a self-signed certificate for 127.0.0.1 and its key. It is the one of net/http/httptest.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	key, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	pool = x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return certFile, keyFile, pool
}

// TestWebConfigFile: with TLS and basic authentication in --web.config.file a real Prometheus that has the password
// scrapes every call, and clients without it get nothing.
func TestWebConfigFile(t *testing.T) {
	skipUnderRaceDetector(t)
	needsPrometheus(t)
	if testing.Short() {
		t.Skip("runs without -short")
	}
	t.Parallel()
	certFile, keyFile, pool := certificate(t)
	web := filepath.Join(t.TempDir(), "web.yml")
	require.NoError(t, os.WriteFile(web, fmt.Appendf(nil, "tls_server_config: {cert_file: %q, key_file: %q}\nbasic_auth_users: {scraper: %q}\n",
		certFile, keyFile, scraperHash), 0o600))
	a, m := newAPI(t, history(23, time.Hour, 2000)), newMaker(23)
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 1500ms", "", "")
	e := s.start("--web.config.file=" + web)

	get := func(url, password string) (status int, body string) {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		if password != "" {
			req.SetBasicAuth("scraper", password)
		}
		answer, err := client.Do(req)
		require.NoError(t, err)
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(b)
	}
	for _, path := range []string{"/metrics", "/", "/-/healthy", "/-/ready"} {
		for _, tt := range []struct {
			url, password string
			status        int
		}{
			{"https://" + s.address, "", http.StatusUnauthorized},
			{"https://" + s.address, "open barley", http.StatusUnauthorized},
			{"http://" + s.address, scraperPassword, http.StatusBadRequest},
		} {
			status, body := get(tt.url+path, tt.password)
			require.Equal(t, tt.status, status, "%v%s", tt, path)
			require.NotContains(t, body, "itnio_")
		}
	}
	status, body := get("https://"+s.address+"/metrics", scraperPassword)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "itnio_exporter_build_info")

	const credentials = ", scheme: https, tls_config: {ca_file: %q}, basic_auth: {username: scraper, password: %q}"
	p := startPrometheus(t, "TLS and basic authentication", "", []string{
		job("itnio", s.address, fmt.Sprintf(credentials, certFile, scraperPassword)),
		job("wrong_password", s.address, fmt.Sprintf(credentials, certFile, "open barley")),
		job("unknown_certificate", s.address, fmt.Sprintf(", scheme: https, basic_auth: {username: scraper, password: %q}", scraperPassword)),
		job("no_tls", s.address, ""),
	})
	process.Eventually(t, "the first fill", func() bool { return len(p.must(`itnio_calls_total`)) > 0 })
	v := viewFrom(a.epoch(), 0)
	m.traffic(t, a.sim, 60, 2*time.Second)
	waitForRecords(t, a.sim)
	want, _ := v.truth(a.sim)
	require.Greater(t, want.sum("itnio_calls_total"), 40.0)
	p.mustRise(want.counters())
	require.Equal(t, 1.0, p.scalar(`min_over_time(up{job="itnio"}[1h])`))
	require.Equal(t, 0.0, p.scalar(`max(max_over_time(up{job!="itnio"}[1h]))`))
	require.Equal(t, 3.0, p.scalar(`count(up{job!="itnio"})`))
	e.stop()
}
