package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
)

// ReloaderOptions are all required.
type ReloaderOptions struct {
	Load       func() error // loads the configuration and puts it in force, or changes nothing and returns why
	Registerer prometheus.Registerer
	Logger     log.Logger
	Now        func() time.Time
}

// Reloader reloads the configuration, one reload after the other, and reports the result of each in the log and in two
// gauges. The gauges start with the success of the configuration that the program started with.
type Reloader struct {
	load     func() error
	logger   log.Logger
	now      func() time.Time
	triggers chan struct{}
	requests chan chan error

	successful, successTime prometheus.Gauge

	mu   sync.Mutex
	last LastReload
}

// LastReload is the last load of the configuration, at first that of the start.
type LastReload struct {
	At  time.Time // local time when it ended
	Err error     // nil: it is in force; else the one before still is
}

// NewReloader registers the gauges. Nothing is reloaded before Run.
func NewReloader(o ReloaderOptions) *Reloader {
	r := &Reloader{
		load:     o.Load,
		logger:   o.Logger,
		now:      o.Now,
		triggers: make(chan struct{}, 1),
		requests: make(chan chan error),
		successful: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "itnio_exporter_config_last_reload_successful",
			Help: "Whether the last load of the configuration succeeded; if not, the one before is still in use.",
		}),
		successTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "itnio_exporter_config_last_reload_success_timestamp_seconds",
			Help: "Unix time of the last load of the configuration that succeeded.",
		}),
	}
	o.Registerer.MustRegister(r.successful, r.successTime)
	r.record(nil)
	return r
}

// Run reloads when asked to, until ctx ends.
func (r *Reloader) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.triggers:
			_ = r.apply() // it has logged the error
		case answer := <-r.requests:
			answer <- r.apply()
		}
	}
}

// Trigger asks for a reload and does not wait for it. While one is waiting to begin, further calls change nothing.
func (r *Reloader) Trigger() {
	select {
	case r.triggers <- struct{}{}:
	default:
	}
}

// Reload asks for a reload and returns its error. If ctx ends first it stops waiting; a reload that has begun goes on.
func (r *Reloader) Reload(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case r.requests <- answer:
	case <-ctx.Done():
		return errors.New("given up before the reload began")
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return errors.New("given up before the reload was done")
	}
}

func (r *Reloader) apply() error {
	err := r.load()
	r.record(err)
	if err != nil {
		level.Error(r.logger).Log("msg", "reload failed, the configuration is unchanged", "err", err)
		return err
	}
	level.Info(r.logger).Log("msg", "configuration reloaded")
	return nil
}

// Last is the last load. It does not wait for one that is under way.
func (r *Reloader) Last() LastReload {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

func (r *Reloader) record(err error) {
	now := r.now()
	r.mu.Lock()
	r.last = LastReload{now, err}
	r.mu.Unlock()
	if err != nil {
		r.successful.Set(0)
		return
	}
	r.successful.Set(1)
	r.successTime.Set(float64(now.UnixNano()) / 1e9)
}
