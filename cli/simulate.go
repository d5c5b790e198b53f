package cli

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log/level"

	"itnio_exporter/simulator"
)

// maxSimulated is the largest number of simulated calls a day: they are all kept in memory.
const maxSimulated = 100_000_000

// simulateFlags are the flags of the command simulate.
type simulateFlags struct {
	address     string
	seed        uint64
	callsPerDay float64
	history     time.Duration
	rateLimit   float64
	filterOn    string
	timeFormat  string
	pageSize    int
	log         logFlags
}

func newSimulate(app *kingpin.Application) command {
	c := app.Command("simulate", "Serve a simulated call-centre API with made-up calls, on --simulate.listen-address.")
	f := &simulateFlags{}
	f.register(c)
	return command{c, func(e Environment) error { return simulate(e, f) }}
}

func (f *simulateFlags) register(c *kingpin.CmdClause) {
	c.Flag("simulate.listen-address", "Address of the simulated API.").Default("127.0.0.1:18080").StringVar(&f.address)
	c.Flag("simulate.seed", "Seed of the random simulated calls.").Default("1").Uint64Var(&f.seed)
	c.Flag("simulate.calls-per-day", "Mean number of simulated calls a day.").Default("24000").Float64Var(&f.callsPerDay)
	c.Flag("simulate.history", "How far back the simulated calls begin.").Default("24h").DurationVar(&f.history)
	c.Flag("simulate.rate-limit", "Requests a second that the simulated API takes; 0 is no limit.").Default("0").Float64Var(&f.rateLimit)
	c.Flag("simulate.filter-on", "Time that a query's window filters on. One of: [start, create, hangup]").
		Default("start").EnumVar(&f.filterOn, "start", "create", "hangup")
	c.Flag("simulate.time-format", "Time format that queries have to be in. One of: [any, iso8601, datetime]").
		Default("any").EnumVar(&f.timeFormat, "any", "iso8601", "datetime")
	c.Flag("simulate.page-size", "Page size that the simulated API imposes; 0 is as asked.").Default("0").IntVar(&f.pageSize)
	f.log.register(c)
}

// check returns an error for values that are out of range.
func (f *simulateFlags) check() error {
	switch {
	case !(f.callsPerDay >= 0 && f.callsPerDay <= maxSimulated): // also for NaN
		return fmt.Errorf("--simulate.calls-per-day: %g is not from 0 to %d", f.callsPerDay, maxSimulated)
	case f.history < 0:
		return fmt.Errorf("--simulate.history: %s is negative", f.history)
	case !(f.rateLimit >= 0): // also for NaN
		return fmt.Errorf("--simulate.rate-limit: %g is negative", f.rateLimit)
	case f.pageSize < 0:
		return fmt.Errorf("--simulate.page-size: %d is negative", f.pageSize)
	}
	return nil
}

func (f *simulateFlags) options(now time.Time) simulator.Options {
	return simulator.Options{
		Seed:        f.seed,
		Start:       now.Add(-f.history),
		CallsPerDay: f.callsPerDay,
		Rhythm:      0.8,
		LongShare:   0.002,
		LateShare:   0.001,
		RateLimit:   f.rateLimit,
		Habits: simulator.Habits{
			// Both flags are enumerations that kingpin has checked.
			FilterOn: map[string]simulator.Field{
				"start": simulator.ByStart, "create": simulator.ByCreate, "hangup": simulator.ByHangup,
			}[f.filterOn],
			Accept: map[string]simulator.TimeFormat{
				"any": simulator.AnyTime, "iso8601": simulator.ISO8601Only, "datetime": simulator.DatetimeOnly,
			}[f.timeFormat],
			PageSize: f.pageSize,
		},
	}
}

// simulate serves the simulated API over HTTP until a signal ends it.
func simulate(e Environment, f *simulateFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		return fmt.Errorf("--simulate.listen-address: %w", err)
	}
	logs := newLogs(e.Stderr, e.Now, f.log)
	defer logs.Close()
	logger := logs.GoKit
	level.Info(logger).Log("msg", "simulated API is listening", "address", listener.Addr())
	fmt.Fprintln(e.Stdout, "# A simulated call centre. A configuration for it, with its made-up key:\naccounts:")
	for _, a := range simulator.DefaultAccounts() {
		fmt.Fprintf(e.Stdout, "  - name: %s\n    base_url: %s\n    api_key: %s\n    api_secret: %s\n",
			a.Name, shownURL("http", listener.Addr(), ""), a.Key, a.Secret)
	}

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	signals := e.Signals(append(stopSignals(), syscall.SIGHUP)...)
	go func() {
		defer stop()
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					level.Info(logger).Log("msg", "stopping", "signal", s)
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return simulator.New(f.options(e.Now())).Serve(ctx, listener)
}
