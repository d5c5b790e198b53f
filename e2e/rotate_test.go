package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5" //nolint:gosec // the API signs with it
	cryptorand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
	"itnio_exporter/simulator"
)

// platform is an API with TLS that takes only the key, the secret and the certificate of the moment. The simulator behind it
// knows the first ones.
type platform struct {
	key, secret string
	sim         http.Handler
	valid       atomic.Pointer[[2]string]
	certificate atomic.Pointer[tls.Certificate]
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sign := func(key, secret string) string {
		sum := md5.Sum([]byte(key + secret + r.Header.Get("Timestamp"))) //nolint:gosec // as above
		return hex.EncodeToString(sum[:])
	}
	valid := p.valid.Load()
	good := r.Header.Get("Api-Key") == valid[0] && r.Header.Get("Sign") == sign(valid[0], valid[1])
	r.Header.Set("Api-Key", p.key)
	r.Header.Set("Sign", "wrong")
	if good {
		r.Header.Set("Sign", sign(p.key, p.secret))
	}
	p.sim.ServeHTTP(w, r)
}

// renew makes a new certificate for 127.0.0.1, signed by itself, and gives its PEM.
func (p *platform) renew(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(cryptorand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	p.certificate.Store(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestRotatedFiles: new secrets and a new CA certificate in the files are followed without a reload. It waits for ticks of ten
// seconds; collector.TestRotatedSecrets has the same for secrets in virtual time.
func TestRotatedFiles(t *testing.T) {
	if !*proof {
		t.Skip("a long proof")
	}
	t.Parallel()
	o, m := history(29, 2*time.Hour, 1000), newMaker(29)
	few(&o, m)
	sim, account := simulator.New(o), simulator.DefaultAccounts()[0]
	p := &platform{key: account.Key, secret: account.Secret, sim: sim.Handler()}
	p.valid.Store(&[2]string{"firstkey1", "firstsecret1"})
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".new"), []byte(text), 0o600))
		require.NoError(t, os.Rename(filepath.Join(dir, name+".new"), filepath.Join(dir, name)))
	}
	write("key", "firstkey1\n")
	write("secret", "firstsecret1\n")
	write("ca.pem", string(p.renew(t)))
	server := httptest.NewUnstartedServer(p)
	server.Listener = tls.NewListener(server.Listener, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.certificate.Load(), nil },
	})
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	server.Start()
	defer server.Close()

	s := &setup{t: t, config: filepath.Join(dir, "config.yml"), storage: t.TempDir(), address: freeAddress(t)}
	require.NoError(t, os.WriteFile(s.config, fmt.Appendf(nil, `global: {poll_interval: 1s, zero_first: 500ms, initial_history: 3h}
accounts: [{name: main, base_url: %q, api_key_file: key, api_secret_file: secret, rate_limit: 100, http_client: {tls_config: {ca_file: ca.pem}}}]
`, "https://"+server.Listener.Addr().String()), 0o600))
	e := s.start("--log.level=debug")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(tail(e.Stderr.String()))
		}
	})
	e.filled()
	is := func(up string) func() bool {
		return func() bool { return strings.Contains(e.page(), "\nitnio_up{account=\"main\"} "+up+"\n") }
	}
	m.traffic(t, sim, 30, time.Second)

	p.valid.Store(&[2]string{"nextkey2", "nextsecret2"})
	process.Eventually(t, "the old secrets are refused", is("0"))
	write("key", "nextkey2\n")
	write("secret", "nextsecret2\n")
	process.Eventually(t, "the new secrets are in use", is("1"))

	ca := p.renew(t)
	server.CloseClientConnections()
	process.Eventually(t, "the new certificate is not trusted", is("0"))
	write("ca.pem", string(ca))
	process.Eventually(t, "the new certificate is trusted", is("1"))

	m.traffic(t, sim, 30, time.Second)
	waitForRecords(t, sim)
	e.equals(view{epoch: time.Now().Add(-4 * time.Hour)}, sim)
	e.stop()
	keepsQuiet(t, "log", e.Stderr.String(), []string{"firstkey1", "firstsecret1", "nextkey2", "nextsecret2"})
}
