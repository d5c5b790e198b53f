//go:build unix

package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const twoKeys = "accounts: [{name: main, api_key: hunter2-key, api_secret: hunter2-secret}]\n"

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	return path
}

func socket(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
	return path
}

// What is no regular file blocks nothing: wherever a file is named there is one clear error at once.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	for kind, path := range map[string]string{
		"pipe": fifo(t), "socket": socket(t), "device": "/dev/zero", "directory": t.TempDir(),
	} {
		for key, block := range map[string]string{
			"api_key_file":                               "api_secret: hunter2, api_key_file: FILE",
			"api_secret_file":                            "api_key: hunter2, api_secret_file: FILE",
			"http_client.tls_config.ca_file":             "api_key: hunter2, api_secret: hunter2, http_client: {tls_config: {ca_file: FILE}}",
			"http_client.authorization.credentials_file": "api_key: hunter2, api_secret: hunter2, http_client: {authorization: {credentials_file: FILE}}",
			"http_client.http_headers.X.files[0]":        "api_key: hunter2, api_secret: hunter2, http_client: {http_headers: {X: {files: [FILE]}}}",
		} {
			file := filepath.Join(t.TempDir(), "config.yml")
			require.NoError(t, os.WriteFile(file, []byte("accounts: [{name: main, "+strings.ReplaceAll(block, "FILE", path)+"}]\n"), 0o600))
			_, err := loadFile(file)
			require.ErrorContains(t, err, key+": cannot be read: it is a "+kind+", not a regular file; fix the path or the permissions")
		}
		if kind != "pipe" {
			_, err := Load(path, Options{})
			require.ErrorContains(t, err, "cannot be read: it is a "+kind+", not a regular file")
		}
	}
	_, err := Load(fifo(t), Options{})
	require.ErrorContains(t, err, "it is a pipe that nobody writes to")
}

// The configuration itself may come through a pipe, as /dev/stdin and <(...) do.
func TestConfigurationFromAPipe(t *testing.T) {
	path := fifo(t)
	w, err := os.OpenFile(path, os.O_RDWR, 0) // it does not wait for a reader
	require.NoError(t, err)
	go func() {
		time.Sleep(50 * time.Millisecond) // the reader is there, and waits
		_, _ = w.WriteString(twoKeys)
		_ = w.Close()
	}()
	c, err := loadFile(path)
	require.NoError(t, err)
	require.Equal(t, "main", c.Accounts()[0].Name)
}

// Neither a device nor a file of the kernel has a size; a large file is not read to its end.
func TestLargeFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, maxFile+1))
	_, err := ReadFile(path)
	require.EqualError(t, err, "it is larger than 4 MiB")
	require.NoError(t, os.Truncate(path, maxFile))
	data, err := ReadFile(path)
	require.NoError(t, err)
	require.Len(t, data, maxFile)
}
