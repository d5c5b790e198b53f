package cli

import (
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/stretchr/testify/require"
)

func TestCommands(t *testing.T) {
	for line, want := range map[string]string{
		"":                                 "serve",
		"--demo":                           "serve",
		"--config.file=a.yml":              "serve",
		"serve --config.file a.yml":        "serve",
		"--config.file a.yml serve":        "serve",
		"check-config --config.file=a.yml": "check-config",
		"--config.file=a.yml check-config": "check-config",
		"--config.file check-config":       "serve", // the name of the file
		"--config.expand-environment-variables check-config":    "check-config",
		"--no-config.expand-environment-variables check-config": "check-config",
		"--simulate.seed 7 simulate --log.level=debug":          "simulate",
		"healthcheck --web.listen-address=:1":                   "healthcheck",
	} {
		t.Run(line, func(t *testing.T) {
			c, done, err := parse(Environment{Args: strings.Fields(line), Stdout: io.Discard, Stderr: io.Discard})
			require.NoError(t, err)
			require.False(t, done)
			require.Equal(t, want, c.FullCommand())
		})
	}
}

// A command refuses every flag that only other commands take, before and after it.
func TestForeignFlags(t *testing.T) {
	app := kingpin.New(program, "")
	newCommands(app)
	model := app.Model()
	tried := 0
	for _, c := range model.Commands {
		for _, other := range model.Commands {
			for _, f := range other.Flags {
				taken, shown := takers(model, f.Name, c.Name)
				if taken {
					continue
				}
				tried++
				flag := "--" + f.Name
				if !f.IsBoolFlag() {
					flag += "=1"
				}
				for _, args := range [][]string{{c.Name, flag}, {flag, c.Name}} {
					_, done, err := parse(Environment{Args: args, Stdout: io.Discard, Stderr: io.Discard})
					require.False(t, done)
					require.EqualError(t, err, "--"+f.Name+" is a flag of "+allOf(shown)+", not of "+c.Name)
				}
			}
		}
	}
	require.Greater(t, tried, 20)

	for line, want := range map[string]string{
		"--simulate.seed=7":                    "--simulate.seed is a flag of simulate, not of serve",
		"--no-demo check-config":               "--demo is a flag of serve, not of check-config",
		"--log.level debug check-config":       "--log.level is a flag of serve, simulate, backfill and verify, not of check-config",
		"check-config --web.listen-address :1": "--web.listen-address is a flag of serve, healthcheck, backup and verify, not of check-config",
	} {
		status, stdout, stderr := once(t, strings.Fields(line)...)
		require.Equal(t, 1, status)
		require.Empty(t, stdout)
		require.Equal(t, "itnio_exporter: error: "+want+"\n", stderr)
	}
}

// Arguments in a file are as good as others.
func TestArgumentFiles(t *testing.T) {
	directory := t.TempDir()
	for name, text := range map[string]string{
		"serve":   "# a comment\n--log.level=debug\n\n--config.file\na.yml\n",
		"foreign": "--simulate.seed=7\n",
		"nested":  "@serve\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600))
	}
	require.Equal(t, "debug", parseServe(t, "@"+directory+"/serve", "--demo").log.level)
	require.Equal(t, "a.yml", parseServe(t, "@"+directory+"/serve", "--demo").config.file)
	for name, want := range map[string]string{
		"foreign": "--simulate.seed is a flag of simulate, not of serve",
		"nested":  "a file of arguments cannot name another",
		"missing": "no such file or directory",
	} {
		_, done, err := parse(Environment{Args: []string{"@" + directory + "/" + name}, Stdout: io.Discard, Stderr: io.Discard})
		require.False(t, done)
		require.ErrorContains(t, err, want)
	}
	args, err := expandFiles([]string{"a", "--", "@b"})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "--", "@b"}, args, "what stands after -- is no file")
}

// The signals of the process reach the program.
func TestThisProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send itself these signals")
	}
	e := ThisProcess()
	defer signal.Reset()
	taken := e.Signals(append(stopSignals(), syscall.SIGHUP)...)
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		require.NoError(t, self.Signal(s))
		require.Equal(t, s, <-taken)
	}
}

// A container gives the health check the flags of its server.
func TestHealthcheckTakesTheFlagsOfServe(t *testing.T) {
	app := kingpin.New(program, "")
	newCommands(app)
	for _, f := range app.GetCommand("serve").Model().Flags {
		require.NotNil(t, app.GetCommand("healthcheck").GetFlag(f.Name), f.Name)
	}
}

