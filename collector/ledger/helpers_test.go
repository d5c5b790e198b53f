package ledger

import (
	"fmt"
	"hash/crc32"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
	"itnio_exporter/enum"
)

// start is a server's time at which tests begin: not at a day's or an hour's edge.
func start() time.Time { return time.Date(2025, 3, 5, 10, 20, 30, 0, time.UTC) }

// clock is a local clock that stands until it is moved.
type clock struct{ t time.Time }

func newClock() *clock { return &clock{start()} }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

func testMetrics() config.Metrics {
	return config.Metrics{
		DurationBuckets: []float64{3, 6, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600},
		RingBuckets:     []float64{2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300},
		Agents:          config.AgentsOff,
		Limits:          config.Limits{AgentGroup: 200, Agent: 500, Tag: 100, Media: 20, Series: 20000},
	}
}

func withEverything() config.Metrics {
	m := testMetrics()
	m.Agents, m.Tags, m.Media, m.Exemplars = config.AgentsName, true, true, true
	return m
}

// testLedger is a ledger that can be closed, crashed and opened again.
type testLedger struct {
	*Ledger
	t       testing.TB
	o       Options
	id      Identity
	account *Account
	log     *strings.Builder
}

type setting func(*Options)

func withModel(m config.Metrics) setting     { return func(o *Options) { o.Model = families.New(m) } }
func withZeroFirst(d time.Duration) setting  { return func(o *Options) { o.ZeroFirst = d } }
func withClock(now func() time.Time) setting { return func(o *Options) { o.Now = now } }
func withDir(dir string) setting             { return func(o *Options) { o.Dir = dir } }
func identity() Identity                     { return Identity{Name: "main", BaseURL: "https://api.invalid"} }
func newTestLedger(t testing.TB, settings ...setting) *testLedger {
	t.Helper()
	o := Options{Model: families.New(testMetrics()), Now: newClock().now, NoSync: true}
	for _, set := range settings {
		set(&o)
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	tl := &testLedger{t: t, o: o, id: identity()}
	tl.open()
	t.Cleanup(func() { _ = tl.Close() })
	return tl
}

func (tl *testLedger) open() {
	tl.t.Helper()
	tl.log = &strings.Builder{}
	tl.o.Logger = log.NewLogfmtLogger(tl.log)
	l, err := Open(tl.o)
	require.NoError(tl.t, err)
	tl.Ledger = l
	tl.account, err = l.Attach(tl.id)
	require.NoError(tl.t, err)
}

func (tl *testLedger) reopen() {
	tl.t.Helper()
	require.NoError(tl.t, tl.Close())
	tl.open()
}

// crash opens the ledger as it is on disk now, as after a kill: in another directory, since the old process still has it.
func (tl *testLedger) crash() *testLedger {
	tl.t.Helper()
	o := tl.o
	o.Dir = tl.t.TempDir()
	copyFile(tl.t, tl.o.Dir+"/"+fileName, o.Dir+"/"+fileName)
	next := &testLedger{t: tl.t, o: o, id: tl.id}
	next.open()
	tl.t.Cleanup(func() { _ = next.Close() })
	return next
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, b, 0o600))
}

// establish sets the epoch to the start and ends the initial fill.
func (tl *testLedger) establish() {
	tl.t.Helper()
	require.NoError(tl.t, tl.account.Establish(start(), 0))
	tl.commit(Batch{InitialDone: true})
}

func (tl *testLedger) commit(b Batch) *Report {
	tl.t.Helper()
	b.Account = tl.account
	if b.Server.IsZero() {
		b.Server = start()
	}
	r, err := tl.Commit(&b)
	require.NoError(tl.t, err)
	return r
}

// count brings calls in and gives what became of them.
func (tl *testLedger) count(calls ...call.Call) []Result {
	tl.t.Helper()
	b := Batch{}
	for _, c := range calls {
		b.Items = append(b.Items, Item{Call: c})
	}
	return tl.commit(b).Results
}

// someCall is an answered call that ended a minute after the start.
func someCall(key uint64, adjust ...func(*call.Call)) call.Call {
	c := call.Call{
		Key: key, Session: key + 1<<40, End: start().Add(time.Minute), Start: start(),
		Type: enum.Incoming, Reason: enum.IncomingHungUp, Outcome: enum.Answered, Party: enum.Customer,
		Country: "CN", CallingCode: "86", Group: "sales", VoiceGroupID: "7", Agent: "ann", Brand: "itnio",
		SIPCode: "200", Media: "none", Talk: 42, Ring: 7, SessionID: fmt.Sprint(key + 1<<40),
	}
	for _, f := range adjust {
		f(&c)
	}
	return c
}

func noAnswer(c *call.Call) {
	c.Reason, c.Outcome, c.Talk = enum.IncomingNotAnswered, enum.NoAnswer, 0
}

// group is the name of another group, with its own id.
func group(name string) func(*call.Call) {
	return func(c *call.Call) {
		c.Group = name
		c.VoiceGroupID = fmt.Sprint(crc32.ChecksumIEEE([]byte(name)))
	}
}

func country(code string) func(*call.Call) { return func(c *call.Call) { c.Country = code } }
func ended(at time.Time) func(*call.Call)  { return func(c *call.Call) { c.End = at } }

// exposed are all values of an exposition: counters and gauges, and a histogram's count and sum.
func exposed(l *Ledger) map[string]float64 {
	all, _ := l.Exposition()
	return valuesOf(all)
}

func valuesOf(all []*series.Family) map[string]float64 {
	values := map[string]float64{}
	for _, f := range all {
		for _, m := range f.Metrics {
			name := f.Name + "{" + strings.Join(m.LabelValues, ",") + "}"
			if m.Hist == nil {
				values[name] = m.Value
				continue
			}
			values[name+"_count"] = float64(m.Hist.Count)
			values[name+"_sum"] = m.Hist.Sum
			for i, n := range m.Hist.Buckets {
				values[fmt.Sprintf("%s_bucket_%g", name, f.Bounds[i])] = float64(n)
			}
			for _, n := range m.Hist.Native {
				values[fmt.Sprintf("%s_native_%d", name, n.Index)] = float64(n.Count)
			}
			values[name+"_zero"] = float64(m.Hist.ZeroCount)
		}
	}
	return values
}
