package simulator_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nyaruka/phonenumbers/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// TestDeterminism: two simulators with one seed give the same calls and faults, at whatever times they are asked. Another seed gives other calls.
func TestDeterminism(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	run := func(seed uint64, step time.Duration, faults simulator.Faults) (all []simulator.Call) {
		synctest.Test(t, func(*testing.T) {
			start := time.Now()
			s := simulator.New(simulator.Options{Seed: seed, CallsPerDay: 50000, Start: start.Add(-time.Hour), Rhythm: 1, LateShare: 0.01, LongShare: 0.01, Faults: faults})
			for time.Since(start) < 24*time.Hour {
				time.Sleep(step)
				for range s.Calls() {
					break
				}
			}
			all = slices.Collect(s.Calls())
		})
		return all
	}
	all := simulator.AllFaults()
	a := run(1, 24*time.Hour, all)
	require.Greater(t, len(a), 10000)
	require.Equal(t, a, run(1, 20*time.Minute, all))
	b := run(2, 24*time.Hour, all)
	require.NotEqual(t, a[:100], b[:100])
	clean := run(1, 24*time.Hour, simulator.Faults{})
	all.Burst = 0
	faulty := run(1, 24*time.Hour, all)
	require.Len(t, faulty, len(clean))
	for i := range clean {
		require.Equal(t, clean[i].VoiceGroupID, faulty[i].VoiceGroupID, "faults spoil records, they do not make other calls")
	}
}

func TestDistributions(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	end := time.Date(2025, 3, 10, 0, 0, 0, 0, cst()) // a Monday
	s := simulator.New(simulator.Options{
		Seed: 5, Now: func() time.Time { return end }, Start: end.Add(-7 * 24 * time.Hour), CallsPerDay: 12000, Rhythm: 1, LongShare: 0.002, LateShare: 0.001,
	})
	var talks []float64
	types, reasons, parties, sips := map[enum.CallType]int{}, map[enum.Reason]int{}, map[enum.Party]int{}, map[enum.Outcome]map[int]int{}
	groups, agents, countries, hours := map[string]int{}, map[string]bool{}, map[string]int{}, map[int]int{}
	var n, long, late, weekend, short, quick, incoming, sessions int
	seen := map[string]bool{}
	for c := range s.Calls() {
		n++
		types[c.Type]++
		reasons[c.Reason]++
		parties[c.Party]++
		groups[c.Group]++
		countries[c.Country]++
		agents[c.Agent] = true
		hours[c.Start.In(cst()).Hour()]++
		o := c.Reason.Outcome()
		if sips[o] == nil {
			sips[o] = map[int]int{}
		}
		sips[o][c.SIPCode]++
		if w := c.Start.In(cst()).Weekday(); w == time.Saturday || w == time.Sunday {
			weekend++
		}
		if c.VisibleAt.Sub(c.End) > 10*time.Second {
			late++
		}
		if seen[c.Session] {
			sessions++
		}
		seen[c.Session] = true
		require.GreaterOrEqual(t, c.Ring, int64(0))
		require.Equal(t, c.End.Sub(c.Start), time.Duration(c.Ring+c.Talk)*time.Second)
		if o == enum.Answered {
			talks = append(talks, float64(c.Talk))
			require.Equal(t, c.Answer, c.Start.Add(time.Duration(c.Ring)*time.Second))
			if c.Talk >= 3600 {
				long++
			}
			if c.Talk <= 6 {
				short++
			}
		} else {
			require.Zero(t, c.Talk)
			require.True(t, c.Answer.IsZero())
		}
		if c.Type == enum.Incoming {
			incoming++
			if o == enum.Answered && c.Ring <= 20 {
				quick++
			}
		}
	}
	assert.InEpsilon(t, 7*12000, n, 0.01)
	assert.Zero(t, sessions, "sessions are unique")
	slices.Sort(talks)
	assert.InEpsilon(t, 180, talks[len(talks)/2], 0.03, "median talk")
	assert.InEpsilon(t, 180/math.Exp(1.1), talks[len(talks)*16/100], 0.05, "one sigma below")
	assert.InDelta(t, 0.001, float64(late)/float64(n), 0.0005)
	assert.Greater(t, float64(long)/float64(n), 0.002)
	assert.Less(t, float64(short)/float64(len(talks)), 0.01, "short calls are few on a good day")
	assert.Greater(t, float64(quick)/float64(incoming), 0.8, "a good day reaches its service level")
	assert.Less(t, float64(weekend)/float64(n), 0.15)
	assert.Greater(t, hours[10], 10*hours[3])
	assert.Len(t, types, 3)
	assert.Len(t, reasons, 10, "every reason happens")
	assert.Len(t, parties, 3)
	assert.Len(t, groups, 8)
	assert.Len(t, agents, 61, "sixty agents and nobody")
	assert.GreaterOrEqual(t, len(countries), 12)
	assert.Equal(t, map[int]int{200: sips[enum.Answered][200]}, sips[enum.Answered])
	assert.Equal(t, map[int]int{486: sips[enum.OutcomeBusy][486]}, sips[enum.OutcomeBusy])
	assert.Positive(t, sips[enum.Failed][503])
	assert.Positive(t, sips[enum.OutcomeNoService][404])
	abandoned := float64(reasons[enum.TransferRingingHungUp]) / float64(reasons[enum.TransferRingingHungUp]+reasons[enum.TransferSuccessHungUp])
	assert.Less(t, abandoned, 0.03)
}

