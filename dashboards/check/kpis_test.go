package check

import (
	"math"
	"slices"
	"strings"
	"testing"

	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// is says whether a call is of a sort.
type is func(*simulator.Call) bool

func all(*simulator.Call) bool { return true }

func outgoing(c *simulator.Call) bool { return c.Type == enum.Outgoing }

func incoming(c *simulator.Call) bool { return c.Type == enum.Incoming }

func answered(c *simulator.Call) bool { return c.Reason.Outcome() == enum.Answered }

func missed(c *simulator.Call) bool { return incoming(c) && !answered(c) }

// delivered calls are those that the network brought to the callee (NER).
func delivered(c *simulator.Call) bool {
	return slices.Contains([]enum.Outcome{enum.Answered, enum.OutcomeBusy, enum.NoAnswer, enum.Unreachable}, c.Reason.Outcome())
}

func short(c *simulator.Call) bool { return c.Talk <= 6 }

// abandoned are the dialler's calls that were hung up while they rang at the agent, connected those that were answered.
func abandoned(c *simulator.Call) bool {
	return c.Type == enum.GroupCall && c.Reason.Outcome() == enum.Abandoned
}

func connected(c *simulator.Call) bool { return c.Type == enum.GroupCall && answered(c) }

func within(seconds int64) is { return func(c *simulator.Call) bool { return c.Ring <= seconds } }

func of(country string) is { return func(c *simulator.Call) bool { return c.Country == country } }

func by(p enum.Party) is { return func(c *simulator.Call) bool { return c.Party == p } }

func both(sorts ...is) is {
	return func(c *simulator.Call) bool {
		return !slices.ContainsFunc(sorts, func(sort is) bool { return !sort(c) })
	}
}

// sum adds up a number of all calls of the given sorts.
func (s *stack) sum(value func(*simulator.Call) int64, sorts ...is) float64 {
	n, counts := int64(0), both(sorts...)
	for c := range s.sim.Calls() {
		if counts(&c) {
			n += value(&c)
		}
	}
	return float64(n)
}

func (s *stack) count(sorts ...is) float64 {
	return s.sum(func(*simulator.Call) int64 { return 1 }, sorts...)
}

func (s *stack) talk(sorts ...is) float64 {
	return s.sum(func(c *simulator.Call) int64 { return c.Talk }, append(sorts, answered)...)
}

func (s *stack) ring(sorts ...is) float64 {
	return s.sum(func(c *simulator.Call) int64 { return c.Ring }, sorts...)
}

// truth is what the calls themselves say, by the title of the panel that shows it.
func (s *stack) truth() map[string]float64 {
	return map[string]float64{
		"Call centre: countries and carriers / Attempts":    s.count(outgoing),
		"Call centre: countries and carriers / ASR":         s.count(outgoing, answered) / s.count(outgoing),
		"Call centre: countries and carriers / NER":         s.count(outgoing, delivered) / s.count(outgoing),
		"Call centre: countries and carriers / ACD":         s.talk(outgoing) / s.count(outgoing, answered),
		"Call centre: countries and carriers / Minutes":     s.talk(outgoing) / 60,
		"Call centre: countries and carriers / Short calls": s.count(outgoing, answered, short) / s.count(outgoing, answered),
		"Call centre: agent groups / Offered":               s.count(incoming),
		"Call centre: agent groups / Answered":              s.count(incoming, answered),
		"Call centre: agent groups / Missed":                s.count(missed) / s.count(incoming),
		"Call centre: agent groups / Service level":         s.count(incoming, answered, within(20)) / (s.count(incoming) - s.count(missed, within(5))),
		"Call centre: agent groups / Answer speed (ASA)":    s.ring(incoming, answered) / s.count(incoming, answered),
		"Call centre: agent groups / Dialler abandonment":   s.count(abandoned) / (s.count(abandoned) + s.count(connected)),
		"Call centre: overview / Calls":                     s.count(all),
		"Call centre: overview / Talk time per call (ACD)":  s.talk(all) / s.count(answered),
		"Call centre: overview / Traffic":                   s.talk(all) / 3600,
	}
}

// kpis compares the KPIs' formulas, over all of the run, with what the calls themselves say.
func (s *stack) kpis(t *testing.T) {
	truth := s.truth()
	for _, d := range allDashboards(t) {
		for _, x := range d.Expressions() {
			title := x.Where[:strings.LastIndex(x.Where, " / ")]
			want, ok := truth[title]
			if !ok || !x.Instant {
				continue
			}
			delete(truth, title)
			expr := Fill(x.Expr, map[string]string{"account": s.account, "__range": s.window(), "__rate_interval": s.window()})
			got := s.query(expr)
			if len(got) != 1 || math.Abs(got[0].Value-want) > 0.02*math.Abs(want)+0.002 {
				t.Errorf("%s is %v, the truth is %v", title, got, want)
			} else {
				t.Logf("%-55s %10.4f, truth %10.4f", title, got[0].Value, want)
			}
		}
	}
	for title := range truth {
		t.Errorf("there is no panel %s", title)
	}
	s.ratios(t)
}

// ratios of raw counters are exact: ASR country by country, and the share of agents who hang up.
func (s *stack) ratios(t *testing.T) {
	for _, x := range s.query(`sum by (country) (itnio_calls_total{account="demo", call_type="outgoing", outcome="answered"}) / sum by (country) (itnio_calls_total{account="demo", call_type="outgoing"})`) {
		country := of(x.Labels["country"])
		if want := s.count(outgoing, country, answered) / s.count(outgoing, country); x.Value != want {
			t.Errorf("ASR of %s is %v, the truth is %v", x.Labels["country"], x.Value, want)
		}
	}
	for _, x := range s.query(`sum(itnio_calls_total{account="demo", outcome="answered", hangup_party="agent"}) / sum(itnio_calls_total{account="demo", outcome="answered", hangup_party=~"agent|customer"})`) {
		agent, customer := s.count(answered, by(enum.Agent)), s.count(answered, by(enum.Customer))
		if want := agent / (agent + customer); x.Value != want {
			t.Errorf("agents hung up %v of the calls, the truth is %v", x.Value, want)
		}
	}
}
