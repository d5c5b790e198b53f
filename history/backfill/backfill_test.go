package backfill

import (
	"bufio"
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/history"
	"itnio_exporter/itnio"
	"itnio_exporter/simulator"
)

func metrics() config.Metrics {
	return config.Metrics{
		DurationBuckets: []float64{3, 6, 10, 30, 60, 180, 600, 3600}, RingBuckets: []float64{2, 3, 5, 20, 60}, Agents: config.AgentsOff,
		Limits: config.Limits{AgentGroup: 200, Agent: 500, Tag: 100, Media: 20, Series: 20000},
	}
}

// world is a simulated past that ends now, in virtual time.
type world struct {
	t    *testing.T
	sim  *simulator.Simulator
	api  *itnio.Client
	zone *time.Location
	bad  []time.Time // the API refuses windows with these
}

func newWorld(t *testing.T, o simulator.Options, days int) *world {
	o.Seed, o.Start = 7, time.Now().Add(-time.Duration(days)*day)
	o.Groups, o.Countries = simulator.DefaultGroups()[:2], simulator.DefaultCountries()[:3]
	w := &world{t: t, sim: simulator.New(o)}
	w.configure(8)
	return w
}

// configure makes a client with this utc_offset. That of the simulator is 8 hours.
func (w *world) configure(hours int) {
	w.zone = time.FixedZone("", hours*3600)
	known := simulator.DefaultAccounts()[0]
	var err error
	w.api, err = itnio.New(itnio.Options{
		BaseURL: "http://api", Key: known.Key, Secret: known.Secret, HTTP: &http.Client{Transport: w.sim.RoundTripper()}, RateLimit: 5, Timeout: 30 * time.Second,
		Location: w.zone,
	})
	require.NoError(w.t, err)
}

// Records is the client's, but refuses some windows.
func (w *world) Records(ctx context.Context, q itnio.Query) (itnio.Page, error) {
	for _, at := range w.bad {
		if q.From.Before(at) && q.To.After(at) {
			return itnio.Page{}, &itnio.StatusError{Code: itnio.StatusDataCaps}
		}
	}
	return w.api.Records(ctx, q)
}

func (w *world) ServerNow() time.Time { return w.api.ServerNow() }

// options are those of a history of so many days that ends three hours ago.
func (w *world) options(days int) Options {
	end := time.Now().Add(-3 * time.Hour).Truncate(10 * time.Minute)
	return Options{
		Dir:      w.t.TempDir(),
		Plan:     Plan{Start: end.Add(-time.Duration(days) * day), End: end, Step: 10 * time.Minute, Labels: []Label{{"job", "itnio"}}, Moves: true},
		History:  history.Options{API: w.api, Calls: call.NewNormalizer(call.Options{}), Logger: log.NewNopLogger()},
		Ledger:   ledger.Options{Dir: w.t.TempDir(), Model: families.New(metrics()), Now: time.Now, Logger: log.NewNopLogger(), NoSync: true},
		Identity: ledger.Identity{Name: "main", BaseURL: "http://api"},
		Horizon:  7 * day,
		Zone:     w.zone,
		Logger:   log.NewNopLogger(),
	}
}

// sample is one line of a file.
type sample struct {
	at    int64
	value float64
}

// samplesIn reads the files of a directory, by series. It checks that each series is in order of time.
func samplesIn(t *testing.T, dir string) map[string][]sample {
	files, err := filepath.Glob(filepath.Join(dir, "*.om"))
	require.NoError(t, err)
	out := map[string][]sample{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(string(text), "\n# EOF\n"))
		lines := bufio.NewScanner(strings.NewReader(string(text)))
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "#") {
				continue
			}
			line := lines.Text()
			at := strings.LastIndex(line, "} ") + 1
			value, stamp, _ := strings.Cut(line[at+1:], " ")
			var s sample
			if s.value, err = strconv.ParseFloat(value, 64); err == nil {
				s.at, err = strconv.ParseInt(stamp, 10, 64)
			}
			series := line[:at]
			had := out[series]
			if err != nil || len(had) > 0 && had[len(had)-1].at >= s.at {
				require.Fail(t, "bad line", line)
			}
			out[series] = append(out[series], s)
		}
	}
	return out
}