func TestNumbersAreValid(t *testing.T) {
	codes := map[string]int{}
	for _, country := range simulator.DefaultCountries() {
		codes[country.CallingCode]++
		var calls []simulator.Call
		for range 50 {
			calls = append(calls, simulator.Call{Country: country.Code, Type: enum.Outgoing, Reason: enum.Busy})
		}
		a, noon := fixed(t, simulator.Options{}, calls...)
		for _, r := range a.query(body(noon.Add(-time.Hour), noon, 1, 100, "")).Records {
			for _, field := range []string{"called", "caller"} {
				n, err := phonenumbers.Parse("+"+r[field].(string), "")
				require.NoError(t, err, country.Code)
				assert.Equal(t, country.CallingCode, strconv.Itoa(int(n.GetCountryCode())), country.Code)
				assert.Equal(t, country.Code, phonenumbers.GetRegionCodeForNumber(n), "%s %v", country.Code, r[field])
				assert.True(t, phonenumbers.IsValidNumber(n), "%s %v", country.Code, r[field])
			}
		}
	}
	assert.Equal(t, []int{3, 2, 3}, []int{codes["1"], codes["7"], codes["44"]})
}

func TestCallsInProgress(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	synctest.Test(t, func(t *testing.T) {
		o := traffic()
		s := simulator.New(o)
		begin := time.Now()
		s.StopTraffic()
		a := newAPI(t, s)
		before := len(a.walk(begin.Add(-24*time.Hour), begin.Add(24*time.Hour), ""))
		inProgress := 0
		for c := range s.Calls() {
			require.False(t, c.Start.After(begin))
			if c.VisibleAt.After(begin) {
				inProgress++
			}
		}
		require.Positive(t, inProgress)
		time.Sleep(24 * time.Hour)
		require.Len(t, a.walk(begin.Add(-24*time.Hour), time.Now(), ""), before+inProgress)
	})
}

func TestAccountsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := traffic()
		o.Accounts = []simulator.Account{{Name: "a", Key: "keykeya", Secret: "sa"}, {Name: "b", Key: "keykeyb", Secret: "sb", Scale: 0.1}}
		s := simulator.New(o)
		calls := map[string]int{}
		for c := range s.Calls() {
			if !c.VisibleAt.After(time.Now()) {
				calls[c.Account]++
			}
		}
		require.Greater(t, calls["a"], 5*calls["b"])
		for _, acc := range o.Accounts {
			a := newAPI(t, s)
			a.key, a.secret = acc.Key, acc.Secret
			require.Len(t, a.walk(time.Now().Add(-24*time.Hour), time.Now(), ""), calls[acc.Name])
		}
	})
}

