package simulator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/enum"
)

func TestStagedIncident(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 1, 12, 6, 0, 0, 0, time.UTC)
	o := DemoOptions(from)
	o.Seed, o.Now, o.Scenarios = 1, func() time.Time { return from.Add(time.Hour) }, StagedIncident(from)
	type tally struct{ all, bad int }
	of := map[string]map[bool]*tally{} // what, during the incident or not
	count := func(what string, during, bad bool) {
		if of[what] == nil {
			of[what] = map[bool]*tally{false: {}, true: {}}
		}
		of[what][during].all++
		if bad {
			of[what][during].bad++
		}
	}
	for c := range New(o).Calls() {
		at := c.Start.Sub(from)
		during := at >= 0 && at < 30*time.Minute
		switch {
		case c.Country == "CU":
			count("Cuba", during, false)
		case c.Country == "IN" && c.Type == enum.Outgoing:
			count("India fails", during, c.SIPCode == 503)
		}
		if c.Group == "Support" && c.Country != "CU" {
			count("Support is silent", at >= 12*time.Minute && during, false)
			if c.Type == enum.Incoming {
				count("Support misses calls", at < 12*time.Minute && during, c.Reason == enum.IncomingNotAnswered)
			}
		}
	}
	require.Zero(t, of["Cuba"][false].all)
	require.Greater(t, of["Cuba"][true].all, 100)
	require.Zero(t, of["Support is silent"][true].all)
	for _, what := range []string{"India fails", "Support misses calls"} {
		during, otherwise := of[what][true], of[what][false]
		require.Greater(t, during.bad*10, during.all*7, what)
		require.Less(t, otherwise.bad*10, otherwise.all*3, what)
	}
}
