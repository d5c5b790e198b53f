package ledger

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
)

const oneDay = 24 * time.Hour

func retireAfter(d time.Duration) setting { return func(o *Options) { o.RetireAfter = d } }

// at counts a call of a group at a time that both clocks agree on.
func (tl *testLedger) at(c *clock, t time.Time, key uint64, g string) {
	tl.t.Helper()
	c.t = t
	tl.commit(Batch{Server: t, Items: []Item{{Call: someCall(key, group(g), ended(t))}}})
}

func TestSeriesWithoutACallRetire(t *testing.T) {
	c := newClock()
	m := testMetrics()
	m.Limits.AgentGroup = 2
	tl := newTestLedger(t, withClock(c.now), withModel(m), withZeroFirst(time.Minute), retireAfter(90*oneDay))
	tl.establish()
	calls := func(group string) string {
		return "itnio_calls_total{main," + group + ",CN,incoming,answered,incoming_hung_up,customer}"
	}
	show := func() {
		_, gen := tl.Exposition()
		tl.Served(gen, true)
		c.advance(time.Minute)
		require.NoError(t, tl.Release())
	}
	tl.at(c, start(), 1, "left")
	tl.at(c, start(), 2, "stays")
	show()
	require.EqualValues(t, 1, exposed(tl.Ledger)[calls("left")])
	for month := range 3 {
		tl.at(c, start().Add(time.Duration(month+1)*29*oneDay), uint64(10+month), "stays")
		tl.reopen() // the day of the last call is durable
	}
	require.Contains(t, exposed(tl.Ledger), calls("left"))
	tl.at(c, start().Add(89*oneDay), 20, "new")
	require.Contains(t, exposed(tl.Ledger), calls("other"), "there is no room yet")

	tl.at(c, start().Add(91*oneDay), 21, "stays")
	for range 2 {
		values := exposed(tl.Ledger)
		require.NotContains(t, values, calls("left"))
		require.EqualValues(t, 5, values[calls("stays")])
		require.EqualValues(t, 1, values["itnio_country_info{CN,86,China}"], "its value never changes, and it is in use")
		require.NotContains(t, string(contents(t, tl)), "left", "it is gone from the file's free pages too")
		if _, there := values[calls("new")]; !there {
			tl.at(c, start().Add(92*oneDay), 22, "new")
			require.Contains(t, exposed(tl.Ledger), calls("new"), "its place is free")
		}
		tl.reopen()
	}

	// It comes back at 0, zero first, with a new created time, in the place of another one.
	tl.o.Model = families.New(testMetrics())
	tl.reopen()
	tl.at(c, start().Add(93*oneDay), 23, "left")
	require.EqualValues(t, 0, exposed(tl.Ledger)[calls("left")])
	show()
	require.EqualValues(t, 1, exposed(tl.Ledger)[calls("left")], "only what was counted since")
	all, _ := tl.Exposition()
	for _, f := range all {
		for _, s := range f.Metrics {
			if f.Name == "itnio_calls_total" && s.LabelValues[1] == "left" {
				require.Equal(t, start().Add(93*oneDay), s.Created)
			}
		}
	}
}

// One clock that is wrong, the server's or the local one, takes nothing out.
func TestBothClocksHaveToAgreeBeforeSeriesRetire(t *testing.T) {
	c := newClock()
	tl := newTestLedger(t, withClock(c.now), retireAfter(90*oneDay))
	tl.establish()
	tl.at(c, start(), 1, "sales")
	far := start().Add(10000 * oneDay)
	c.advance(2 * time.Hour)
	tl.commit(Batch{Server: far, Swept: 1})
	require.Contains(t, exposed(tl.Ledger), salesCalls)
	c.t = far
	tl.commit(Batch{Server: start().Add(2 * time.Hour), Swept: 2})
	require.Contains(t, exposed(tl.Ledger), salesCalls)
	c.advance(2 * time.Hour)
	tl.commit(Batch{Server: far.Add(2 * time.Hour), Swept: 3})
	require.NotContains(t, exposed(tl.Ledger), salesCalls)
}

func TestSeriesNeverRetireWhereSwitchedOff(t *testing.T) {
	c := newClock()
	tl := newTestLedger(t, withClock(c.now))
	tl.establish()
	tl.at(c, start(), 1, "sales")
	tl.at(c, start().Add(5000*oneDay), 2, "other group")
	require.Contains(t, exposed(tl.Ledger), salesCalls)
	tl.SetRetireAfter(oneDay)
	tl.at(c, start().Add(5001*oneDay), 3, "other group")
	require.NotContains(t, exposed(tl.Ledger), salesCalls)
}

