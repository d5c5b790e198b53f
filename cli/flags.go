package cli

import (
	"github.com/alecthomas/kingpin/v2"

	"itnio_exporter/config"
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
