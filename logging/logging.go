// Package logging makes the exporter's log: one format for all lines, and a limit for lines that repeat.
package logging

import (
	"io"
	"log/slog"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// Options of the log; all are required.
type Options struct {
	Writer io.Writer
	Level  string // debug, info, warn or error: the lowest level that is written
	Format string // logfmt or json
	Now    func() time.Time
}

// Loggers write the same log. The exporter's own packages log by go-kit, the exporter toolkit by slog.
type Loggers struct {
	GoKit log.Logger
	Slog  *slog.Logger
	// Unlimited is for what an operator has asked for and waits to see, such as the result of a reload: repetitions are written.
	Unlimited log.Logger

	limiter *limiter
}

// New returns loggers whose lines begin with time (UTC), level, caller and msg, in this order in logfmt. A level that is
// not known counts as info. Close writes what the limit of repeated lines still keeps back.
func New(o Options) *Loggers {
	w := log.NewSyncWriter(o.Writer)
	encoder := log.NewLogfmtLogger(w)
	if o.Format == "json" {
		encoder = log.NewJSONLogger(w)
	}
	all := ordered{next: encoder, now: o.Now}
	limiter := newLimiter(all, o.Now)
	filter := func(next log.Logger) log.Logger {
		return level.NewFilter(next, level.Allow(level.ParseDefault(o.Level, level.InfoValue())))
	}
	return &Loggers{
		GoKit:     log.With(filter(limiter), callerKey, log.DefaultCaller),
		Slog:      slog.New(sloggokit.NewGoKitHandler(filter(limiter), slog.LevelDebug)), // it adds level, caller, time and msg
		Unlimited: log.With(filter(all), callerKey, log.DefaultCaller),
		limiter:   limiter,
	}
}

// Close writes the lines that are kept back. Lines that are logged later are written at once.
func (l *Loggers) Close() { l.limiter.close() }
