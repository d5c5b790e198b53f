package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"itnio_exporter/collector"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/history"
	"itnio_exporter/history/verify"
	"itnio_exporter/logging"
)

type verifyFlags struct {
	running
	stretch    stretch
	prometheus prometheusFlags
	match      string
	ledger     string
	accounts   []string
	output     string
}

func newVerify(app *kingpin.Application) command {
	c := app.Command("verify", "Read a past day or range from the API again, and compare it with the ledger and, with --prometheus.url, with the samples there. Only reads, beside a running exporter too. Takes all flags of serve, of which these matter. Exit 0 if all is equal, 1 if there are differences, 2 if it could not be compared.")
	f := &verifyFlags{}
	f.stretch.register(c)
	c.Flag("account", "Account to verify; repeatable. Default: all.").PlaceHolder("<name>").StringsVar(&f.accounts)
	c.Flag("ledger", "Ledger or backup to compare with. Default: the one under --storage.path; if an exporter has it open, a copy from that.").PlaceHolder("<file>").StringVar(&f.ledger)
	c.Flag("output", "Output format. One of: [text, json, csv]").Default("text").EnumVar(&f.output, "text", "json", "csv")
	f.register(c, "config.file", "config.expand-environment-variables", "log.level", "log.format")
	f.prometheus.register(c, "Prometheus that scrapes the exporter, to compare with its samples of itnio_calls_total too.")
	c.Flag("prometheus.match", `Label matchers that choose among several targets, as in: job="itnio".`).PlaceHolder("<matchers>").StringVar(&f.match)
	return command{c, func(e Environment) error { return verified(f.run(e)) }}
}

// verified is the end of the command: its exit status says what a report found.
func verified(r *verify.Report, err error) error {
	switch {
	case err != nil:
		return exitError{exitNotPossible, err}
	case r.Result == verify.Different:
		return exitError{exitWrong, errReported}
	case r.Result == verify.Incomplete:
		return exitError{exitNotPossible, errReported}
	}
	return nil
}

func (f *verifyFlags) run(e Environment) (_ *verify.Report, err error) {
	if _, _, err := f.stretch.of(time.UTC); err != nil {
		return nil, err
	}
	prometheus, err := f.server()
	if err != nil {
		return nil, err
	}
	cfg, err := f.serve.config.load(e.LookupEnv)
	if err != nil {
		return nil, err
	}
	accounts, err := f.chosen(cfg)
	if err != nil {
		return nil, err
	}
	logs := newLogs(e.Stderr, e.Now, f.serve.log)
	defer logs.Close()
	show := newProgress(e)
	defer show.end()
	file, source, err := f.file(e, show)
	if err != nil {
		return nil, err
	}
	if source == verify.FromExporter {
		defer func() { err = errors.Join(err, os.RemoveAll(filepath.Dir(file))) }()
	}
	ctx, stop := untilSignal(show.signals)
	defer stop()
	report := &verify.Report{Version: verify.FormatVersion, Exporter: version.Version}
	var errs []error
	for _, a := range accounts {
		one, err := f.account(ctx, e, cfg, a, verify.Options{Source: source, Prometheus: prometheus}, file, show, logs)
		switch {
		case ctx.Err() != nil:
			return nil, errors.New("interrupted")
		case err != nil:
			errs = append(errs, fmt.Errorf("account %q: %w", a.Name, err))
		default:
			report.Add(one)
		}
	}
	show.end()
	if len(report.Accounts) > 0 {
		errs = append(errs, f.write(e.Stdout, report))
	}
	return report, errors.Join(errs...)
}

// server is the Prometheus to compare with; nil for none.
func (f *verifyFlags) server() (*verify.Server, error) {
	p, err := f.prometheus.server()
	switch {
	case err != nil:
		return nil, err
	case p != nil:
		return &verify.Server{API: p.API(), Match: f.match}, nil
	case f.match != "":
		return nil, errors.New("--prometheus.match needs --prometheus.url")
	}
	return nil, nil
}

