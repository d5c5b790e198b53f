package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
)

const (
	salesCalls = "itnio_calls_total{main,sales,CN,incoming,answered,incoming_hung_up,customer}"
	salesLast  = "itnio_last_call_timestamp_seconds{main,sales}"
)

// pastFirstFill is a ledger past its initial fill with zero first, and its clock.
func pastFirstFill(t *testing.T, d time.Duration) (*testLedger, *clock) {
	c := newClock()
	tl := newTestLedger(t, withZeroFirst(d), withClock(c.now))
	tl.establish()
	return tl, c
}

// scrape fetches the exposition in full.
func (tl *testLedger) scrape(prometheus bool) float64 {
	tl.t.Helper()
	all, gen := tl.Exposition()
	tl.Served(gen, prometheus)
	v, ok := valuesOf(all)[salesCalls]
	require.True(tl.t, ok)
	return v
}

// release does what the writer's timer does, and tells what shows then.
func (tl *testLedger) release() float64 {
	tl.t.Helper()
	_, before := tl.Exposition()
	due := tl.releaseDue()
	require.NoError(tl.t, tl.Release())
	all, after := tl.Exposition()
	require.Equal(tl.t, due, before != after, "the exposition's number changes exactly with it")
	require.False(tl.t, tl.releaseDue())
	return valuesOf(all)[salesCalls]
}

func TestZeroFirst(t *testing.T) {
	tl, c := pastFirstFill(t, time.Minute)
	tl.count(someCall(1), someCall(2))
	require.Equal(t, float64(someCall(1).End.Unix()), exposed(tl.Ledger)[salesLast], "a gauge says what is")
	require.Positive(t, tl.Stats().Held)

	c.advance(time.Hour)
	require.Zero(t, tl.release(), "nobody has seen the 0")
	require.Zero(t, tl.scrape(true))
	c.advance(time.Minute - time.Second)
	require.Zero(t, tl.release(), "too early")
	tl.count(someCall(3))
	require.Zero(t, tl.scrape(true), "a later scrape does not start the clock again")
	c.advance(time.Second)
	require.Zero(t, tl.scrape(true), "never in a scrape")
	require.EqualValues(t, 3, tl.release())
	require.Zero(t, tl.Stats().Held)
	require.EqualValues(t, 3, exposed(tl.crash().Ledger)[salesCalls], "released is durable before it shows")
	tl.count(someCall(4))
	require.EqualValues(t, 4, tl.scrape(true), "and does not show 0 again")
	tl.reopen()
	require.EqualValues(t, 4, tl.scrape(true))
}

func TestZeroFirstCountsOnlyFetchesThatHeldTheZero(t *testing.T) {
	tl, c := pastFirstFill(t, time.Minute)
	_, early := tl.Exposition()
	tl.count(someCall(1))
	tl.Served(early, true) // began before the series was there, ended after
	c.advance(time.Hour)
	require.Zero(t, tl.release())
	require.Zero(t, tl.scrape(true))
	c.advance(time.Minute)
	require.EqualValues(t, 1, tl.release())
}

func TestZeroFirstAndOtherClients(t *testing.T) {
	t.Run("count where no Prometheus comes", func(t *testing.T) {
		tl, c := pastFirstFill(t, time.Minute)
		tl.count(someCall(1))
		require.Zero(t, tl.scrape(false))
		c.advance(time.Minute)
		require.EqualValues(t, 1, tl.release())
	})
	t.Run("do not count beside one", func(t *testing.T) {
		tl, c := pastFirstFill(t, time.Minute)
		_, gen := tl.Exposition()
		tl.Served(gen, true)
		tl.count(someCall(1))
		c.advance(9 * time.Minute)
		require.Zero(t, tl.scrape(false))
		c.advance(59 * time.Second)
		require.Zero(t, tl.scrape(false))
		require.Zero(t, tl.release())
		c.advance(time.Second) // ten minutes after the last Prometheus
		require.Zero(t, tl.scrape(false))
		c.advance(time.Minute)
		require.EqualValues(t, 1, tl.release())
	})
}

func TestZeroFirstThroughRestarts(t *testing.T) {
	tl, c := pastFirstFill(t, time.Minute)
	tl.count(someCall(1))
	require.Zero(t, tl.scrape(true))
	c.advance(59 * time.Second)
	tl.reopen()
	require.Zero(t, exposed(tl.Ledger)[salesCalls], "not released: still 0")
	c.advance(time.Hour)
	require.Zero(t, tl.release(), "the fetch before the restart is forgotten")
	require.Zero(t, tl.scrape(true))
	c.advance(time.Minute)
	crashed := tl.crash()
	require.Zero(t, exposed(crashed.Ledger)[salesCalls])
	require.EqualValues(t, 1, tl.release())
	tl.reopen()
	require.EqualValues(t, 1, exposed(tl.Ledger)[salesCalls])
}

