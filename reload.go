package main

import (
	"context"
	"errors"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
)

// reloader applies reloads one after the other, whoever asks for them, and says what came of each.
type reloader struct {
	load     func() error
	logger   log.Logger
	hangups  chan struct{}
	requests chan chan error

	successful, successTime prometheus.Gauge
}

// newReloader gives a reloader whose metrics start with the success of the configuration the program started with.
func newReloader(registerer prometheus.Registerer, logger log.Logger, load func() error) *reloader {
	r := &reloader{
		load:     load,
		logger:   logger,
		hangups:  make(chan struct{}, 1),
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
	registerer.MustRegister(r.successful, r.successTime)
	r.record(nil)
	return r
}

// run applies reloads until ctx ends.
func (r *reloader) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hangups:
			_ = r.apply() // said in the log
		case answer := <-r.requests:
			answer <- r.apply()
		}
	}
}

// hangup asks for a reload and does not wait for it. Requests that come while one is waiting are one request.
func (r *reloader) hangup() {
	select {
	case r.hangups <- struct{}{}:
	default:
	}
}

// reload asks for a reload and gives its outcome. It gives up waiting, not the reload, when ctx ends.
func (r *reloader) reload(ctx context.Context) error {
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

func (r *reloader) apply() error {
	err := r.load()
	r.record(err)
	if err != nil {
		level.Error(r.logger).Log("msg", "reload failed, the configuration is unchanged", "err", err)
		return err
	}
	level.Info(r.logger).Log("msg", "configuration reloaded")
	return nil
}

func (r *reloader) record(err error) {
	if err != nil {
		r.successful.Set(0)
		return
	}
	r.successful.Set(1)
	r.successTime.SetToCurrentTime()
}