func TestHelp(t *testing.T) {
	for line, flags := range map[string]struct{ has, hasNot []string }{
		"--help":              {has: []string{"--storage.path", "--log.level", "check-config", "simulate", "healthcheck"}, hasNot: []string{"--simulate.seed"}},
		"help":                {has: []string{"--storage.path", "--log.level", "check-config", "simulate", "healthcheck"}, hasNot: []string{"--simulate.seed"}},
		"-h":                  {has: []string{"--storage.path"}},
		"serve --help":        {has: []string{"--storage.path", "--config.file"}, hasNot: []string{"--simulate.seed", "check-config"}},
		"--help serve":        {has: []string{"--storage.path", "--config.file"}, hasNot: []string{"--simulate.seed", "check-config"}},
		"check-config --help": {has: []string{"--config.file"}, hasNot: []string{"--storage.path", "--log.level"}},
		"simulate --help":     {has: []string{"--simulate.seed", "--log.level"}, hasNot: []string{"--storage.path"}},
		"help healthcheck":    {has: []string{"--web.listen-address", "--web.config.file", "--web.route-prefix"}, hasNot: []string{"--storage.path"}},
	} {
		t.Run(line, func(t *testing.T) {
			status, stdout, stderr := once(t, strings.Fields(line)...)
			require.Zero(t, status)
			require.Empty(t, stderr)
			require.True(t, strings.HasPrefix(stdout, "usage: itnio_exporter"), stdout)
			for _, f := range flags.has {
				require.Contains(t, stdout, f)
			}
			for _, f := range flags.hasNot {
				require.NotContains(t, stdout, f)
			}
		})
	}
}

// Every failure to start is one line and status 1.
func TestStartFailures(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	good := a.config(t, "")
	bad := a.config(t, "metrics: {agents: always}\n")
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	foreign := filepath.Join(directory, "web.yml")
	require.NoError(t, os.WriteFile(foreign, []byte("no_such_key: 1\n"), 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()

	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"--no-such-flag"}, "unknown long flag '--no-such-flag', try --help"},
		{"unknown command", []string{"frobnicate"}, "try --help"},
		{"help on an unknown command", []string{"help", "frobnicate"}, `itnio_exporter: error: expected command but got "frobnicate"`},
		{"help on two commands", []string{"help", "serve", "simulate"}, "itnio_exporter: error: unexpected simulate"},
		{"bad log level", []string{"--log.level=loud"}, "must be one of debug,info,warn,error, got 'loud'"},
		{"demo with a configuration", []string{"--demo", "--config.file=" + good}, "--demo brings its own configuration"},
		{"demo with a ledger", []string{"--demo", "--storage.path=" + directory}, "--demo brings its own configuration"},
		{"no configuration", args(t, filepath.Join(directory, "none.yml")), "none.yml"},
		{"bad configuration", args(t, bad), "metrics.agents"},
		{"bad configuration, checked", []string{"check-config", "--config.file=" + bad}, "metrics.agents"},
		{"bad web configuration", args(t, good, "--web.config.file="+foreign), "no_such_key"},
		{"bad route", args(t, good, "--web.telemetry-path=x"), "--web.telemetry-path"},
		{"storage is a file", []string{"--config.file=" + good, "--storage.path=" + file, "--web.listen-address=127.0.0.1:0"}, file},
		{"address in use", append(args(t, good), "--web.listen-address="+taken.Addr().String()), "address already in use"},
		{"simulator's address in use", []string{"simulate", "--simulate.listen-address=" + taken.Addr().String()}, "--simulate.listen-address"},
		{"simulator with a negative number of calls", []string{"simulate", "--simulate.calls-per-day=-3"}, "--simulate.calls-per-day: -3 is not from 0"},
		{"simulator of the future", []string{"simulate", "--simulate.history=-1h"}, "--simulate.history: -1h0m0s is negative"},
		{"simulator with a negative page size", []string{"simulate", "--simulate.page-size=-3"}, "--simulate.page-size: -3 is negative"},
		{"health check without an exporter", []string{"healthcheck", "--web.listen-address=127.0.0.1:1"}, "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := once(t, tt.args...)
			require.Equal(t, 1, status)
			require.Empty(t, stdout)
			var lines []string
			for line := range strings.Lines(stderr) {
				// Information and warnings may come before it; the failure is one line.
				if !strings.Contains(line, "level=info") && !strings.Contains(line, "level=warn") {
					lines = append(lines, line)
				}
			}
			require.Len(t, lines, 1, stderr)
			require.Contains(t, lines[0], tt.want)
			require.NotContains(t, stderr, a.secret)
		})
	}
}