// at is the value of a series at a time, 0 before it begins.
func at(list []sample, t time.Time) float64 {
	i := sort.Search(len(list), func(i int) bool { return list[i].at > t.Unix() })
	if i == 0 {
		return 0
	}
	return list[i-1].value
}

// rises adds up how the counters rose between two times, by family and the label wanted.
func rises(all map[string][]sample, family, label string, from, to time.Time) map[string]float64 {
	out := map[string]float64{}
	for series, list := range all {
		if name, _, _ := strings.Cut(series, "{"); name != family {
			continue
		}
		value := "+"
		if _, rest, ok := strings.Cut(series, label+`="`); ok {
			value, _, _ = strings.Cut(rest, `"`)
		}
		if d := at(list, to) - at(list, from); d != 0 {
			out[value] += d
		}
	}
	return out
}

// truth counts the calls of the first account that ended in [from, to).
func (w *world) truth(from, to time.Time, key func(*simulator.Call) string, n func(*simulator.Call) float64) map[string]float64 {
	out := map[string]float64{}
	for c := range w.sim.Calls() {
		if c.Account == simulator.DefaultAccounts()[0].Name && !c.Ended().Before(from) && c.Ended().Before(to) && n(&c) != 0 {
			out[key(&c)] += n(&c)
		}
	}
	return out
}

func one(*simulator.Call) float64 { return 1 }

func group(c *simulator.Call) string {
	if c.Group == "" {
		return "none"
	}
	return c.Group
}

// equals checks the rises of every day and of the whole.
func (w *world) equals(all map[string][]sample, p Plan) {
	w.t.Helper()
	check := func(from, to time.Time) {
		w.t.Helper()
		require.Equal(w.t, w.truth(from, to, group, one), rises(all, "itnio_calls_total", "agent_group", from, to))
		require.Equal(w.t, w.truth(from, to, func(c *simulator.Call) string { return c.Country }, one), rises(all, "itnio_calls_total", "country", from, to))
		require.Equal(w.t, w.truth(from, to, group, func(c *simulator.Call) float64 { return float64(c.KnownRing()) }),
			rises(all, "itnio_call_ring_duration_seconds_sum", "agent_group", from, to))
		buckets := map[string]float64{}
		for _, bound := range append(slices.Clone(metrics().RingBuckets), 1e12) {
			le := strconv.FormatFloat(bound, 'f', 1, 64)
			if bound > 1e11 {
				le = "+Inf"
			}
			maps.Copy(buckets, w.truth(from, to, func(*simulator.Call) string { return le }, func(c *simulator.Call) float64 {
				if float64(c.KnownRing()) <= bound {
					return 1
				}
				return 0
			}))
		}
		require.Equal(w.t, buckets, rises(all, "itnio_call_ring_duration_seconds_bucket", "le", from, to))
	}
	for from := p.Start; from.Before(p.End); from = from.Add(6 * time.Hour) {
		check(from, from.Add(6*time.Hour))
	}
	check(p.Start, p.End)
	for series, list := range all {
		require.True(w.t, strings.Contains(series, `job="itnio"`))
		gauge := strings.HasPrefix(series, "itnio_last") || strings.Contains(series, "_info{") || strings.HasPrefix(series, "itnio_up") || strings.HasPrefix(series, "account:")
		for i := 1; i < len(list); i++ {
			falls := !gauge && list[i].value < list[i-1].value
			if falls || list[i].at-list[i-1].at > int64(max(maxGap, p.Step)/time.Second) {
				require.Fail(w.t, "falls or has a hole", "%s %v", series, list[i-1:i+1])
			}
		}
		if list[0].at > p.Start.Unix() && !gauge {
			require.Zero(w.t, list[0].value, series)
		}
	}
}

