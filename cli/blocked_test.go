//go:build unix

package cli

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pipe without a writer, in the place of a file that is named on the command line or in such a file, is one clear error.
func TestPipesAreNoFiles(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	good := a.config(t, "")
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	web := filepath.Join(t.TempDir(), "web.yml")
	require.NoError(t, os.WriteFile(web, []byte("tls_server_config: {cert_file: "+pipe+", key_file: "+pipe+"}\n"), 0o600))
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"check-config", "--config.file=" + pipe}, pipe + ": cannot be read: it is a pipe that nobody writes to"},
		{args(t, pipe), pipe + ": cannot be read: it is a pipe that nobody writes to"},
		{args(t, good, "--web.config.file="+pipe), "--web.config.file: " + pipe + ": it is a pipe, not a regular file"},
		{args(t, good, "--web.config.file="+web), "--web.config.file: " + pipe + ": it is a pipe, not a regular file"},
		{[]string{"healthcheck", "--web.config.file=" + pipe}, "it is a pipe, not a regular file"},
		{[]string{"@" + pipe}, "it is a pipe that nobody writes to"},
	} {
		status, stdout, stderr := once(t, tt.args...)
		require.Equal(t, 1, status)
		require.Empty(t, stdout)
		require.Contains(t, stderr, tt.want)
	}
}

const signalsVariable = "CLI_TEST_SIGNALS"

// TestSignalsBeforeTheyAreTaken: whatever a command waits for before it handles signals, SIGTERM ends it.
func TestSignalsBeforeTheyAreTaken(t *testing.T) {
	if os.Getenv(signalsVariable) != "" {
		e := ThisProcess()
		kept := e.Signals(syscall.SIGHUP)
		fmt.Println("waiting")
		<-kept
		fmt.Println("kept")
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSignalsBeforeTheyAreTaken$")
	cmd.Env = append(os.Environ(), signalsVariable+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	in := bufio.NewReader(out)
	says := func(want string) {
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want+"\n", line)
	}
	says("waiting")
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP), "is kept for later")
	says("kept")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.EqualError(t, cmd.Wait(), "signal: terminated")
}
