package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"itnio_exporter/config"
	"itnio_exporter/logging"
	"itnio_exporter/simulator"
	"itnio_exporter/web"
)

// demo serves a simulated call centre that runs in this process: no connection to an API, no configuration file, and a
// ledger that is deleted at the end. Everything else is as in serve.
func demo(e Environment, f *serveFlags, l *logging.Loggers) error {
	if !f.listenSet {
		*f.web.WebListenAddresses = []string{"127.0.0.1" + defaultPort}
	}
	scheme := "http"
	switch mode, err := readTLSMode(*f.web.WebConfigFile); {
	case err != nil:
		return fmt.Errorf("--web.config.file: %w", err)
	case mode != tlsOff:
		scheme = "https"
	}
	e.Signals(stopSignals()...) // from here on there is something to delete
	ledger, err := os.MkdirTemp(e.TempDir, program+"-demo-")
	if err != nil {
		return fmt.Errorf("temporary ledger of the demo: %w", err)
	}
	options := simulator.DemoOptions(e.Now())
	options.Scenarios = simulator.StagedIncident(e.Now().Add(time.Minute))
	sim := simulator.New(options)
	err = serve(e, f, l, source{
		load:        demoConfig,
		storagePath: ledger,
		httpClient: func(config.Account) (*http.Client, error) {
			return &http.Client{Transport: sim.RoundTripper()}, nil
		},
		listening: func(address net.Addr, site web.Site) {
			fmt.Fprintf(e.Stdout, "A simulated call centre, as Prometheus sees it:\n  %s\nAccounts and their state:\n  %s\nEnd it with Ctrl-C; nothing is kept.\n",
				shownURL(scheme, address, site.MetricsPath()), shownURL(scheme, address, site.Path("/")))
		},
	})
	return errors.Join(err, os.RemoveAll(ledger))
}

// demoConfig starts with some history and has every family enabled. Its intervals are seconds instead of minutes.
func demoConfig() (*config.Validated, error) {
	var accounts []config.AccountConfig
	rate := 100.0
	for _, a := range simulator.DefaultAccounts() {
		accounts = append(accounts, config.AccountConfig{
			Name:      a.Name,
			BaseURL:   "https://simulator.invalid",
			APIKey:    config.Secret(a.Key),
			APISecret: config.Secret(a.Secret),
			RateLimit: &rate,
		})
	}
	c := config.Default(accounts...)
	poll, zeroFirst, history := 2*time.Second, 5*time.Second, 3*time.Hour
	c.Global.PollInterval, c.Global.ZeroFirst, c.Global.InitialHistory = &poll, &zeroFirst, &history
	c.Metrics.Agents, c.Metrics.Tags, c.Metrics.Media, c.Metrics.Exemplars = string(config.AgentsName), true, true, true
	return c.Validate()
}