// TestHistory: each stretch of a history rises by exactly the calls that ended in it, whatever time windows filter on, and the live
// exporter's ledger goes on from the last values.
func TestHistory(t *testing.T) {
	for name, h := range map[string]simulator.Habits{
		"start": {}, "hang-up": {FilterOn: simulator.ByHangup, ExclusiveFrom: true, ExclusiveTo: true}, "created": {FilterOn: simulator.ByCreate},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "start" {
				t.Skip("runs without -short")
			}
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, simulator.Options{CallsPerDay: 250, Rhythm: 0.8, LongShare: 0.01, Habits: h}, 5)
				o := w.options(2)
				o.Plan.Step = time.Minute
				result, err := Run(t.Context(), o)
				require.NoError(t, err)
				all := samplesIn(t, o.Dir)
				w.equals(all, o.Plan)
				require.True(t, result.Moved)
				require.Zero(t, result.Late)
				require.Len(t, result.Files, o.Plan.days())
				require.Equal(t, result.Counted, result.Totals.Calls)
				require.NoFileExists(t, filepath.Join(o.Dir, hidden, "work", "ledger.db"))

				l, err := ledger.Open(o.Ledger)
				require.NoError(t, err)
				defer l.Close()
				a, err := l.Attach(o.Identity)
				require.NoError(t, err)
				epoch, _ := a.Epoch()
				require.Equal(t, o.Plan.Start.UTC(), epoch)
				shown, _ := l.Exposition()
				live := &samples{labels: o.Plan.Labels, step: time.Minute, families: map[string]*rows{}}
				live.next(o.Plan.End, slices.Concat(shown, own(&Plan{Account: "main", Start: o.Plan.Start, Labels: o.Plan.Labels}, o.Plan.End)))
				n := 0
				for name, r := range live.families {
					for _, row := range r.list {
						for i, line := range row.lines {
							n++
							require.Equal(t, at(all[strings.TrimSpace(string(line.text))], o.Plan.End), value(r.family, row.cur, i), name)
						}
					}
				}
				require.Len(t, all, n)
			})
		})
	}
}

// TestInterrupted: wherever a run is interrupted, the next one ends with the same files.
func TestInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 200}, 5)
		o := w.options(3)
		whole, err := Run(t.Context(), o)
		require.NoError(t, err)
		want := contents(t, o.Dir)

		killed := w.options(3)
		var copies []string
		killed.Plan, killed.Progress = o.Plan, func(Progress) {
			copies = append(copies, t.TempDir())
			require.NoError(t, os.CopyFS(copies[len(copies)-1], os.DirFS(killed.Dir)))
		}
		_, err = Run(t.Context(), killed)
		require.NoError(t, err)
		require.Equal(t, want, contents(t, killed.Dir))
		resumed, step := 0, 6
		for i, dir := range copies {
			if i%step != 0 && i != len(copies)-1 {
				continue
			}
			again := w.options(3)
			again.Plan, again.Dir = o.Plan, dir
			result, err := Run(t.Context(), again)
			require.NoError(t, err)
			require.Equal(t, want, contents(t, dir))
			require.Equal(t, whole.Totals, result.Totals)
			if !result.Resumed.IsZero() {
				resumed++
			}
		}
		require.Positive(t, resumed)

		stopped := w.options(3)
		stopped.Plan = o.Plan
		for i := 3; ; i += 7 {
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			stopped.Progress = func(Progress) {
				if n++; n == i {
					cancel()
				}
			}
			_, err := Run(ctx, stopped)
			cancel()
			if err == nil {
				break
			}
			require.ErrorIs(t, err, context.Canceled)
		}
		require.Equal(t, want, contents(t, stopped.Dir))
	})
}

func contents(t *testing.T, dir string) map[string]string {
	files, err := filepath.Glob(filepath.Join(dir, "*.om"))
	require.NoError(t, err)
	out := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		out[filepath.Base(name)] = string(text)
	}
	return out
}

