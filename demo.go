package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// demo serves a simulated call centre from within the process: no socket, no configuration file, and a ledger that is
// gone when it ends. Everything else is the exporter as it always is.
func demo(p process, f *flags, l logs) error {
	if !f.listenSet {
		*f.web.WebListenAddresses = []string{"127.0.0.1" + defaultPort}
	}
	ledger, err := os.MkdirTemp("", program+"-demo-")
	if err != nil {
		return fmt.Errorf("temporary ledger of the demo: %w", err)
	}
	sim := simulator.New(simulator.DemoOptions(time.Now()))
	err = serve(p, f, l, setup{
		load:        demoConfig,
		storagePath: ledger,
		httpClient: func(config.Account) (*http.Client, error) {
			return &http.Client{Transport: sim.RoundTripper()}, nil
		},
		listening: func(address net.Addr, s site) {
			host, err := reachable(address.String())
			if err != nil {
				host = address.String()
			}
			at := "http://" + host + s.prefix
			fmt.Fprintf(p.stdout, "A simulated call centre, as Prometheus sees it:\n  %s%s\nAccounts and their state:\n  %s/\nEnd it with Ctrl-C; nothing is kept.\n",
				at, s.metrics, at)
		},
	})
	return errors.Join(err, os.RemoveAll(ledger))
}

// demoConfig has some history to begin with and everything in motion: what takes minutes in earnest takes seconds.
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
