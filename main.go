// Command itnio_exporter exposes the finished calls of a cloud call centre to Prometheus.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"itnio_exporter/collector"
	"itnio_exporter/collector/families"
	"itnio_exporter/config"
)

const (
	program     = "itnio_exporter"
	defaultPort = ":10198"

	// shutdownGrace is how long a stop waits for scrapes in progress.
	shutdownGrace = 10 * time.Second
)

func main() {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	os.Exit(run(process{
		args:      os.Args[1:],
		stdout:    os.Stdout,
		stderr:    os.Stderr,
		lookupEnv: os.LookupEnv,
		signals:   signals,
	}))
}

// process is all that a run of the program takes from its surroundings.
type process struct {
	args           []string
	stdout, stderr io.Writer
	lookupEnv      func(string) (string, bool)
	signals        <-chan os.Signal
}

// flags are the parsed command line.
type flags struct {
	command string

	configFile string
	expandEnv  bool
	demo       bool
	storage    string

	web             *web.FlagConfig
	listenSet       bool
	telemetryPath   string
	routePrefix     string
	externalURL     string
	enableLifecycle bool
	enablePprof     bool

	logLevel, logFormat string

	simulate simulateFlags
}

// parseFlags reads the command line. exit is the status to end with at once, after --help or --version; else negative.
func parseFlags(p process) (f *flags, exit int, err error) {
	f, exit = &flags{}, -1
	app := kingpin.New(program, "Finished calls of a cloud call centre as Prometheus metrics, every call counted exactly once.")
	app.UsageWriter(p.stdout).ErrorWriter(p.stderr)
	app.Terminate(func(status int) { exit = status })
	app.Version(version.Print(program))
	app.HelpFlag.Short('h')

	var configSet, storageSet bool
	app.Flag("config.file", "Configuration file.").Default("config.yml").IsSetByUser(&configSet).StringVar(&f.configFile)
	app.Flag("config.expand-environment-variables", "Replace ${VAR} in the configuration by the environment's values.").
		BoolVar(&f.expandEnv)
	app.Flag("demo", "Run against a simulated call centre in this process, with a temporary ledger. Needs no configuration; listens on 127.0.0.1 unless told otherwise.").
		BoolVar(&f.demo)
	app.Flag("storage.path", "Directory of the ledger: what has been counted. Keep it; one process at a time.").
		Default("data/").IsSetByUser(&storageSet).StringVar(&f.storage)
	f.web = kingpinflag.AddFlags(app, defaultPort)
	app.GetFlag("web.listen-address").IsSetByUser(&f.listenSet)
	app.Flag("web.telemetry-path", "Path of the metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	app.Flag("web.route-prefix", "Prefix for the routes of all endpoints. Defaults to the path of --web.external-url.").
		StringVar(&f.routePrefix)
	app.Flag("web.external-url", "URL under which the exporter is reached from outside, for example through a reverse proxy. Used for links; if omitted, derived from the host name.").
		PlaceHolder("<URL>").StringVar(&f.externalURL)
	app.Flag("web.enable-lifecycle", "Allow reloads by an HTTP request to /-/reload.").BoolVar(&f.enableLifecycle)
	app.Flag("web.enable-pprof", "Serve the Go profiler at /debug/pprof/.").BoolVar(&f.enablePprof)
	app.Flag("log.level", "Only log messages with the given severity or above. One of: [debug, info, warn, error]").
		Default("info").EnumVar(&f.logLevel, "debug", "info", "warn", "error")
	app.Flag("log.format", "Output format of log messages. One of: [logfmt, json]").
		Default("logfmt").EnumVar(&f.logFormat, "logfmt", "json")

	f.simulate.register(app)

	app.Command("serve", "Read the accounts and serve their metrics (the default).").Default()
	app.Command("check-config", "Check the configuration file: 0 and a summary, or 1 and one line.")
	app.Command("simulate", "Serve a simulated call-centre API with made-up calls, on --simulate.listen-address.")
	app.Command("healthcheck", "Ask the exporter that listens on --web.listen-address of this machine whether it is alive: exit 0 or 1.")

	f.command, err = app.Parse(p.args)
	if err != nil {
		return nil, exit, fmt.Errorf("%w, try --help", err)
	}
	if f.demo && (configSet || storageSet) {
		return nil, exit, errors.New("--demo brings its own configuration and a temporary ledger: leave --config.file and --storage.path out")
	}
	return f, exit, nil
}

// run is the program; it gives the exit status.
func run(p process) int {
	f, exit, err := parseFlags(p)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "%s: error: %v\n", program, err)
		return 1
	}

	l := newLogs(p.stderr, f.logLevel, f.logFormat)
	switch f.command {
	case "check-config":
		err = checkConfig(p, f)
	case "simulate":
		err = simulate(p, f)
	case "healthcheck":
		err = healthcheck(f)
	default:
		if f.demo {
			err = demo(p, f, l)
		} else {
			err = serve(p, f, l, setup{load: f.loader(p), storagePath: f.storage})
		}
		if err != nil {
			level.Error(l.gokit).Log("msg", "stopped by an error", "err", err)
			return 1
		}
		return 0
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "%s: error: %v\n", program, err)
		return 1
	}
	return 0
}