// TestRefused: what cannot go on is refused in one line, before anything is read. As long as no day is finished, there is nothing to go on
// with, so the next run may want something else.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 100}, 4)
		o := w.options(2)
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "other"), nil, 0o600))
		_, err := Run(t.Context(), o)
		require.ErrorContains(t, err, "has other files in it")

		o = w.options(2)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		earlier := o
		earlier.Plan.Start = o.Plan.Start.Add(-time.Hour)
		_, err = Run(ctx, earlier)
		require.ErrorIs(t, err, context.Canceled)
		require.Nil(t, Begun(o.Dir))
		l, err := ledger.Open(o.Ledger) // so it stops after a day
		require.NoError(t, err)
		_, err = Run(t.Context(), o)
		require.ErrorContains(t, err, "an exporter has been started")
		require.NoError(t, l.Close())
		require.NotNil(t, Begun(o.Dir))
		for want, change := range map[string]func(*Plan){
			"step (10m0s)":  func(p *Plan) { p.Step = time.Hour },
			"start (":       func(p *Plan) { p.Start = p.Start.Add(time.Hour) },
			"end (":         func(p *Plan) { p.End = p.End.Add(time.Hour) },
			"set of labels": func(p *Plan) { p.Labels = nil },
		} {
			other := o
			change(&other.Plan)
			_, err = Run(t.Context(), other)
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error(), "\n")
		}
		before := w.sim.Requests()
		result, err := Run(t.Context(), o)
		require.NoError(t, err)
		require.False(t, result.Resumed.IsZero())
		require.Greater(t, w.sim.Requests(), before)
		_, err = Run(t.Context(), o)
		require.ErrorContains(t, err, "it is complete")
		live := o
		live.Plan.Moves = false
		_, err = Run(t.Context(), live)
		require.ErrorContains(t, err, "another state of the exporter's ledger")
	})
}

// TestMovedOnce: a run that was interrupted after the account was moved ends well, and one whose ledger is in use says so and can be
// run again.
func TestMovedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 100}, 3)
		o := w.options(1)
		o.Plan.Start = o.Plan.Start.Add(4 * time.Hour) // one file
		l, err := ledger.Open(o.Ledger)
		require.NoError(t, err)
		_, err = Run(t.Context(), o)
		require.ErrorContains(t, err, "run the same command again")
		require.NoError(t, l.Close())
		requests := w.sim.Requests()
		at := t.TempDir()
		require.NoError(t, os.CopyFS(at, os.DirFS(o.Dir)))
		for _, dir := range []string{o.Dir, at} {
			o.Dir = dir
			result, err := Run(t.Context(), o)
			require.NoError(t, err)
			require.True(t, result.Moved)
		}
		require.Equal(t, requests, w.sim.Requests())
	})
}

// TestStartedMeanwhile: a run notices after a day's work that an exporter has been started, and says what to do. If the exporter has
// begun to count, the next run goes on to there.
func TestStartedMeanwhile(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for name, days := range map[string]int{"after a day": 1, "at the end": 3} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, simulator.Options{CallsPerDay: 200}, 5)
				o := w.options(2) // three files
				var live *ledger.Ledger
				epoch := o.Plan.End.Add(2*time.Hour + time.Second)
				count := func() {
					a, err := live.Attach(o.Identity)
					require.NoError(t, err)
					require.NoError(t, a.Establish(epoch, 0))
				}
				o.Progress = func(Progress) {
					if live == nil && len(contents(t, o.Dir)) == days-1 {
						var err error
						live, err = ledger.Open(o.Ledger)
						require.NoError(t, err)
					}
				}
				_, err := Run(t.Context(), o)
				require.ErrorContains(t, err, "an exporter has been started on the ledger")
				require.NotContains(t, err.Error(), "\n")
				require.Len(t, contents(t, o.Dir), days)
				count()
				require.NoError(t, live.Close())
				_, err = Run(t.Context(), o)
				require.ErrorContains(t, err, "has begun to count the account, at "+epoch.UTC().Format(time.RFC3339)+": run the same command again")

				time.Sleep(time.Hour)
				o.Plan.Moves, o.Plan.End = false, epoch
				early := o
				early.Plan.End = o.Plan.Start.Add(time.Hour)
				_, err = Run(t.Context(), early)
				require.ErrorContains(t, err, "delete it, and run the same command again")
				result, err := Run(t.Context(), o)
				require.NoError(t, err)
				require.False(t, result.Resumed.IsZero())
				require.False(t, result.Moved)
				all := samplesIn(t, o.Dir)
				for from := o.Plan.Start; from.Before(epoch); from = from.Add(6 * time.Hour) {
					to := from.Add(6 * time.Hour)
					if to.After(epoch) {
						to = epoch
					}
					require.Equal(t, w.truth(from, to, group, one), rises(all, "itnio_calls_total", "agent_group", from, to))
				}
				for series, list := range all {
					if strings.HasPrefix(series, "itnio_calls_") {
						require.Equal(t, sample{epoch.Unix() + 1, 0}, list[len(list)-1], series)
					}
				}
			})
		})
	}
}

