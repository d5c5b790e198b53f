package collector

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
)

// writeSecrets makes a new folder with the two secrets and lets the link point to it, as Kubernetes does.
func writeSecrets(t *testing.T, dir, version, key, secret string) {
	t.Helper()
	require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
	for name, value := range map[string]string{"key": key, "secret": secret} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, version, name), []byte(value+"\n"), 0o600))
	}
	require.NoError(t, os.Symlink(version, filepath.Join(dir, "next")))
	require.NoError(t, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "data")))
}

// TestRotatedSecrets: the files of key and secret are followed without a reload, whether they change before the old secrets are
// refused or long after; a file that is empty, missing or no secret for a while changes nothing; nothing is lost or counted twice.
func TestRotatedSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := mainAccount()
		writeSecrets(t, dir, "1", first.Key, first.Secret)
		w := newWorld(t, steady(time.Now()), func(c *config.Config) {
			a := &c.Accounts[0]
			a.APIKey, a.APISecret, a.APIKeyFile, a.APISecretFile = "", "", filepath.Join(dir, "data", "key"), filepath.Join(dir, "data", "secret")
		})
		var out strings.Builder
		w.logger = log.NewLogfmtLogger(log.NewSyncWriter(&out))
		w.start()
		up := func() float64 { return w.own("itnio_up") }
		time.Sleep(10 * time.Minute)
		require.Equal(t, 1.0, up())

		// The files first, and both at the vendor by then.
		writeSecrets(t, dir, "2", "secondkey2", "secondsecret2")
		require.NoError(t, w.sim.Rotate("main", "secondkey2", "secondsecret2"))
		time.Sleep(rereadEvery + time.Minute)
		require.Equal(t, 1.0, up())

		// The vendor first. The account is asked again as soon as the files have the new ones, not when its backoff is over.
		require.NoError(t, w.sim.Rotate("main", "thirdkey3", "thirdsecret3"))
		time.Sleep(40 * time.Minute)
		require.Zero(t, up())
		writeSecrets(t, dir, "3", "thirdkey3", "thirdsecret3")
		time.Sleep(rereadEvery + 2*time.Second)
		require.Equal(t, 1.0, up())

		// What is no secret is not taken over.
		file := filepath.Join(dir, "3", "secret")
		for _, spoil := range []func() error{
			func() error { return os.WriteFile(file, nil, 0o600) },
			func() error { return os.WriteFile(file, []byte("line\nline"), 0o600) },
			func() error { return os.Remove(file) },
		} {
			require.NoError(t, spoil())
			time.Sleep(3 * time.Minute)
			require.Equal(t, 1.0, up())
		}
		require.Equal(t, 3, strings.Count(out.String(), "a secret cannot be read again"), out.String())
		require.Equal(t, 2, strings.Count(out.String(), "requests are signed with the new ones"), out.String())
		for _, secret := range []string{first.Key, "secondkey2", "thirdkey3", first.Secret, "secondsecret2", "thirdsecret3"} {
			require.NotContains(t, out.String(), secret)
		}
		v := w.judge(5 * time.Minute)
		v.exact(t)
		w.end()
	})
}
