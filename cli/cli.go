// Package cli is the command line: the commands, one file each, and what they share.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

const program = "itnio_exporter"

// Environment is all that a run of the program takes from the process it runs in.
type Environment struct {
	Args           []string // without the program's name
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	Signals        Signals
	Now            func() time.Time
	TempDir        string // of temporary files; "": the system's
}

// Signals takes signals over and gives the channel, always the same, on which they arrive: SIGHUP asks for a reload, any other
// signal for a stop. Until then, signals end the process as they do any other.
type Signals func(...os.Signal) <-chan os.Signal

// stopSignals ask for a stop.
func stopSignals() []os.Signal { return []os.Signal{syscall.SIGINT, syscall.SIGTERM} }

// ThisProcess is the environment of the process.
func ThisProcess() Environment {
	signals := make(chan os.Signal, 4)
	return Environment{
		Args:      os.Args[1:],
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		LookupEnv: os.LookupEnv,
		Signals: func(taken ...os.Signal) <-chan os.Signal {
			signal.Notify(signals, taken...)
			return signals
		},
		Now: time.Now,
	}
}

// command is one of the program's commands: its flags, and what runs it after they have been parsed.
type command struct {
	*kingpin.CmdClause
	run func(Environment) error
}

// newCommands adds every command to the application.
func newCommands(app *kingpin.Application) []command {
	return []command{
		newServe(app),
		newCheckConfig(app),
		newSimulate(app),
		newHealthcheck(app),
		newBackup(app),
		newBackfill(app),
		newDoctor(app),
		newVerify(app),
	}
}

// errReported is the error of a run that has written to the log or to Stderr what went wrong.
var errReported = errors.New("the error has been reported")

// exitError is an error with an exit status of its own.
type exitError struct {
	status int
	error
}

func (e exitError) Unwrap() error { return e.error }

// Run runs the program and returns its exit status: 0, or after an error, which it reports in one line of Stderr, 1 or what the
// command's help says.
func Run(e Environment) int {
	c, done, err := parse(e)
	if err == nil && !done {
		err = c.run(e)
	}
	if err == nil {
		return 0
	}
	if !errors.Is(err, errReported) {
		fmt.Fprintf(e.Stderr, "%s: error: %v\n", program, err)
	}
	if e, ok := errors.AsType[exitError](err); ok {
		return e.status
	}
	return 1
}

// terminated is the panic by which kingpin ends parsing where it would exit: it goes on if the function returns.
type terminated int

// parse returns the command that the arguments choose, with its flags set. done means that the arguments asked for help
// or the version, which have been printed.
func parse(e Environment) (c command, done bool, err error) {
	defer func() {
		switch status := recover().(type) {
		case nil:
		case terminated:
			done = status == 0
			if !done {
				err = errReported
			}
		default:
			panic(status)
		}
	}()
	app := kingpin.New(program, "Finished calls of a cloud call centre as Prometheus metrics, every call counted exactly once.")
	app.UsageWriter(e.Stdout).ErrorWriter(e.Stderr).UsageTemplate(usageTemplate)
	app.Terminate(func(status int) { panic(terminated(status)) })
	app.Version(version.Print(program))
	app.HelpFlag.Short('h')
	commands := newCommands(app)

	args, err := commandFirst(app.Model(), e.Args)
	chosen := ""
	if err == nil {
		if chosen, err = app.Parse(args); err != nil {
			err = fmt.Errorf("%w, try --help", err)
		}
	}
	if err != nil && len(args) > 0 && (args[0] == "doctor" || args[0] == "verify") {
		err = exitError{exitNotPossible, err}
	}
	if err != nil {
		return command{}, false, err
	}
	at := slices.IndexFunc(commands, func(c command) bool { return c.FullCommand() == chosen })
	return commands[at], false, nil
}