// TestMissing: the summary tells of gaps that a run before has met, and once of those that are met again.
func TestMissing(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 2000}, 6)
		o := w.options(4)
		w.bad = []time.Time{o.Plan.Start.Add(2 * time.Hour), o.Plan.End.Add(-20 * time.Hour)}
		o.History.API = w
		whole := o
		whole.Dir = t.TempDir()
		whole.Ledger.Dir = t.TempDir()
		want, err := Run(t.Context(), whole)
		require.NoError(t, err)
		require.Len(t, want.Gaps, 2)
		for i, gap := range want.Gaps {
			require.WithinRange(t, w.bad[i], gap.From, gap.To)
		}

		l, err := ledger.Open(o.Ledger)
		require.NoError(t, err)
		for range o.Plan.days() { // it stops after each
			_, err = Run(t.Context(), o)
			require.ErrorContains(t, err, "an exporter has been started")
		}
		require.NoError(t, l.Close())
		result, err := Run(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, want.Gaps, result.Gaps)
	})
}

// TestRecentEnd: a history that ends a moment ago leaves a call that is in progress to the live exporter, and one that ends where a live
// exporter began to count waits until the calls before are listed.
func TestRecentEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 100}, 3)
		o := w.options(1)
		o.Plan.End, o.Lookback = time.Now().Truncate(10*time.Minute), 2*time.Hour
		want := 0
		for c := range w.sim.Calls() {
			if end := c.Ended(); !end.Before(o.Plan.Start) && end.Before(o.Plan.End) {
				want++
			}
		}
		begun := time.Now().Add(-40 * time.Minute)
		require.NoError(t, w.sim.Add(
			simulator.Call{Start: begun, VisibleAt: begun, CompletedAt: time.Now().Add(time.Hour)},
			simulator.Call{Start: begun},
		))
		result, err := Run(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, want+1, result.Totals.Calls)

		o = w.options(1)
		o.Plan.End, o.Plan.Moves = time.Now().Truncate(10*time.Minute).Add(-time.Hour), false
		_, err = Run(t.Context(), o)
		require.ErrorContains(t, err, "run it again after")
		earlier := w.options(1)
		earlier.Plan.End, earlier.Plan.Moves = time.Now().Add(-2*time.Hour).Truncate(10*time.Minute), false
		require.ErrorContains(t, err, "or give --end="+earlier.Plan.End.UTC().Format(time.RFC3339)+":")
		_, err = Run(t.Context(), earlier)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		_, err = Run(t.Context(), o)
		require.NoError(t, err)
	})
}

// TestBeforeLive: a history that ends where live counters began at 0, between two steps, has all calls that ended before, and ends with a
// 0, so that what they show is a rise.
func TestBeforeLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{CallsPerDay: 100}, 3)
		o := w.options(1)
		o.Plan.Moves = false
		ends := map[int64]int{} // of calls, by the second
		for c := range w.sim.Calls() {
			ends[c.Ended().Unix()]++
		}
		for ends[o.Plan.End.Unix()-1] == 0 || o.Plan.End.Unix()%600 == 0 { // right after a call
			o.Plan.End = o.Plan.End.Add(-time.Second)
		}
		_, err := Run(t.Context(), o)
		require.NoError(t, err)
		all := samplesIn(t, o.Dir)
		require.Equal(t, w.truth(o.Plan.Start, o.Plan.End, group, one), rises(all, "itnio_calls_total", "agent_group", o.Plan.Start, o.Plan.End))
		for series, list := range all {
			if strings.HasPrefix(series, "itnio_call_") || strings.HasPrefix(series, "itnio_calls_") {
				require.Equal(t, sample{o.Plan.End.Unix() + 1, 0}, list[len(list)-1], series)
				require.Equal(t, o.Plan.End.Unix(), list[len(list)-2].at)
			}
		}
		require.NoFileExists(t, ledger.FileIn(o.Ledger.Dir))
	})
}
