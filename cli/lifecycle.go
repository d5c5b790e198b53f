package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/go-kit/log/level"

	"itnio_exporter/logging"
	"itnio_exporter/web"
)

// shutdownGrace is how long a stop waits for scrapes in progress.
const shutdownGrace = 10 * time.Second

// lifecycle runs the parts of the exporter until a signal or the failure of one of them ends them all.
type lifecycle struct {
	handler        http.Handler
	listenAndServe func(*http.Server) error
	listening      func(net.Addr)              // called once, when all addresses are bound; nil: not wanted
	poll           func(context.Context) error // starts after listening; its end before that of the context is a failure
	reloader       *web.Reloader
	signals        <-chan os.Signal
	logs           *logging.Loggers
}

func (l *lifecycle) run() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	bound := make(chan net.Addr, 1)
	server := newServer(l.handler, l.logs.Slog, bound)

	var background sync.WaitGroup
	background.Go(func() { l.reloader.Run(ctx) })
	serving, polling := make(chan error, 1), make(chan error, 1)
	go func() { serving <- l.listenAndServe(server) }()
	err := l.wait(bound, serving, polling, func(address net.Addr) {
		if l.listening != nil {
			l.listening(address)
		}
		background.Go(func() { polling <- l.poll(ctx) })
	})

	if cut := shutdown(server, l.signals); cut != nil {
		level.Warn(l.logs.GoKit).Log("msg", "requests in progress were cut off", "err", cut)
	}
	cancel()
	background.Wait()
	return err
}

// newServer sends the address of its first listener to bound when all are bound: what the port of ":0" is becomes known
// there only.
func newServer(handler http.Handler, logger *slog.Logger, bound chan<- net.Addr) *http.Server {
	var first sync.Once
	return &http.Server{
		Handler:           handler,
		ErrorLog:          web.ErrorLog(logger),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      5 * time.Minute, // a scrape in scrape mode and a CPU profile take their time
		IdleTimeout:       5 * time.Minute,
		BaseContext: func(l net.Listener) context.Context { // called once for each listener
			first.Do(func() { bound <- l.Addr() })
			return context.Background()
		},
	}
}

// wait handles what happens while the exporter runs. It returns nil at a signal to stop, or the error of what failed.
func (l *lifecycle) wait(bound <-chan net.Addr, serving, polling <-chan error, started func(net.Addr)) error {
	for {
		select {
		case address := <-bound:
			started(address)
		case err := <-serving:
			return err
		case err := <-polling:
			if err == nil {
				err = errors.New("reading the accounts ended for no reason given")
			}
			return err
		case s := <-l.signals:
			if s != syscall.SIGHUP {
				level.Info(l.logs.GoKit).Log("msg", "stopping", "signal", s)
				return nil
			}
			l.reloader.Trigger()
		}
	}
}

// shutdown lets requests in progress finish, until shutdownGrace is over or another signal to stop comes.
func shutdown(server *http.Server, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	go func() {
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					cancel()
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
