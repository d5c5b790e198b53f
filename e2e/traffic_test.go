package e2e

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// history gives options for calls of the past that have all ended. Tests add the calls of the present.
func history(seed uint64, span time.Duration, callsPerDay float64) simulator.Options {
	now := time.Now()
	return simulator.Options{
		Seed: seed, Start: now.Add(-span), End: now.Add(-12 * time.Minute), CallsPerDay: callsPerDay,
		TalkMedian: 60 * time.Second, TalkSigma: 0.6,
	}
}

// maker makes calls of every kind.
type maker struct {
	rng       *rand.Rand
	groups    []simulator.Group
	countries []string
}

func newMaker(seed uint64) *maker {
	return &maker{
		rng:       rand.New(rand.NewPCG(seed, 1)),
		groups:    simulator.DefaultGroups(),
		countries: []string{"CN", "US", "CA", "DO", "IN", "GB", "JE", "GG", "RU", "KZ", "BR", "001", "SG", "IT", "CU", "LV", "KE", "unknown"},
	}
}

// few leaves a few groups and countries, for tests that need no great number of series.
func few(o *simulator.Options, m *maker) {
	m.groups, m.countries = m.groups[:2], m.countries[:4]
	o.Groups, o.Countries = m.groups, simulator.DefaultCountries()[:4]
}

// reasons are the hang-up reasons by call type; answered calls come more often.
var reasons = map[enum.CallType][]enum.Reason{
	enum.GroupCall: {enum.TransferRingingHungUp, enum.TransferSuccessHungUp, enum.TransferSuccessHungUp, enum.Busy},
	enum.Incoming:  {enum.IncomingNotAnswered, enum.IncomingHungUp, enum.IncomingHungUp},
	enum.Outgoing: {
		enum.OutgoingNotAnswered, enum.OutgoingHungUp, enum.OutgoingHungUp, enum.CallFailed, enum.NoService,
		enum.OutOfServiceArea, enum.Busy,
	},
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// call is a call that ends at a time. It rang for up to 24 seconds; if it was answered, the talk lasted for up to 99 more.
func (m *maker) call(end time.Time) simulator.Call {
	g := pick(m.rng, m.groups...)
	typ := enum.CallType(1 + m.rng.IntN(3))
	c := simulator.Call{
		Type: typ, Reason: pick(m.rng, reasons[typ]...), Party: pick(m.rng, enum.Customer, enum.Agent, enum.NoParty),
		Country: pick(m.rng, m.countries...), Group: g.Name, VoiceGroupID: g.VoiceGroupID,
		Agent: pick(m.rng, "", "ann", "bob", "ce"), Tags: pick(m.rng, nil, nil, []string{"interested"}, []string{"VIP", "call back"}),
		Media: pick(m.rng, "", "", "human", "machine"), Ring: m.rng.Int64N(25),
	}
	switch m.rng.IntN(20) {
	case 0:
		c.Group = "" // known by its id only
	case 1:
		c.Group, c.VoiceGroupID = "", 0
	case 2:
		c.NoRing = true
	}
	if c.Reason.Outcome() == enum.Answered {
		c.Talk = m.rng.Int64N(100)
	} else {
		c.SIPCode = pick(m.rng, 0, 404, 480, 486, 487, 503)
	}
	c.Start = end.Add(-time.Duration(c.Ring+c.Talk) * time.Second)
	return c
}

// traffic adds calls at a rate for a while. Of twenty records one is some seconds late, and one is late by up to a
// hundred minutes.
func (m *maker) traffic(t testing.TB, s *simulator.Simulator, perSecond int, lasts time.Duration) {
	t.Helper()
	const batch = 100 * time.Millisecond
	for range lasts / batch { // as many calls on a slow machine
		m.batch(t, s, max(1, perSecond/10))
		time.Sleep(batch)
	}
}

func (m *maker) batch(t testing.TB, s *simulator.Simulator, n int) {
	t.Helper()
	now := time.Now()
	batch := make([]simulator.Call, n)
	for i := range batch {
		c := m.call(now.Add(time.Duration(m.rng.IntN(1000)) * time.Millisecond))
		switch m.rng.IntN(20) {
		case 0:
			c.VisibleAt = now.Add(1500*time.Millisecond + time.Duration(m.rng.IntN(1000))*time.Millisecond)
		case 1:
			c.Start = c.Start.Add(-time.Minute - time.Duration(m.rng.IntN(6000))*time.Second)
			c.VisibleAt = now.Add(time.Duration(m.rng.IntN(2000)) * time.Millisecond)
		}
		batch[i] = c
	}
	require.NoError(t, s.Add(batch...))
}

// inProgress are calls that started up to twenty minutes ago and end in some seconds.
func (m *maker) inProgress(n int) []simulator.Call {
	out := make([]simulator.Call, n)
	for i := range out {
		out[i] = m.call(time.Now().Add(-time.Duration(30+m.rng.IntN(1200)) * time.Second))
		out[i].End = time.Now().Add(time.Duration(3+m.rng.IntN(2)) * time.Second)
	}
	return out
}

// waitForRecords waits until the last record has appeared and is complete.
func waitForRecords(t testing.TB, s *simulator.Simulator) {
	t.Helper()
	var last time.Time
	for c := range s.Calls() {
		for _, at := range []time.Time{c.VisibleAt, c.CompletedAt} {
			if at.After(last) {
				last = at
			}
		}
	}
	wait := time.Until(last)
	require.Less(t, wait, time.Minute, "tests make records that appear within seconds")
	time.Sleep(wait)
}