// loader gives the function that reads and validates the configuration file, at the start and at every reload.
func (f *flags) loader(p process) func() (*config.Validated, error) {
	return func() (*config.Validated, error) {
		c, err := config.Load(f.configFile, config.Options{ExpandEnv: f.expandEnv, LookupEnv: p.lookupEnv})
		if err != nil {
			return nil, err
		}
		return c.Validate()
	}
}

func checkConfig(p process, f *flags) error {
	c, err := f.loader(p)()
	if err != nil {
		return err
	}
	if err := c.CheckLabels(families.Labels()); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, c.Summary())
	for _, w := range c.Warnings() {
		fmt.Fprintln(p.stdout, "warning:", w)
	}
	return nil
}

// setup is what distinguishes serving real accounts from the demo.
type setup struct {
	load        func() (*config.Validated, error)
	storagePath string
	httpClient  func(config.Account) (*http.Client, error) // nil: as the accounts say
	listening   func(address net.Addr, site site)          // nil, or called once
}

// serve runs the exporter until a signal or a failure ends it. It starts from the inside out (ledger, listener,
// pollers) and stops from the outside in, the ledger last.
func serve(p process, f *flags, l logs, s setup) error {
	logger := l.gokit
	site, err := newSite(f.externalURL, f.routePrefix, f.telemetryPath, (*f.web.WebListenAddresses)[0])
	if err != nil {
		return err
	}
	if err := web.Validate(*f.web.WebConfigFile); err != nil {
		return fmt.Errorf("--web.config.file: %w", err)
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	level.Info(logger).Log("msg", "starting", "version", version.Info(), "build", version.BuildContext(), "configuration", cfg.Summary())
	logWarnings(logger, cfg)

	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector(program),
	)
	c, err := collector.New(collector.Options{
		Config:      cfg,
		StoragePath: s.storagePath,
		Logger:      logger,
		Registerer:  registry,
		Now:         time.Now,
		HTTPClient:  s.httpClient,
	})
	if err != nil {
		return err
	}
	metrics, err := c.MetricsHandler(registry, logger)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	reloads := newReloader(registry, logger, func() error {
		next, err := s.load()
		if err != nil {
			return err
		}
		logWarnings(logger, next)
		return c.Reload(next)
	})

	errorLog := slog.NewLogLogger(l.slog.Handler(), slog.LevelWarn)
	listening := make(chan net.Addr, 1)
	var bound sync.Once
	server := &http.Server{
		Handler: newHandler(handlerOptions{
			site:      site,
			exporter:  c,
			metrics:   metrics,
			reload:    reloads.reload,
			lifecycle: f.enableLifecycle,
			pprof:     f.enablePprof,
		}),
		ErrorLog:          errorLog,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      5 * time.Minute, // a scrape in scrape mode and a CPU profile take their time
		IdleTimeout:       5 * time.Minute,
		// Called for every listener once all are bound: the one place to learn what port ":0" became. The first says it all.
		BaseContext: func(l net.Listener) context.Context {
			bound.Do(func() { listening <- l.Addr() })
			return context.Background()
		},
	}

	ctx, cancel := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { reloads.run(ctx) })
	serving, polling := make(chan error, 1), make(chan error, 1)
	go func() { serving <- web.ListenAndServe(server, f.web, l.slog) }()
	started := func(address net.Addr) {
		if s.listening != nil {
			s.listening(address, site)
		}
		background.Go(func() { polling <- c.Run(ctx) })
	}
	err = wait(p.signals, listening, serving, polling, started, reloads.hangup, logger)

	if cut := shutdown(server, p.signals); cut != nil {
		level.Warn(logger).Log("msg", "requests in progress were cut off", "err", cut)
	}
	cancel()
	background.Wait()
	return errors.Join(err, c.Close())
}

// wait passes on what happens while the exporter runs, and returns at the signal to stop or with a failure.
func wait(signals <-chan os.Signal, listening <-chan net.Addr, serving, polling <-chan error, started func(net.Addr), reload func(), logger log.Logger) error {
	for {
		select {
		case address := <-listening:
			started(address)
		case err := <-serving:
			return err
		case err := <-polling:
			if err == nil { // it should have gone on until it was told to end
				err = errors.New("reading the accounts ended for no reason given")
			}
			return err
		case s := <-signals:
			if s != syscall.SIGHUP {
				level.Info(logger).Log("msg", "stopping", "signal", s)
				return nil
			}
			reload()
		}
	}
}

// shutdown lets requests in progress finish, for as long as shutdownGrace lasts and no second signal comes.
func shutdown(server *http.Server, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	go func() {
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					cancel()
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