func TestZeroFirstOff(t *testing.T) {
	tl, _ := pastFirstFill(t, 0)
	tl.count(someCall(1))
	require.EqualValues(t, 1, exposed(tl.Ledger)[salesCalls])
	require.False(t, tl.releaseDue())

	t.Run("switched off", func(t *testing.T) {
		tl, _ := pastFirstFill(t, time.Minute)
		tl.count(someCall(1))
		require.Zero(t, exposed(tl.Ledger)[salesCalls])
		tl.SetZeroFirst(0)
		require.EqualValues(t, 1, tl.release())
	})
	t.Run("made longer", func(t *testing.T) {
		tl, c := pastFirstFill(t, time.Minute)
		tl.count(someCall(1))
		tl.scrape(true)
		tl.SetZeroFirst(time.Hour)
		c.advance(59 * time.Minute)
		require.Zero(t, tl.release())
		c.advance(time.Minute)
		require.EqualValues(t, 1, tl.release())
	})
}

func TestInitialFill(t *testing.T) {
	for name, show := range map[string]bool{"with history": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			tl := newTestLedger(t, withZeroFirst(time.Minute), withClock(c.now))
			require.NoError(t, tl.account.Establish(start(), time.Hour))
			tl.count(someCall(1), someCall(2))
			tl.count(someCall(3, noAnswer))
			require.Empty(t, exposed(tl.Ledger), "the families appear in one step")
			_, gen := tl.Exposition()
			tl.Served(gen, true)
			c.advance(time.Hour)
			require.NoError(t, tl.Release())
			tl.reopen()
			require.Empty(t, exposed(tl.Ledger))
			tl.commit(Batch{Items: []Item{{Call: someCall(4, country("IN"))}}, InitialDone: true, ShowInitial: show})

			values := exposed(tl.Ledger)
			want := map[bool]float64{true: 2, false: 0}[show]
			require.Equal(t, want, values[salesCalls])
			require.Contains(t, values, "itnio_calls_total{main,sales,IN,incoming,answered,incoming_hung_up,customer}")
			require.Equal(t, want, exposed(tl.crash().Ledger)[salesCalls])
			all, _ := tl.Exposition()
			for _, f := range all {
				if f.Name == "itnio_calls_total" {
					for _, m := range f.Metrics {
						require.Equal(t, start().Add(-time.Hour), m.Created, "the epoch")
					}
				}
			}
			c.advance(time.Hour)
			tl.count(someCall(5, group("support")))
			require.Zero(t, exposed(tl.Ledger)["itnio_calls_total{main,support,CN,incoming,answered,incoming_hung_up,customer}"], "later ones start at 0")
			if !show {
				tl.scrape(true)
				c.advance(time.Minute)
				require.EqualValues(t, 2, tl.release())
			}
		})
	}
}

// Series that show 0 when another account's first fill appears are not fetched before they are there.
func TestFetchesBeforeTheInitialFillDoNotCount(t *testing.T) {
	c := newClock()
	tl := newTestLedger(t, withZeroFirst(time.Minute), withClock(c.now))
	require.NoError(t, tl.account.Establish(start(), time.Hour))
	tl.count(someCall(1))
	_, gen := tl.Exposition()
	tl.commit(Batch{InitialDone: true})
	tl.Served(gen, true)
	c.advance(time.Hour)
	require.Zero(t, tl.release())
	require.Zero(t, tl.scrape(true))
	c.advance(time.Minute)
	require.EqualValues(t, 1, tl.release())
}

// A batch that brings a baseline call makes its series exist at 0, and the next counted call has a 0 to rise from.
func TestBaselineMakesSeries(t *testing.T) {
	tl, _ := pastFirstFill(t, 0)
	old := ended(start().Add(-time.Second))
	require.Equal(t, []Result{Baseline}, tl.count(someCall(1, old)))
	values := exposed(tl.Ledger)
	require.Contains(t, values, salesCalls)
	require.Zero(t, values[salesCalls])
	require.EqualValues(t, start().Unix()-1, values[salesLast])
	require.Equal(t, []Result{Duplicate, Counted}, tl.count(someCall(1), someCall(2, ended(start()))))
	require.EqualValues(t, 1, exposed(tl.Ledger)[salesCalls])
}

func TestLastCallIgnoresTheFuture(t *testing.T) {
	tl, _ := pastFirstFill(t, 0)
	slack := start().Add(5 * time.Minute)
	tl.count(someCall(1, ended(slack)), someCall(2, ended(slack.Add(time.Second))), someCall(3, func(c *call.Call) { c.End = time.Unix(4e9, 0) }))
	require.EqualValues(t, slack.Unix(), exposed(tl.Ledger)[salesLast])
	require.EqualValues(t, 3, exposed(tl.Ledger)[salesCalls], "they count all the same")
}
