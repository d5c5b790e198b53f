package e2e

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

func isGauge(key string) bool {
	return regexp.MustCompile(`^itnio_(last_call_|country_info|agent_group_info|account_info)`).MatchString(key)
}

// history gives options for calls of the past that have all ended: tests add those of the present, which are short.
func history(seed uint64, span time.Duration, callsPerDay float64) simulator.Options {
	now := time.Now()
	return simulator.Options{
		Seed: seed, Start: now.Add(-span), End: now.Add(-12 * time.Minute), CallsPerDay: callsPerDay,
		TalkMedian: 60 * time.Second, TalkSigma: 0.6,
	}
}

// maker makes calls of every kind that end within a few seconds.
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

// few leaves a few groups and countries, where the number of series is not the point.
func few(o *simulator.Options, m *maker) {
	m.groups, m.countries = m.groups[:2], m.countries[:4]
	o.Groups, o.Countries = m.groups, simulator.DefaultCountries()[:4]
}

// call is a call that starts at a time: it rings for up to 2 seconds and lasts for up to 3 more.
func (m *maker) call(start time.Time) simulator.Call {
	g := m.groups[m.rng.IntN(len(m.groups))]
	typ := enum.CallType(1 + m.rng.IntN(3))
	reasons := map[enum.CallType][]enum.Reason{
		enum.GroupCall: {enum.TransferRingingHungUp, enum.TransferSuccessHungUp, enum.TransferSuccessHungUp, enum.Busy},
		enum.Incoming:  {enum.IncomingNotAnswered, enum.IncomingHungUp, enum.IncomingHungUp},
		enum.Outgoing: {
			enum.OutgoingNotAnswered, enum.OutgoingHungUp, enum.OutgoingHungUp, enum.CallFailed, enum.NoService,
			enum.OutOfServiceArea, enum.Busy,
		},
	}[typ]
	c := simulator.Call{
		Type: typ, Reason: reasons[m.rng.IntN(len(reasons))], Party: []enum.Party{enum.Customer, enum.Agent, enum.NoParty}[m.rng.IntN(3)],
		Country: m.countries[m.rng.IntN(len(m.countries))], Group: g.Name, VoiceGroupID: g.VoiceGroupID,
		Agent: []string{"", "ann", "bob", "ce"}[m.rng.IntN(4)], Tags: [][]string{nil, nil, {"interested"}, {"VIP", "call back"}}[m.rng.IntN(4)],
		Media: []string{"", "", "human", "machine"}[m.rng.IntN(4)],
		Start: start, Ring: m.rng.Int64N(3),
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
		c.Talk = m.rng.Int64N(4)
	} else {
		c.SIPCode = []int{0, 404, 480, 486, 487, 503}[m.rng.IntN(6)]
	}
	return c
}

// traffic adds calls at a rate for a while. One in twenty has its record some seconds late, and as many are older calls,
// of the last hundred minutes, whose records turn up now.
func (m *maker) traffic(t testing.TB, s *simulator.Simulator, perSecond int, lasts time.Duration) {
	t.Helper()
	for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		m.batch(t, s, max(1, perSecond/10))
	}
}

func (m *maker) batch(t testing.TB, s *simulator.Simulator, n int) {
	t.Helper()
	now := time.Now()
	batch := make([]simulator.Call, n)
	for i := range batch {
		c := m.call(now)
		switch m.rng.IntN(20) {
		case 0:
			c.VisibleAt = now.Add(3*time.Second + time.Duration(m.rng.IntN(3000))*time.Millisecond)
		case 1:
			c.Start = now.Add(-time.Minute - time.Duration(m.rng.IntN(6000))*time.Second)
			c.VisibleAt = now.Add(time.Duration(m.rng.IntN(3000)) * time.Millisecond)
		}
		batch[i] = c
	}
	require.NoError(t, s.Add(batch...))
}

// underWay are calls that are in progress now and end in some seconds.
func (m *maker) underWay(n int) []simulator.Call {
	out := make([]simulator.Call, n)
	for i := range out {
		out[i] = m.call(time.Now().Add(-time.Duration(30+m.rng.IntN(1200)) * time.Second))
		out[i].End = time.Now().Add(time.Duration(4+m.rng.IntN(4)) * time.Second)
	}
	return out
}

func callsTotal() *regexp.Regexp { return regexp.MustCompile(`^itnio_calls_total\{`) }
