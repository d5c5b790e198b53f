package cli

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"itnio_exporter/collector/families"
)

func newCheckConfig(app *kingpin.Application) command {
	c := app.Command("check-config", "Check the configuration file: print a summary and exit 0, or print one line that says what is wrong and exit 1.")
	f := &configFlags{}
	f.register(c)
	return command{c, func(e Environment) error { return checkConfig(e, f) }}
}

func checkConfig(e Environment, f *configFlags) error {
	c, err := f.load(e.LookupEnv)
	if err != nil {
		return err
	}
	if err := c.CheckLabels(families.Labels()); err != nil {
		return err
	}
	fmt.Fprintln(e.Stdout, c.Summary())
	for _, w := range c.Warnings() {
		fmt.Fprintln(e.Stdout, "warning:", w)
	}
	return nil
}
