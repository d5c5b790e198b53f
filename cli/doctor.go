package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/version"

	"itnio_exporter/collector/retry"
	"itnio_exporter/config"
	"itnio_exporter/diagnose"
)

// Exit statuses of doctor.
const (
	exitWrong       = 1 // a check found something wrong
	exitNotPossible = 2 // the checks could not be made
)

type doctorFlags struct {
	config     configFlags
	prometheus prometheusFlags
	accounts   []string
	output     string
}

func newDoctor(app *kingpin.Application) command {
	c := app.Command("doctor", "Check configuration, network, credentials, the API's habits and, with --prometheus.url, the scraping. Only reads, at most 60 requests an account, beside a running exporter too. Exit 0, 1 if something is wrong, 2 if the checks could not be made.")
	f := &doctorFlags{}
	f.config.register(c)
	c.Flag("account", "Account to check; repeatable. Default: all.").PlaceHolder("<name>").StringsVar(&f.accounts)
	c.Flag("output", "Output format. One of: [text, json]").Default("text").EnumVar(&f.output, "text", "json")
	f.prometheus.register(c, "Prometheus that scrapes the exporter, to check that too.")
	return command{c, func(e Environment) error { return doctor(e, f) }}
}

func doctor(e Environment, f *doctorFlags) error {
	prometheus, err := f.prometheus.server()
	if err != nil {
		return exitError{exitNotPossible, err}
	}
	ctx, stop := untilSignal(e.Signals(stopSignals()...))
	defer stop()
	o := diagnose.Options{
		Load:     func() (*config.Validated, error) { return f.config.load(e.LookupEnv) },
		Accounts: f.accounts,
		Exporter: version.Version,
		HTTPClient: func(a config.Account) (*http.Client, error) {
			return promconfig.NewClientFromConfig(a.HTTPClient, program, promconfig.WithUserAgent(program))
		},
		Prometheus: prometheus,
		Now:        e.Now,
		Pause:      retry.Sleep,
	}
	text := diagnose.NewText(e.Stdout, coloured(e))
	if f.output == "text" {
		o.Section = text.Section
	}
	report, err := diagnose.Run(ctx, o)
	switch {
	case ctx.Err() != nil:
		return exitError{exitNotPossible, errors.New("interrupted")}
	case err != nil:
		return exitError{exitNotPossible, err}
	}
	if f.output == "json" {
		out := json.NewEncoder(e.Stdout)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		err = out.Encode(report)
	} else {
		err = text.End(report)
	}
	if err != nil {
		return exitError{exitNotPossible, fmt.Errorf("write the report: %w", err)}
	}
	if report.Result == diagnose.Wrong {
		return exitError{exitWrong, errReported}
	}
	return nil
}

// untilSignal is a context that ends at a signal, other than that of a reload.
func untilSignal(signals <-chan os.Signal) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					cancel()
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

// coloured reports whether to write colours: on a terminal, unless NO_COLOR (https://no-color.org) is set.
func coloured(e Environment) bool {
	no, _ := e.LookupEnv("NO_COLOR")
	term, _ := e.LookupEnv("TERM")
	return no == "" && cmp.Or(term, "dumb") != "dumb" && isTerminal(e.Stdout)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
