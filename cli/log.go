package cli

import (
	"io"
	"log/slog"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"

	"itnio_exporter/config"
)

// logs are two loggers that write the same log: the exporter's own packages log by go-kit, the exporter toolkit by slog.
// Both print time (UTC), caller, level and msg, each once.
type logs struct {
	gokit log.Logger
	slog  *slog.Logger
}

// newLogs returns loggers that write to w.
func newLogs(w io.Writer, f logFlags) logs {
	w = log.NewSyncWriter(w)
	base := log.NewLogfmtLogger(w)
	if f.format == "json" {
		base = log.NewJSONLogger(w)
	}
	// Both flags are enumerations that kingpin has checked.
	filtered := level.NewFilter(base, level.Allow(level.ParseDefault(f.level, level.InfoValue())))

	// The slog handler adds time, caller and level itself, the time in the local zone.
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
