package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/config"
)

func contents(t *testing.T, tl *testLedger) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(tl.o.Dir, fileName))
	require.NoError(t, err)
	return b
}

func agentsBy(mode config.AgentMode, key string) config.Metrics {
	m := testMetrics()
	m.Agents, m.AgentHashKey, m.Limits.Agent = mode, config.Secret(key), 3
	return m
}

// Agents that are shown in another way start again at 0: the values of before give their room back and are gone from the file.
func TestAgentsShownInAnotherWay(t *testing.T) {
	tl := newTestLedger(t, withModel(agentsBy(config.AgentsName, "")))
	tl.establish()
	key := uint64(0)
	count := func(prefix string) {
		for i := range 3 {
			key++
			tl.count(someCall(key, func(c *call.Call) { c.Agent = fmt.Sprint(prefix, i) }))
		}
		for i := range 3 {
			require.EqualValues(t, 1, exposed(tl.Ledger)[fmt.Sprintf("itnio_agent_calls_total{main,sales,%s%d,incoming,answered,customer}", prefix, i)])
		}
	}
	count("clear name ")
	before := exposed(tl.Ledger)[salesCalls]
	for i, next := range []config.Metrics{
		agentsBy(config.AgentsHash, "first key"), agentsBy(config.AgentsHash, "second key"), agentsBy(config.AgentsName, ""),
	} {
		prefix := fmt.Sprint("way ", i, " ")
		if i%2 == 0 {
			require.NoError(t, tl.SetModel(families.New(next)))
			tl.o.Model = families.New(next)
		} else {
			tl.o.Model = families.New(next)
			tl.reopen()
		}
		require.NotContains(t, string(contents(t, tl)), "clear name")
		require.NotContains(t, string(contents(t, tl)), fmt.Sprint("way ", i-1))
		require.NotContains(t, string(contents(t, tl)), "first key")
		count(prefix)
		require.NoError(t, tl.SetModel(families.New(next)), "the same again changes nothing")
		tl.reopen()
		require.NotRegexp(t, "start again|rewritten", tl.log.String())
		require.Equal(t, before+float64(3*(i+1)), exposed(tl.Ledger)[salesCalls], "the others go on")
	}
	require.NoError(t, tl.SetModel(families.New(testMetrics())))
	require.NotContains(t, string(contents(t, tl)), "way 2")
	require.NoError(t, tl.Health())
}

// A file that could not be rewritten is rewritten at the next start.
func TestPurgeThatWasInterrupted(t *testing.T) {
	tl := newTestLedger(t, withModel(agentsBy(config.AgentsName, "")))
	tl.establish()
	tl.count(someCall(1, func(c *call.Call) { c.Agent = "clear name" }))
	inTheWay := filepath.Join(tl.o.Dir, fileName+unfinished)
	require.NoError(t, os.MkdirAll(filepath.Join(inTheWay, "x"), 0o700))
	tl.o.Model = families.New(testMetrics())
	require.NoError(t, tl.SetModel(tl.o.Model))
	require.Contains(t, tl.log.String(), "rewritten at the next start")
	require.Contains(t, string(contents(t, tl)), "clear name")
	require.Equal(t, []Result{Counted}, tl.count(someCall(2)), "it goes on")
	require.NoError(t, os.RemoveAll(inTheWay))
	tl.reopen()
	require.NotContains(t, string(contents(t, tl)), "clear name")
	require.Equal(t, []Result{Duplicate, Duplicate}, tl.count(someCall(1), someCall(2)))
	require.EqualValues(t, 2, exposed(tl.Ledger)[salesCalls])
}

// The name of a mode that a file of version 1 has says nothing of the key: it goes on, and from then on the key counts.
func TestMeaningOfVersionOne(t *testing.T) {
	present := families.New(agentsBy(config.AgentsHash, "key")).Families
	for _, f := range present {
		if f.Meaning != "" {
			require.Equal(t, f.Meaning, withFingerprint("hash", f.Meaning))
			require.Equal(t, "name", withFingerprint("name", f.Meaning))
			require.Equal(t, "", withFingerprint("", f.Meaning))
		}
	}
}

func TestLastSuccess(t *testing.T) {
	tl := newTestLedger(t)
	require.True(t, tl.account.LastSuccess().IsZero())
	require.NoError(t, tl.account.SetLastSuccess(start(), 0, ""))
	require.NoError(t, tl.account.SetLastSuccess(start().Add(59*time.Second), 0, ""))
	require.Equal(t, start().Unix(), tl.account.LastSuccess().Unix(), "at most once a minute")
	require.NoError(t, tl.account.SetLastSuccess(start().Add(time.Minute), 0, ""))
	tl.reopen()
	require.Equal(t, start().Add(time.Minute).Unix(), tl.account.LastSuccess().Unix())
	require.NoError(t, tl.account.SetLastSuccess(start(), 0, ""), "the local clock was set back")
	require.Equal(t, start().Unix(), tl.account.LastSuccess().Unix())
}

// TestHabits: what the ledger is told of a server's habits is kept as long as it is that server.
func TestHabits(t *testing.T) {
	tl := newTestLedger(t)
	require.Empty(t, tl.account.Habits())
	require.NoError(t, tl.account.SetLastSuccess(start(), 0, "some"))
	tl.reopen()
	require.Equal(t, "some", tl.account.Habits())
	require.NoError(t, tl.account.Establish(start(), 0))

	id := Identity{Name: tl.account.name, BaseURL: tl.account.meta.BaseURL, Filter: "another"}
	a, err := tl.Attach(id)
	require.NoError(t, err)
	require.Equal(t, "some", a.Habits(), "another filter asks the same server")

	id.MovedFrom, id.BaseURL = id.BaseURL, "https://moved.example"
	a, err = tl.Attach(id)
	require.NoError(t, err)
	require.Empty(t, a.Habits(), "another server")
}

func TestAddressThatIsCorrected(t *testing.T) {
	tl := newTestLedger(t)
	tl.id.BaseURL = "https://right.invalid"
	tl.reopen()
	tl.establish()
	tl.count(someCall(1))
	moved := tl.id
	moved.BaseURL = "https://new.invalid"
	require.ErrorContains(t, tl.Check(moved), "moved_from: https://right.invalid")
	moved.MovedFrom = "https://elsewhere.invalid"
	require.Error(t, tl.Check(moved))
	moved.MovedFrom = "HTTPS://right.invalid:443/"
	tl.id = moved
	tl.reopen()
	require.Equal(t, []Result{Duplicate}, tl.count(someCall(1)))
	tl.id.MovedFrom = ""
	tl.reopen()
	require.Equal(t, 1, tl.account.IDs(), "the new address is durable")
}

// Older releases stored the address as it was configured.
func TestAddressOfAnOlderRelease(t *testing.T) {
	tl := newTestLedger(t)
	tl.id.BaseURL = "https://API.invalid:443/v3"
	tl.reopen()
	tl.establish()
	tl.count(someCall(1))
	tl.id = identity()
	tl.reopen()
	require.Equal(t, []Result{Duplicate}, tl.count(someCall(1)))
}