func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	from := time.Date(2025, 3, 4, 10, 0, 0, 0, cst())
	to := from.Add(2 * time.Hour)
	type counts struct{ all, hit, outside int }
	run := func(sc simulator.Scenario, in, hit func(simulator.Call) bool) (n counts) {
		sc.From, sc.To = from, to
		now := to.Add(24 * time.Hour)
		s := simulator.New(simulator.Options{
			Seed: 9, Now: func() time.Time { return now }, Start: from.Add(-2 * time.Hour), End: to.Add(2 * time.Hour), CallsPerDay: 48000, Scenarios: []simulator.Scenario{sc},
		})
		for c := range s.Calls() {
			if !in(c) {
				continue
			}
			if c.Start.Before(from) || !c.Start.Before(to) {
				n.outside++
				continue
			}
			n.all++
			if hit(c) {
				n.hit++
			}
		}
		return n
	}
	any := func(simulator.Call) bool { return true }
	n := run(simulator.Scenario{Kind: simulator.CarrierFailure, Country: "IN"},
		func(c simulator.Call) bool { return c.Country == "IN" && c.Type == enum.Outgoing },
		func(c simulator.Call) bool { return c.Reason == enum.CallFailed && c.SIPCode == 503 })
	assert.InDelta(t, 0.9, float64(n.hit)/float64(n.all), 0.1)
	n = run(simulator.Scenario{Kind: simulator.FraudNight}, func(c simulator.Call) bool { return c.Country == "CU" }, func(c simulator.Call) bool { return c.Talk >= 300 })
	assert.InEpsilon(t, 720, n.all, 0.15)
	assert.Equal(t, n.all, n.hit)
	assert.Zero(t, n.outside)
	n = run(simulator.Scenario{Kind: simulator.DeadGroup, Group: "Support"}, func(c simulator.Call) bool { return c.Group == "Support" }, any)
	assert.Zero(t, n.all)
	assert.Positive(t, n.outside)
	n = run(simulator.Scenario{Kind: simulator.MissedIncoming}, func(c simulator.Call) bool { return c.Type == enum.Incoming }, func(c simulator.Call) bool { return c.Reason == enum.IncomingNotAnswered })
	assert.InDelta(t, 0.9, float64(n.hit)/float64(n.all), 0.05)
	n = run(simulator.Scenario{Kind: simulator.SlowAnswer}, func(c simulator.Call) bool { return c.Type == enum.Incoming }, func(c simulator.Call) bool { return c.Ring >= 40 })
	assert.Equal(t, n.all, n.hit)
	n = run(simulator.Scenario{Kind: simulator.ShortCalls}, func(c simulator.Call) bool { return c.Reason == enum.OutgoingHungUp }, func(c simulator.Call) bool { return c.Talk <= 6 })
	assert.InDelta(t, 0.5, float64(n.hit)/float64(n.all), 0.1)
	n = run(simulator.Scenario{Kind: simulator.Wangiri, Rate: 30}, func(c simulator.Call) bool { return c.Country == "SL" }, func(c simulator.Call) bool { return c.Type == enum.Incoming && c.Ring <= 3 })
	assert.InEpsilon(t, 3600, n.all, 0.1)
	assert.Equal(t, n.all, n.hit)
	n = run(simulator.Scenario{Kind: simulator.Abandoned}, func(c simulator.Call) bool { return c.Type == enum.GroupCall }, func(c simulator.Call) bool { return c.Reason == enum.TransferRingingHungUp })
	assert.InDelta(t, 0.2, float64(n.hit)/float64(n.all), 0.08)
}
