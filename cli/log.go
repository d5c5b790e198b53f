package cli

import (
	"io"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/config"
	"itnio_exporter/logging"
)

// newLogs returns loggers that write to w. Both flags are enumerations that kingpin has checked.
func newLogs(w io.Writer, now func() time.Time, f logFlags) *logging.Loggers {
	return logging.New(logging.Options{Writer: w, Level: f.level, Format: f.format, Now: now})
}

func logWarnings(logger log.Logger, c *config.Validated) {
	for _, w := range c.Warnings() {
		level.Warn(logger).Log("msg", "configuration", "warning", w)
	}
}