// chosen are the accounts to verify.
func (f *verifyFlags) chosen(cfg *config.Validated) ([]config.Account, error) {
	all := cfg.Accounts()
	for _, name := range f.accounts {
		if !slices.ContainsFunc(all, func(a config.Account) bool { return a.Name == name }) {
			return nil, fmt.Errorf("--account=%s: the configuration has no account of that name", name)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(a config.Account) bool {
		return len(f.accounts) > 0 && !slices.Contains(f.accounts, a.Name)
	}), nil
}

// file is the ledger to compare with: the one that is named, the one under --storage.path, or a copy from the exporter that has that one
// open, in a temporary directory of its own.
func (f *verifyFlags) file(e Environment, show *progress) (name, source string, err error) {
	if f.ledger != "" {
		return f.ledger, verify.FromBackup, nil
	}
	if f.url == "" {
		name = ledger.FileIn(f.serve.storage)
		if err := ledger.Readable(name); !ledger.IsInUse(err) {
			return name, verify.FromFile, err
		}
	}
	dir, err := os.MkdirTemp(e.TempDir, program+"-verify-")
	if err != nil {
		return "", "", fmt.Errorf("temporary copy of the ledger: %w", err)
	}
	name = filepath.Join(dir, "ledger.db")
	if err := f.receive(name, show); err != nil {
		return "", "", errors.Join(err, os.RemoveAll(dir))
	}
	return name, verify.FromExporter, nil
}

// account verifies one account, at half of its rate: an exporter that reads it meanwhile has the other half.
func (f *verifyFlags) account(ctx context.Context, e Environment, cfg *config.Validated, a config.Account, o verify.Options, file string, show *progress, logs *logging.Loggers) (none verify.Account, err error) {
	o.Name, o.Lookback = a.Name, cfg.Global().Lookback
	if o.From, o.To, err = f.stretch.of(a.Location); err != nil {
		return none, err
	}
	if o.Ledger, err = ledger.ReadAccount(file, collector.IdentityOf(a)); err != nil {
		return none, err
	}
	api, done, err := pastClient(e, a, 0)
	if err != nil {
		return none, err
	}
	defer done()
	o.Now = api.ServerNow()
	o.Past = history.New(history.Options{
		API: api, Filter: call.Filter(a.Filter), Calls: call.NewNormalizer(call.Options{}), Logger: logs.GoKit,
		Progress: show.past(a.Name, e.Now),
	})
	return verify.Run(ctx, o)
}

func (f *verifyFlags) write(out io.Writer, r *verify.Report) error {
	var err error
	switch f.output {
	case "json":
		j := json.NewEncoder(out)
		j.SetIndent("", "  ")
		j.SetEscapeHTML(false)
		err = j.Encode(r)
	case "csv":
		err = verify.WriteCSV(out, r)
	default:
		err = verify.WriteText(out, r)
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// stretch are the flags that name a part of the past.
type stretch struct{ day, from, to string }

func (s *stretch) register(c *kingpin.CmdClause) {
	c.Flag("day", "Day to verify, at the account's utc_offset, as in 2026-11-29.").PlaceHolder("<date>").StringVar(&s.day)
	c.Flag("start", "Beginning of the range to verify, as in 2026-11-29T08:00:00Z; the offset has to be said.").PlaceHolder("<time>").StringVar(&s.from)
	c.Flag("end", "End of the range; it does not belong to it.").PlaceHolder("<time>").StringVar(&s.to)
}

// of is the range; a day is one at the location.
func (s *stretch) of(location *time.Location) (from, to time.Time, err error) {
	switch {
	case s.day != "" && s.from+s.to != "" || s.day == "" && (s.from == "" || s.to == ""):
		return from, to, errors.New("say what to verify: --day, or --start and --end")
	case s.day != "":
		if from, err = time.ParseInLocation(time.DateOnly, s.day, location); err != nil {
			return from, to, fmt.Errorf("--day=%s is no date such as 2026-11-29", s.day)
		}
		return from, from.AddDate(0, 0, 1), nil
	}
	for _, one := range []struct {
		name, value string
		to          *time.Time
	}{{"start", s.from, &from}, {"end", s.to, &to}} {
		if *one.to, err = time.Parse(time.RFC3339, one.value); err != nil || one.to.Nanosecond() != 0 {
			return from, to, fmt.Errorf("--%s=%s is no time in whole seconds such as 2026-11-29T08:00:00Z", one.name, one.value)
		}
	}
	return from, to, nil
}
