// Package simulator is a stand-in for the call-centre API: it makes up calls, serves their records as the vendor's page
// describes, and lists the calls, so that tests can compare them with what was counted.
//
// It shares no code with the exporter's client, so that a mistake in one is not repeated in the other. Everything is drawn from a
// seed: the same options give the same calls, whatever is asked and when. Habits are what the vendor's page does not define, Faults
// are failures, and a Scenario is traffic for which there is an alert. Time is read from Options.Now only, so it runs in virtual time in a synctest bubble:
//
//	s := simulator.New(simulator.Options{Seed: 1, CallsPerDay: 24000, Start: time.Now().Add(-24 * time.Hour)})
//	client := &http.Client{Transport: s.RoundTripper()} // no sockets
//	...
//	for c := range s.Calls() { ... } // the truth
package simulator

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Options set the traffic and how the API behaves. The zero value has one account and no traffic; calls can be added.
type Options struct {
	Seed uint64
	Now  func() time.Time // default time.Now

	Start       time.Time // no call starts before; in the past it makes history; zero: the time of New
	End         time.Time // no call starts at or after; zero: never ends
	CallsPerDay float64   // mean over a week, for an account of scale 1
	Rhythm      float64   // depth of the daily and weekly rhythm, in the records' time zone: 0 flat to 1 full

	Accounts  []Account // default DefaultAccounts
	Groups    []Group   // default DefaultGroups
	Countries []Country // default DefaultCountries; those of weight 0 are called in scenarios and added calls only

	TalkMedian time.Duration // of answered calls, log-normal; default 180 s
	TalkSigma  float64       // default 1.1
	LongShare  float64       // of all calls: talks of 1 to 6 hours, e.g. 0.002
	LateShare  float64       // of all records: appear 1 to 3 hours after the call's end, e.g. 0.001

	Habits    Habits
	Faults    Faults
	Scenarios []Scenario

	Latency   time.Duration // of every answer
	RateLimit float64       // requests a second for each key, beyond which the answer is -15; 0: none
}

// Account is one account of the API. Accounts have calls of their own; their ids overlap on purpose.
type Account struct {
	Name        string
	Key, Secret string
	Scale       float64 // of CallsPerDay; 0 is 1
}

// Simulator makes calls and answers queries. It is safe for concurrent use.
type Simulator struct {
	o    Options
	zone *time.Location

	regions []string // of Options.Countries

	mu        sync.Mutex
	tenants   []*tenant
	texts     texts
	calls     drawer
	faults    Faults
	scenarios []Scenario
	switches  Switches
	traffic   bool
	requests  map[string]uint64 // by key; the number of a request draws its faults
	buckets   map[string]*tokens
	stats     map[string]int
}

// New makes a simulator; missing options get their defaults.
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Start.IsZero() {
		o.Start = o.Now()
	}
	if len(o.Accounts) == 0 {
		o.Accounts = DefaultAccounts()
	}
	if len(o.Groups) == 0 {
		o.Groups = DefaultGroups()
	}
	if len(o.Countries) == 0 {
		o.Countries = DefaultCountries()
	}
	if o.TalkMedian == 0 {
		o.TalkMedian = 180 * time.Second
	}
	if o.TalkSigma == 0 {
		o.TalkSigma = 1.1
	}
	s := &Simulator{
		o:         o,
		zone:      o.Habits.zone(),
		regions:   regionsOf(o.Countries),
		faults:    o.Faults,
		scenarios: o.Scenarios,
		traffic:   true,
		texts:     newTexts(),
		requests:  map[string]uint64{},
		buckets:   map[string]*tokens{},
		stats:     map[string]int{},
	}
	s.calls = newDrawer(o, s.zone, &s.texts)
	for i, a := range o.Accounts {
		s.tenants = append(s.tenants, newTenant(a, mix(o.Seed, uint64(i)+1), o))
	}
	return s
}

// Switches take effect at once and stay until they are set again.
type Switches struct {
	Down        bool `json:"down"`         // every connection is reset
	AuthRefused bool `json:"auth_refused"` // every query is answered with -1
	Status      int  `json:"status"`       // every query is answered with this status; 0: off
	StopTraffic bool `json:"stop_traffic"` // no new calls start; those in progress end and appear
}

// SetSwitches replaces the switches.
func (s *Simulator) SetSwitches(w Switches) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance() // calls that have begun are not changed
	if w.StopTraffic && s.traffic {
		now := s.o.Now()
		for _, t := range s.tenants {
			t.cancelAfter(now)
		}
	}
	s.traffic = !w.StopTraffic
	s.switches = w
}

// Switches returns the present switches.
func (s *Simulator) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// StopTraffic stops new calls. Calls in progress end, and their records appear.
func (s *Simulator) StopTraffic() {
	w := s.Switches()
	w.StopTraffic = true
	s.SetSwitches(w)
}

// SetFaults replaces the faults, from now on: records that exist stay as they are.
func (s *Simulator) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.faults = f
}

// AddScenario makes a scenario happen, for calls that have not started yet.
func (s *Simulator) AddScenario(sc Scenario) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.scenarios = append(slices.Clip(s.scenarios), sc)
}

// Stats counts the requests so far by how they were answered: a status ("0", "-16"), "http_429", "html", "cut", "garbage", "reset", "hang", "dns".
func (s *Simulator) Stats() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.stats)
}

// Requests is the number of requests so far.
func (s *Simulator) Requests() int {
	n := 0
	for _, v := range s.Stats() {
		n += v
	}
	return n
}

// advance brings every account's records to the present.
func (s *Simulator) advance() {
	now := s.o.Now()
	for _, t := range s.tenants {
		s.advanceTenant(t, now)
	}
}

// texts keeps each string once and numbers it, so that a million rows contain no pointers.
type texts struct {
	all   []string
	known map[string]uint32
}

func newTexts() texts {
	return texts{all: []string{""}, known: map[string]uint32{"": 0}}
}

func (t *texts) number(s string) uint32 {
	n, ok := t.known[s]
	if !ok {
		n = uint32(len(t.all))
		t.all = append(t.all, s)
		t.known[s] = n
	}
	return n
}
