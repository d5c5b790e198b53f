// Package process runs the exporter for tests: the binary as a process, or the same program in a goroutine of the test.
// It imports none of the exporter's packages, so any of their tests can use it.
package process

import (
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Process is one run of the exporter.
type Process struct {
	Stdout, Stderr Buffer

	t      testing.TB
	signal func(os.Signal) error
	exited chan struct{} // closed when the run is over
	status int           // valid once exited is closed
}

// Start runs a binary. The process is killed at the end of the test, if it still runs.
func Start(t testing.TB, binary string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, exited: make(chan struct{})}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, args...)
	cmd.Stdout, cmd.Stderr = &p.Stdout, &p.Stderr
	require.NoError(t, cmd.Start())
	p.signal = cmd.Process.Signal
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // the exit status says it
		p.status = cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		p.Kill()
		if strings.Contains(p.Stderr.String(), "DATA RACE") {
			t.Error(p.Stderr.String())
		}
	})
	return p
}

// StartFunc runs a program in a goroutine. program writes to stdout and stderr, takes its signals from the channel and
// returns an exit status. It gets SIGTERM at the end of the test, if it still runs.
func StartFunc(t testing.TB, program func(stdout, stderr io.Writer, signals <-chan os.Signal) int) *Process {
	t.Helper()
	signals := make(chan os.Signal, 4)
	p := &Process{t: t, exited: make(chan struct{})}
	p.signal = func(s os.Signal) error {
		if p.Ended() {
			return os.ErrProcessDone
		}
		select {
		case signals <- s:
			return nil
		case <-p.exited:
			return os.ErrProcessDone
		}
	}
	go func() {
		defer close(p.exited)
		p.status = program(&p.Stdout, &p.Stderr, signals)
	}()
	t.Cleanup(func() {
		_ = p.signal(syscall.SIGTERM) // an error says that it has ended already
		<-p.exited
	})
	return p
}

// Ended reports whether the run is over.
func (p *Process) Ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Signal sends a signal to a run that has not ended.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.signal(s), "send %s; the log:\n%s", s, &p.Stderr)
}

// Wait waits for the end of the run and returns its exit status.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(Patience):
		require.FailNow(p.t, "still running", "the log:\n%s", &p.Stderr)
	}
	return p.status
}

// Stop ends the run by SIGTERM, as a service manager does, and returns its exit status.
func (p *Process) Stop() int {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	return p.Wait()
}

// Kill ends a process as kill -9 does, and returns when it is gone.
func (p *Process) Kill() {
	_ = p.signal(os.Kill) // an error says that it has ended already
	<-p.exited
}

// Addresses waits until the exporter has logged that it listens on n addresses, and returns them as host:port.
func (p *Process) Addresses(n int) []string {
	p.t.Helper()
	listening := regexp.MustCompile(`msg="Listening on".* address=(\S+)`)
	var addresses []string
	Eventually(p.t, "the exporter listens", func() bool {
		ended := p.Ended() // before the log is read: all of it is there then
		addresses = nil
		for _, m := range listening.FindAllStringSubmatch(p.Stderr.String(), -1) {
			addresses = append(addresses, m[1])
		}
		require.Falsef(p.t, ended && len(addresses) < n, "ended without listening; the log:\n%s", &p.Stderr)
		return len(addresses) >= n
	})
	return addresses
}

// Address is the first of its Addresses.
func (p *Process) Address() string {
	p.t.Helper()
	return p.Addresses(1)[0]
}
