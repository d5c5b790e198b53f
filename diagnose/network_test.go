package diagnose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
)

// networkPlants are problems of names, connections and TLS.
var networkPlants = []plant{
	{"no such host", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].BaseURL = "https://api.itnio.invalid" }
	}, map[string]Result{"network-name": Wrong}, "name servers", nil},
	{"nobody listens", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].BaseURL = "http://127.0.0.1:1" }
	}, map[string]Result{"network-connection": Wrong}, "connection", nil},
	{"no answer in time", func(p *patient) {
		p.front = func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
				<-r.Context().Done()
			})
		}
		p.edit = func(c *config.Config) { c.Accounts[0].Timeout = ptr(time.Second) }
	}, map[string]Result{"network-connection": Wrong}, "timeout", nil},
	{"a proxy that wants a password", func(p *patient) { throughProxy(p, "http://api.example", http.StatusProxyAuthRequired) },
		map[string]Result{"network-connection": Wrong, "config-settings": Doubtful}, "HTTP 407", nil},
	{"a proxy that wants a password, https", func(p *patient) { throughProxy(p, "https://api.example", http.StatusProxyAuthRequired) },
		map[string]Result{"network-connection": Wrong}, "HTTP 407", nil},
	{"a page of the proxy", func(p *patient) { throughProxy(p, "http://api.example", http.StatusForbidden) },
		map[string]Result{"network-answer": Wrong, "network-tls": Doubtful, "config-settings": Doubtful}, "HTML page", nil},
	{"unknown authority", func(p *patient) { p.serve = quietTLS(&tls.Config{}) },
		map[string]Result{"network-tls": Wrong}, "authority that this machine does not know", nil},
	{"certificate of another host", func(p *patient) {
		serveWith(p, certificate(p.t, "other.example", time.Now().Add(365*day)))
	}, map[string]Result{"network-tls": Wrong}, "for another host", nil},
	{"expired certificate", func(p *patient) { serveWith(p, certificate(p.t, "127.0.0.1", time.Now().Add(-day))) },
		map[string]Result{"network-tls": Wrong}, "has expired", nil},
	{"certificate about to expire", func(p *patient) { serveWith(p, certificate(p.t, "127.0.0.1", time.Now().Add(5*day+time.Hour))) },
		map[string]Result{"network-certificate": Doubtful}, "it ends in 5 days", nil},
	{"only the RSA key exchange", func(p *patient) {
		p.serve = quietTLS(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}})
	}, map[string]Result{"network-tls": Wrong}, "tlsrsakex", nil},
	{"no TLS behind https", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].BaseURL = "https" + c.Accounts[0].BaseURL[len("http"):] }
	}, map[string]Result{"network-tls": Wrong}, "does not speak TLS", nil},
}

func TestPlantedInTheNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for _, tt := range networkPlants {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			p.sim.CallsPerDay = 800
			tt.set(p)
			tt.judge(t, p.diagnose())
		})
	}
}

// A healthy server with TLS.
func TestHealthyTLS(t *testing.T) {
	p := newPatient(t)
	serveWith(p, certificate(t, "127.0.0.1", time.Now().Add(90*day)))
	r := p.diagnose()
	require.Empty(t, bad(r), text(r))
	require.Contains(t, text(r), "TLS 1.3")
}

// throughProxy asks an address through a proxy that answers everything in one way.
func throughProxy(p *patient, address string, code int) {
	p.front = always(func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "<html>no</html>")
	})
	p.edit = func(c *config.Config) {
		proxy, err := url.Parse(c.Accounts[0].BaseURL)
		require.NoError(p.t, err)
		options := promconfig.DefaultHTTPClientConfig
		options.FollowRedirects = false
		options.ProxyURL = promconfig.URL{URL: proxy}
		c.Accounts[0].HTTPClient, c.Accounts[0].BaseURL = &options, address
	}
}

// certificate makes a certificate that signs itself.
func certificate(t *testing.T, host string, end time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, NotBefore: end.Add(-400 * day), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// serveWith serves with a certificate, which the configuration trusts.
func serveWith(p *patient, c tls.Certificate) {
	ca := filepath.Join(p.t.TempDir(), "ca.pem")
	require.NoError(p.t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), 0o600))
	p.serve = quietTLS(&tls.Config{Certificates: []tls.Certificate{c}})
	p.edit = func(cfg *config.Config) {
		options := promconfig.DefaultHTTPClientConfig
		options.FollowRedirects = false
		options.TLSConfig.CAFile = ca
		cfg.Accounts[0].HTTPClient = &options
	}
}

// quietTLS starts servers that do not log what clients refuse.
func quietTLS(c *tls.Config) func(http.Handler) *httptest.Server {
	return func(h http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = c
		s.StartTLS()
		return s
	}
}
