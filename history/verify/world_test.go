package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/enum"
	"itnio_exporter/history"
	"itnio_exporter/itnio"
	"itnio_exporter/simulator"
)

// world is a simulated API, an exporter that reads it, and its ledger, in virtual time.
type world struct {
	t   *testing.T
	sim *simulator.Simulator
	cfg *config.Validated
	dir string
}

func newWorld(t *testing.T, habits simulator.Habits) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), sim: simulator.New(simulator.Options{
		Seed: 1, Start: time.Now().Add(-3 * time.Hour), CallsPerDay: 2000, Habits: habits,
	})}
	known, rate := simulator.DefaultAccounts()[0], 100.0
	c := config.Default(config.AccountConfig{
		Name: "main", BaseURL: "https://simulator.invalid", APIKey: config.Secret(known.Key), APISecret: config.Secret(known.Secret), RateLimit: &rate,
	})
	poll, past := 20*time.Minute, time.Hour
	c.Global.PollInterval, c.Global.InitialHistory = &poll, &past
	var err error
	w.cfg, err = c.Validate()
	require.NoError(t, err)
	return w
}

func (w *world) client(config.Account) (*http.Client, error) {
	return &http.Client{Transport: w.sim.RoundTripper()}, nil
}

// run lets the exporter read for a time.
func (w *world) run(d time.Duration, meanwhile func(*collector.Collector)) {
	w.t.Helper()
	c, err := collector.New(collector.Options{
		Config: w.cfg, StoragePath: w.dir, Logger: log.NewNopLogger(), Registerer: prometheus.NewRegistry(), HTTPClient: w.client, NoSync: true,
	})
	require.NoError(w.t, err)
	ctx, stop := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	time.Sleep(d)
	if meanwhile != nil {
		meanwhile(c)
	}
	stop()
	require.NoError(w.t, <-done)
	require.NoError(w.t, c.Close())
}

// verify compares a range with a ledger.
func (w *world) verify(file string, from, to time.Time) (Account, error) {
	w.t.Helper()
	a := w.cfg.Accounts()[0]
	known, err := ledger.ReadAccount(file, collector.IdentityOf(a))
	require.NoError(w.t, err)
	client, _ := w.client(a)
	api, err := itnio.New(itnio.Options{
		BaseURL: a.BaseURL, Key: string(a.APIKey), Secret: string(a.APISecret), HTTP: client, Location: a.Location, RateLimit: a.RateLimit, Timeout: a.Timeout,
	})
	require.NoError(w.t, err)
	return Run(w.t.Context(), Options{
		Name: a.Name, From: from, To: to, Now: time.Now(), Lookback: w.cfg.Global().Lookback, Ledger: known, Source: FromFile,
		Past: history.New(history.Options{API: api, Calls: call.NewNormalizer(call.Options{}), Logger: log.NewNopLogger()}),
	})
}

func (w *world) add(c simulator.Call) {
	w.t.Helper()
	c.Type, c.Reason, c.Party, c.Group, c.Country = enum.Outgoing, enum.Busy, enum.Customer, "team of one", "KE"
	require.NoError(w.t, w.sim.Add(c))
}

// ended is how many calls of the account ended in a range.
func (w *world) ended(from, to time.Time) (n int) {
	for c := range w.sim.Calls() {
		if c.Account == simulator.DefaultAccounts()[0].Name && !c.Hidden && !c.VisibleAt.After(time.Now()) && !c.Ended().Before(from) && c.Ended().Before(to) &&
			(c.DeletedAt.IsZero() || c.DeletedAt.After(time.Now())) {
			n++
		}
	}
	return n
}

