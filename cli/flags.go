package cli

import (
	"errors"
	"fmt"

	"github.com/alecthomas/kingpin/v2"
	promconfig "github.com/prometheus/common/config"

	"itnio_exporter/config"
	"itnio_exporter/diagnose"
)

// configFlags are the flags of the commands that read the configuration file.
type configFlags struct {
	file      string
	fileSet   bool
	expandEnv bool
}

func (f *configFlags) register(c *kingpin.CmdClause) {
	c.Flag("config.file", "Configuration file.").Default("config.yml").IsSetByUser(&f.fileSet).StringVar(&f.file)
	c.Flag("config.expand-environment-variables", "Replace ${VAR} in the configuration by the environment's values.").
		BoolVar(&f.expandEnv)
}

// load reads and validates the configuration file.
func (f *configFlags) load(lookupEnv func(string) (string, bool)) (*config.Validated, error) {
	c, err := config.Load(f.file, config.Options{ExpandEnv: f.expandEnv, LookupEnv: lookupEnv})
	if err != nil {
		return nil, err
	}
	return c.Validate()
}

// logFlags are the flags of the commands that log.
type logFlags struct {
	level, format string
}

func (f *logFlags) register(c *kingpin.CmdClause) {
	c.Flag("log.level", "Only log messages with the given severity or above. One of: [debug, info, warn, error]").
		Default("info").EnumVar(&f.level, "debug", "info", "warn", "error")
	c.Flag("log.format", "Output format of log messages. One of: [logfmt, json]").
		Default("logfmt").EnumVar(&f.format, "logfmt", "json")
}

// prometheusFlags are the flags of the commands that ask a Prometheus.
type prometheusFlags struct {
	url, client string
}

func (f *prometheusFlags) register(c *kingpin.CmdClause, help string) {
	c.Flag("prometheus.url", help).PlaceHolder("<URL>").StringVar(&f.url)
	c.Flag("prometheus.http-client-config", "File with Prometheus's own HTTP client options for --prometheus.url: passwords, TLS, proxy.").
		PlaceHolder("<file>").StringVar(&f.client)
}

// server is the Prometheus to look at; nil for none.
func (f *prometheusFlags) server() (*diagnose.Prometheus, error) {
	if f.url == "" {
		if f.client != "" {
			return nil, errors.New("--prometheus.http-client-config needs --prometheus.url")
		}
		return nil, nil
	}
	options := promconfig.DefaultHTTPClientConfig
	if f.client != "" {
		loaded, _, err := promconfig.LoadHTTPConfigFile(f.client)
		if err != nil {
			return nil, fmt.Errorf("--prometheus.http-client-config: %w", err)
		}
		options = *loaded
	}
	client, err := promconfig.NewClientFromConfig(options, "prometheus", promconfig.WithUserAgent(program))
	if err != nil {
		return nil, fmt.Errorf("--prometheus.http-client-config: %w", err)
	}
	return diagnose.NewPrometheus(f.url, client)
}
