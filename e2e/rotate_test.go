package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
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

// renewed is the certificate of a server that gets a new one now and then.
type renewed struct {
	atomic.Pointer[tls.Certificate]
}

// renew makes a new certificate for 127.0.0.1, signed by itself, and gives its PEM.
func (r *renewed) renew(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(cryptorand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	r.Store(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
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
	var certificate renewed
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".new"), []byte(text), 0o600))
		require.NoError(t, os.Rename(filepath.Join(dir, name+".new"), filepath.Join(dir, name)))
	}
	write("key", account.Key+"\n")
	write("secret", account.Secret+"\n")
	write("ca.pem", string(certificate.renew(t)))
	server := httptest.NewUnstartedServer(sim.Handler())
	server.Listener = tls.NewListener(server.Listener, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate.Load(), nil },
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

	require.NoError(t, sim.Rotate("", "nextkey2", "nextsecret2"))
	process.Eventually(t, "the old secrets are refused", is("0"))
	write("key", "nextkey2\n")
	write("secret", "nextsecret2\n")
	process.Eventually(t, "the new secrets are in use", is("1"))

	ca := certificate.renew(t)
	server.CloseClientConnections()
	process.Eventually(t, "the new certificate is not trusted", is("0"))
	write("ca.pem", string(ca))
	process.Eventually(t, "the new certificate is trusted", is("1"))

	m.traffic(t, sim, 30, time.Second)
	waitForRecords(t, sim)
	e.equals(view{epoch: time.Now().Add(-4 * time.Hour)}, sim)
	e.stop()
	keepsQuiet(t, "log", e.Stderr.String(), []string{account.Key, account.Secret, "nextkey2", "nextsecret2"})
}
