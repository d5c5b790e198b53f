package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"itnio_exporter/enum"
)

const home = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Call-centre API stand-in</title></head>
<body><h1>Call-centre API stand-in</h1>
<p>This server makes up calls and serves their records like the vendor's API, for demonstrations and tests. Nothing here is real.</p>
<ul>
<li><code>POST ` + recordPath + `</code>: the record query</li>
<li><a href="/-/truth"><code>GET /-/truth</code></a>: what there is to count; <code>?since=&lt;unix&gt;</code> leaves out calls that ended before, <code>?account=</code> others</li>
<li><a href="/-/stats"><code>GET /-/stats</code></a>: requests by how they were answered</li>
<li><code>POST /-/control</code>: <code>{"down": true, "auth_refused": true, "status": -18, "stop_traffic": true, "faults": {…},
 "scenario": {"kind": "missed_incoming", "seconds": 600}}</code>; what is not named stays</li>
</ul></body></html>
`

func (s *Simulator) serveHome(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(home)) // the client may have gone
}

// control is the body of POST /-/control. A key that is missing changes nothing.
type control struct {
	Switches
	Faults   *Faults `json:"faults"`
	Scenario *struct {
		Scenario
		Seconds float64 `json:"seconds"` // from now on, instead of From and To
	} `json:"scenario"`
}

// serveControl changes the settings that the body names.
func (s *Simulator) serveControl(w http.ResponseWriter, req *http.Request) {
	was := s.Switches()
	c := control{Switches: was}
	d := json.NewDecoder(http.MaxBytesReader(w, req.Body, bodyLimit))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		http.Error(w, fmt.Sprintf("control: %v", err), http.StatusBadRequest)
		return
	}
	if c.Switches != was {
		s.SetSwitches(c.Switches)
	}
	if c.Faults != nil {
		s.SetFaults(*c.Faults)
	}
	if sc := c.Scenario; sc != nil {
		if sc.Seconds > 0 {
			sc.From = s.o.Now()
			sc.To = sc.From.Add(time.Duration(sc.Seconds * float64(time.Second)))
		}
		s.AddScenario(sc.Scenario)
	}
	writeJSON(w, s.Switches())
}

// Total sums up the calls of one label set that a client may have counted: their records are or were visible, and are complete
// or will never be complete.
type Total struct {
	Account      string `json:"account"`
	AgentGroup   string `json:"agent_group"`
	VoiceGroupID int64  `json:"voice_group_id"`
	Country      string `json:"country"`
	CallType     string `json:"call_type"`
	Outcome      string `json:"outcome"`
	HangupReason string `json:"hangup_reason"`
	HangupParty  string `json:"hangup_party"`

	Calls       int   `json:"calls"`
	TalkSeconds int64 `json:"talk_seconds"`
	RingSeconds int64 `json:"ring_seconds"`
}

// Totals sums up the calls that a client may have counted by now and that ended at or after since. The talk time is that of answered
// calls, the ring time is Call.KnownRing.
func (s *Simulator) Totals(since time.Time) []Total {
	now := s.o.Now()
	sums := map[Total]Total{}
	for c := range s.Calls() {
		if c.Hidden || c.VisibleAt.After(now) || c.CompletedAt.After(now) || c.Ended().Before(since) {
			continue
		}
		k := Total{
			Account: c.Account, AgentGroup: c.Group, VoiceGroupID: c.VoiceGroupID, Country: c.Country, CallType: c.Type.String(),
			Outcome: c.Reason.Outcome().String(), HangupReason: c.Reason.String(), HangupParty: c.Party.String(),
		}
		t := sums[k]
		t.Calls++
		if c.Reason.Outcome() == enum.Answered {
			t.TalkSeconds += c.Talk
		}
		t.RingSeconds += c.KnownRing()
		sums[k] = t
	}
	all := make([]Total, 0, len(sums))
	for k, t := range sums {
		k.Calls, k.TalkSeconds, k.RingSeconds = t.Calls, t.TalkSeconds, t.RingSeconds
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.AgentGroup, b.AgentGroup), cmp.Compare(a.VoiceGroupID, b.VoiceGroupID),
			cmp.Compare(a.Country, b.Country), cmp.Compare(a.CallType, b.CallType), cmp.Compare(a.HangupReason, b.HangupReason),
			cmp.Compare(a.HangupParty, b.HangupParty))
	})
	return all
}

// serveTruth gives Totals, their sum, and the number of calls whose records have not appeared or are not complete yet.
func (s *Simulator) serveTruth(w http.ResponseWriter, req *http.Request) {
	var since time.Time
	if v := req.FormValue("since"); v != "" {
		sec, err := strconv.ParseFloat(v, 64)
		if err != nil {
			http.Error(w, "since is not a Unix time", http.StatusBadRequest)
			return
		}
		since = time.Unix(0, int64(sec*1e9))
	}
	account := req.FormValue("account")
	truth := struct {
		Now         float64 `json:"now"`
		Calls       int     `json:"calls"`
		Outstanding int     `json:"outstanding"`
		Totals      []Total `json:"totals"`
	}{Now: float64(s.o.Now().UnixMilli()) / 1000, Totals: []Total{}}
	for _, t := range s.Totals(since) {
		if account == "" || t.Account == account {
			truth.Calls += t.Calls
			truth.Totals = append(truth.Totals, t)
		}
	}
	now := s.o.Now()
	for c := range s.Calls() {
		if (c.VisibleAt.After(now) || c.CompletedAt.After(now)) && (account == "" || c.Account == account) {
			truth.Outstanding++
		}
	}
	writeJSON(w, truth)
}

func (s *Simulator) serveStats(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Stats()) }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}