// A group that is renamed has one info series, whatever the order in which its calls are read; the counters of both names stay.
func TestRenamedGroup(t *testing.T) {
	for name, order := range map[string][]int{"as they end": {0, 1, 2}, "newest first": {2, 1, 0}, "an old one late": {0, 2, 1}} {
		t.Run(name, func(t *testing.T) {
			tl := newTestLedger(t)
			tl.establish()
			names := []string{"old", "old", "new"}
			for _, i := range order {
				tl.count(someCall(uint64(1+i), ended(start().Add(time.Duration(i)*time.Minute)), func(c *call.Call) { c.Group, c.Brand = names[i], "brand "+names[i] }))
			}
			for range 2 {
				values := exposed(tl.Ledger)
				require.NotContains(t, values, "itnio_agent_group_info{main,old,7}")
				require.EqualValues(t, 1, values["itnio_agent_group_info{main,new,7}"])
				require.NotContains(t, values, "itnio_account_info{main,brand old}")
				require.EqualValues(t, 1, values["itnio_account_info{main,brand new}"])
				require.EqualValues(t, 2, values["itnio_calls_total{main,old,CN,incoming,answered,incoming_hung_up,customer}"])
				tl.reopen()
			}
			// In one batch there and back.
			tl.count(someCall(10, ended(start().Add(time.Hour)), group("x"), func(c *call.Call) { c.VoiceGroupID = "7" }),
				someCall(11, ended(start().Add(2*time.Hour)), func(c *call.Call) { c.Group = "new" }))
			for range 2 {
				require.NotContains(t, exposed(tl.Ledger), "itnio_agent_group_info{main,x,7}")
				require.EqualValues(t, 1, exposed(tl.Ledger)["itnio_agent_group_info{main,new,7}"])
				tl.reopen()
			}
		})
	}
}

// A group without a name goes by its id: that is no other name for it.
func TestGroupWithoutAName(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	tl.count(someCall(1), someCall(2, func(c *call.Call) { c.Group = "7" }), someCall(3))
	values := exposed(tl.Ledger)
	require.EqualValues(t, 1, values["itnio_agent_group_info{main,7,7}"])
	require.EqualValues(t, 1, values["itnio_agent_group_info{main,sales,7}"])
}

// An account that left the configuration gives back its room in the limits; its series stay in the ledger.
func TestAccountThatLeftGivesRoom(t *testing.T) {
	m := testMetrics()
	m.Limits.Series, m.Limits.AgentGroup = 20, 20
	tl := newTestLedger(t, withModel(m))
	tl.establish()
	fill := func(a *Account, from, n int) (other int) {
		t.Helper()
		for i := range n {
			r, err := tl.Commit(&Batch{Account: a, Server: start(), Items: []Item{{Call: someCall(uint64(from+i), group(fmt.Sprint(a.name, " ", from+i)))}}, InitialDone: true})
			require.NoError(t, err)
			if len(r.Overflow) > 0 {
				other++
			}
		}
		return other
	}
	require.Zero(t, fill(tl.account, 1, 15))
	second, err := tl.Attach(Identity{Name: "second", BaseURL: "https://api.invalid"})
	require.NoError(t, err)
	require.NoError(t, second.Establish(start(), 0))
	require.Equal(t, 12, fill(second, 100, 15), "18 label sets of a family are not folded")
	series := tl.Stats().Series
	tl.Detach(tl.account)
	require.Zero(t, fill(second, 200, 12))
	require.Greater(t, tl.Stats().Series, series)
	tl.open2()
	require.EqualValues(t, 1, exposed(tl.Ledger)["itnio_calls_total{main,main 15,CN,incoming,answered,incoming_hung_up,customer}"])
}

// A restored ledger takes nothing out until it has caught up: any of its series may have had calls since the backup.
func TestRestoredLedgerRetiresNothingAtFirst(t *testing.T) {
	c := newClock()
	tl := newTestLedger(t, withClock(c.now))
	tl.establish()
	tl.at(c, start(), 1, "left")
	dir := t.TempDir()
	require.NoError(t, tl.Backup(filepath.Join(dir, fileName)))
	tl = newTestLedger(t, withClock(c.now), withDir(dir), retireAfter(90*oneDay))
	require.True(t, tl.account.Copied())
	later := start().Add(91 * oneDay)
	c.t = later
	series := tl.Stats().Series
	tl.commit(Batch{Server: later, Swept: 1})
	require.Equal(t, series, tl.Stats().Series)
	tl.commit(Batch{Server: later, Swept: 2, CaughtUp: true})
	tl.commit(Batch{Server: later, Swept: 3})
	require.Less(t, tl.Stats().Series, series)
}