// TestVerify: nothing differs on a clean day, whichever time windows filter on; one call that is added to the past and one that is removed
// from it are found.
func TestVerify(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for name, on := range map[string]simulator.Field{"start": simulator.ByStart, "hang-up": simulator.ByHangup, "creation": simulator.ByCreate} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, simulator.Habits{FilterOn: on})
				began := time.Now()
				from, to := began.Add(2*time.Hour), began.Add(14*time.Hour)
				gone := began.Add(24 * time.Hour)
				w.add(simulator.Call{Start: began.Add(6 * time.Hour), VisibleAt: began.Add(6*time.Hour + time.Minute), DeletedAt: gone})
				w.run(20*time.Hour, nil)
				file := ledger.FileIn(w.dir)

				a, err := w.verify(file, from, to)
				require.NoError(t, err)
				require.Equal(t, Equal, a.Result, "%+v", a)
				require.Equal(t, w.ended(from, to), a.Total.Shown)
				require.Equal(t, a.Total.Shown, a.Total.Counted)
				require.Greater(t, a.Total.Counted, 500)
				require.Equal(t, int64(12*3600), a.Ledger.KnownSeconds)
				require.Less(t, a.API.Requests, 40)

				time.Sleep(time.Until(gone) + time.Minute)
				w.add(simulator.Call{Start: began.Add(8 * time.Hour)})
				a, err = w.verify(file, from, to)
				require.NoError(t, err)
				require.Equal(t, Different, a.Result)
				require.Equal(t, 1, a.Total.NotCounted)
				require.Equal(t, 1, a.NoLongerShown)
				require.Zero(t, a.Noticed)
				require.Equal(t, a.Total.Shown-1, a.Total.Counted)
				require.Contains(t, a.Rows, Row{AgentGroup: "team of one", Country: "KE", Counts: Counts{Shown: 1, NotCounted: 1}})
				require.Equal(t, "DIFFERENT: 1 not counted, 1 counted and no longer shown", verdict(&a))

				// The exporter's own audit counts the one and sees that the other is gone.
				w.run(2*time.Hour, nil)
				known, err := ledger.ReadAccount(file, collector.IdentityOf(w.cfg.Accounts()[0]))
				require.NoError(t, err)
				require.Len(t, known.Deletions, 1)
				a, err = w.verify(file, from, to)
				require.NoError(t, err)
				require.Equal(t, 1, a.NoLongerShown)
				require.Equal(t, 1, a.Noticed)
				require.Equal(t, "DIFFERENT: 1 counted and no longer shown", verdict(&a))
				before, err := w.verify(file, from, began.Add(5*time.Hour))
				require.NoError(t, err)
				require.Zero(t, before.NoLongerShown, "that is in another window")
				var text bytes.Buffer
				require.NoError(t, WriteText(&text, &Report{Accounts: []Account{a}}))
				t.Log(text.String())
			})
		})
	}
}

// TestVerifyEdges: what ended before the epoch, and what the copy of a running exporter cannot have yet, are no differences.
func TestVerifyEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Habits{})
		began := time.Now()
		file := filepath.Join(t.TempDir(), "copy.db")
		w.run(5*time.Hour, func(c *collector.Collector) {
			require.NoError(t, c.Backup(file))
			time.Sleep(30 * time.Minute)
		})
		a, err := w.verify(file, began.Add(-2*time.Hour), began.Add(24*time.Hour))
		require.NoError(t, err)
		require.Equal(t, Equal, a.Result, "%+v", a)
		require.Positive(t, a.Total.Baseline)
		require.Positive(t, a.Total.Recent)
		require.Equal(t, w.ended(began.Add(-2*time.Hour), began.Add(-time.Hour)), a.Total.Baseline)
		require.Equal(t, a.Total.Shown, a.Total.Baseline+a.Total.Recent+a.Total.Counted)

		time.Sleep(4 * time.Hour)
		a, err = w.verify(file, began.Add(6*time.Hour), began.Add(8*time.Hour))
		require.NoError(t, err)
		require.Equal(t, Incomplete, a.Result, "the ledger was not read for so long")
		require.Equal(t, a.Total.Shown, a.Total.Recent)

		_, err = w.verify(file, began.Add(24*time.Hour), began.Add(48*time.Hour))
		require.ErrorContains(t, err, "in the future")
		_, err = w.verify(file, began, began)
		require.ErrorContains(t, err, "before it begins")
	})
}

// TestOutput: the three forms say the same, and none has an id or an agent's name.
func TestOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Habits{})
		began := time.Now()
		w.run(5*time.Hour, nil)
		w.add(simulator.Call{Start: began.Add(time.Hour)})
		a, err := w.verify(ledger.FileIn(w.dir), began, began.Add(2*time.Hour))
		require.NoError(t, err)
		a.NoLongerShown, a.Noticed = 2, 1
		a.judge()
		var report Report
		report.Add(a)
		require.Equal(t, Different, report.Result)

		var text, table, object bytes.Buffer
		require.NoError(t, WriteText(&text, &report))
		require.NoError(t, WriteCSV(&table, &report))
		require.NoError(t, json.NewEncoder(&object).Encode(report))
		require.Regexp(t, `! team of one +KE +1 +0 +1\n`, text.String())
		require.Contains(t, text.String(), "DIFFERENT: 1 not counted, 2 counted and no longer shown")
		require.NotContains(t, text.String(), "baseline", "columns without calls are left out")
		require.Contains(t, table.String(), "main,team of one,KE,1,0,0,0,0,0,0,1,,,,,,,,,\n")
		require.Contains(t, table.String(), "main,,,0,0,0,0,0,0,0,0,2,1,,,,,,,\n")
		require.Contains(t, object.String(), `"no_longer_shown":2`)
		for c := range w.sim.Calls() {
			for _, out := range []string{text.String(), table.String(), object.String()} {
				require.False(t, strings.Contains(out, c.Session) || c.Agent != "" && strings.Contains(out, c.Agent))
			}
		}
	})
}
