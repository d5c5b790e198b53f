package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"itnio_exporter/collector"
	"itnio_exporter/config"
	"itnio_exporter/logging"
	"itnio_exporter/web"
)

const defaultPort = ":10198"

// serveFlags are the flags of the command serve.
type serveFlags struct {
	config     configFlags
	demo       bool
	storage    string
	storageSet bool

	web             *toolkit.FlagConfig
	listenSet       bool
	telemetryPath   string
	routePrefix     string
	externalURL     string
	enableLifecycle bool
	enableAdmin     bool
	enablePprof     bool

	log logFlags
}

func newServe(app *kingpin.Application) command {
	c := app.Command("serve", "Read the accounts and serve their metrics (the default).").Default()
	f := &serveFlags{}
	f.register(c)
	return command{c, func(e Environment) error { return runServe(e, f) }}
}

func (f *serveFlags) register(c *kingpin.CmdClause) {
	f.config.register(c)
	c.Flag("demo", "Run against a simulated call centre in this process, with a temporary ledger. Needs no configuration; listens on 127.0.0.1 unless told otherwise.").
		BoolVar(&f.demo)
	c.Flag("storage.path", "Directory of the ledger: what has been counted. Keep it; one process at a time.").
		Default("data/").IsSetByUser(&f.storageSet).StringVar(&f.storage)
	f.web = kingpinflag.AddFlags(c, defaultPort)
	c.GetFlag("web.listen-address").IsSetByUser(&f.listenSet)
	c.Flag("web.telemetry-path", "Path of the metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	c.Flag("web.route-prefix", "Prefix for the routes of all endpoints. Defaults to the path of --web.external-url.").
		StringVar(&f.routePrefix)
	c.Flag("web.external-url", "URL under which the exporter is reached from outside, for example through a reverse proxy. Used for links; if omitted, derived from the host name.").
		PlaceHolder("<URL>").StringVar(&f.externalURL)
	c.Flag("web.enable-lifecycle", "Allow reloads by an HTTP request to /-/reload.").BoolVar(&f.enableLifecycle)
	c.Flag("web.enable-admin-api", "Allow backups of the ledger by an HTTP request to /-/backup.").BoolVar(&f.enableAdmin)
	c.Flag("web.enable-pprof", "Serve the Go profiler at /debug/pprof/.").BoolVar(&f.enablePprof)
	f.log.register(c)
}

// registerShowing registers all flags for a command that uses only some of them: its help shows no others.
func (f *serveFlags) registerShowing(c *kingpin.CmdClause, used ...string) {
	before := len(c.Model().Flags)
	f.register(c)
	for _, flag := range c.Model().Flags[before:] {
		if !slices.Contains(used, flag.Name) {
			c.GetFlag(flag.Name).Hidden()
		}
	}
}

// listenAddress is the first of the addresses.
func (f *serveFlags) listenAddress() string { return (*f.web.WebListenAddresses)[0] }

func (f *serveFlags) site() (web.Site, error) {
	return web.NewSite(web.SiteOptions{
		ExternalURL:   f.externalURL,
		RoutePrefix:   f.routePrefix,
		TelemetryPath: f.telemetryPath,
		ListenAddress: f.listenAddress(),
	})
}

func runServe(e Environment, f *serveFlags) error {
	if f.demo && (f.config.fileSet || f.storageSet) {
		return errors.New("--demo brings its own configuration and a temporary ledger: leave --config.file and --storage.path out")
	}
	l := newLogs(e.Stderr, e.Now, f.log)
	defer l.Close()
	var err error
	if f.demo {
		err = demo(e, f, l)
	} else {
		load := func() (*config.Validated, error) { return f.config.load(e.LookupEnv) }
		err = serve(e, f, l, source{load: load, storagePath: f.storage})
	}
	if err != nil {
		level.Error(l.GoKit).Log("msg", "stopped by an error", "err", err)
		return errReported
	}
	return nil
}

// source is what differs between real accounts and the demo.
type source struct {
	load        func() (*config.Validated, error) // at the start and at every reload
	storagePath string
	httpClient  func(config.Account) (*http.Client, error) // nil: as the configuration of the account says
	listening   func(net.Addr, web.Site)                   // called once, when requests are answered; may be nil
}

// serve runs the exporter until a signal or a failure ends it. It starts from the inside out (ledger, listener,
// pollers) and stops from the outside in, the ledger last.
func serve(e Environment, f *serveFlags, l *logging.Loggers, s source) error {
	e.Signals(syscall.SIGHUP) // a reload that is asked for during the start is made after it
	site, err := f.site()
	if err != nil {
		return err
	}
	if err := checkWebConfig(*f.web.WebConfigFile); err != nil {
		return fmt.Errorf("--web.config.file: %w", err)
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	level.Info(l.GoKit).Log("msg", "starting", "version", version.Info(), "build", version.BuildContext(), "configuration", cfg.Summary())
	logWarnings(l.GoKit, cfg)

	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector(program),
	)
	c, err := collector.New(collector.Options{
		Config:      cfg,
		StoragePath: s.storagePath,
		Logger:      l.GoKit,
		Registerer:  registry,
		Now:         e.Now,
		HTTPClient:  s.httpClient,
	})
	if err != nil {
		return err
	}
	metrics, err := c.MetricsHandler(registry, l.GoKit)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	reloader := web.NewReloader(web.ReloaderOptions{
		Load: func() error {
			next, err := s.load()
			if err != nil {
				return err
			}
			logWarnings(l.GoKit, next)
			return c.Reload(next)
		},
		Registerer: registry,
		Logger:     l.Unlimited,
		Now:        e.Now,
	})
	life := lifecycle{
		handler: web.NewHandler(web.Options{
			Site:      site,
			Version:   version.Info(),
			Exporter:  c,
			Metrics:   metrics,
			Now:       e.Now,
			Reload:    reloader.Reload,
			Last:      reloader.Last,
			Lifecycle: f.enableLifecycle,
			Pprof:     f.enablePprof,
			Backup:    web.BackupOptions{Enabled: f.enableAdmin, Ledger: c.About().Ledger.Path, Backup: c.Backup, Dir: s.storagePath, Logger: l.GoKit},
		}),
		listenAndServe: func(server *http.Server) error { return toolkit.ListenAndServe(server, f.web, l.Slog) },
		poll:           c.Run,
		reloader:       reloader,
		signals:        e.Signals(stopSignals()...),
		logs:           l,
	}
	if s.listening != nil {
		life.listening = func(address net.Addr) { s.listening(address, site) }
	}
	return errors.Join(life.run(), c.Close())
}
