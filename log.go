package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"

	"itnio_exporter/config"
)

// logs writes one log for two kinds of callers: the exporter's own packages speak go-kit, the exporter toolkit slog.
// Both print time, caller, level and msg, each once.
type logs struct {
	gokit log.Logger
	slog  *slog.Logger
}

// newLogs gives loggers that write to w what is at least of the given level, one of debug, info, warn and error,
// as logfmt or json.
func newLogs(w io.Writer, minimum, format string) logs {
	w = log.NewSyncWriter(w)
	base := log.NewLogfmtLogger(w)
	if format == "json" {
		base = log.NewJSONLogger(w)
	}
	// Both flags are enumerations that kingpin has checked.
	filtered := level.NewFilter(base, level.Allow(level.ParseDefault(minimum, level.InfoValue())))

	// The bridge adds caller, time and level by itself, the time in the machine's zone.
	bridge := log.LoggerFunc(func(keyvals ...any) error {
		for i, v := range keyvals {
			if t, ok := v.(time.Time); ok {
				keyvals[i] = t.UTC()
			}
		}
		return filtered.Log(keyvals...)
	})
	return logs{
		gokit: log.With(filtered, "time", log.DefaultTimestampUTC, "caller", log.DefaultCaller),
		slog:  slog.New(sloggokit.NewGoKitHandler(bridge, slog.LevelDebug)),
	}
}

func logWarnings(logger log.Logger, c *config.Validated) {
	for _, w := range c.Warnings() {
		level.Warn(logger).Log("msg", "configuration", "warning", w)
	}
}
