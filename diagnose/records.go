package diagnose

import (
	"context"
	"slices"
	"strings"
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/itnio"
)

// records is what the records of some windows of the last day have in them. Of names it keeps the number only.
type records struct {
	seen       int
	filled     map[string]int // by field
	unreadable map[string]int // by field
	anomalies  map[call.Anomaly]int
	codes      map[string]int // SIP code -> records
	shared     int            // records with a calling code that countries share
	unrefined  int            // of them, those whose number does not tell the country
	countries  int
	values     map[string]int  // label with a limit -> values
	series     []familySeries  // by family, in the order of the page
	lateness   []time.Duration // from hang-up to creation, ascending
	err        error           // why there are none; nil if there are some
}

// familySeries is how many label sets the records make, and how many series a scrape shows of them.
type familySeries struct {
	name      string
	labelSets int
	series    int
}

// field is one field of a record and how to see whether it is filled.
type field struct {
	name   string
	filled func(*itnio.Record) bool
	needed need
	lost   string // what is lost if it is never filled
}

// need is how much depends on a field.
type need uint8

const (
	optional need = iota
	useful
	vital
)

func fields() []field {
	text := func(at func(*itnio.Record) string) func(*itnio.Record) bool {
		return func(r *itnio.Record) bool { return strings.TrimSpace(at(r)) != "" }
	}
	number := func(at func(*itnio.Record) itnio.Int) func(*itnio.Record) bool {
		return func(r *itnio.Record) bool { return at(r).Set }
	}
	instant := func(at func(*itnio.Record) time.Time) func(*itnio.Record) bool {
		return func(r *itnio.Record) bool { return !at(r).IsZero() }
	}
	return []field{
		{"keyId", func(r *itnio.Record) bool { return r.KeyID != 0 }, useful, "records are told apart by callSessionId instead"},
		{"callSessionId", text(func(r *itnio.Record) string { return r.CallSessionID }), optional, ""},
		{"called or encryptCalled", func(r *itnio.Record) bool { return r.Called != "" || r.EncryptCalled != "" }, optional, ""},
		{"caller", func(r *itnio.Record) bool { return r.Caller != "" }, optional, ""},
		{"region", text(func(r *itnio.Record) string { return r.Region }), optional, ""},
		{"ccode", text(func(r *itnio.Record) string { return r.CCode }), optional, ""},
		{"ccode or region", func(r *itnio.Record) bool { return r.CCode != "" || r.Region != "" }, useful, "the label country is unknown"},
		{"seatName", text(func(r *itnio.Record) string { return r.SeatName }), optional, ""},
		{"sipGroupName or voiceGroupId", func(r *itnio.Record) bool { return r.SIPGroupName != "" || r.VoiceGroupID.Set }, useful, "the label agent_group is none"},
		{"brandName", text(func(r *itnio.Record) string { return r.BrandName }), optional, ""},
		{"callType", number(func(r *itnio.Record) itnio.Int { return r.CallType }), useful, "the label call_type is unknown"},
		{"hangupReason", number(func(r *itnio.Record) itnio.Int { return r.HangupReason }), vital, "a call without it is waited for as long as lookback, then counted with outcome unknown"},
		{"hangingDirection", number(func(r *itnio.Record) itnio.Int { return r.HangingDirection }), useful, "the label hangup_party is unknown"},
		{"errorReason or hangupCode", func(r *itnio.Record) bool { return r.ErrorReason != "" || r.HangupCode != "" }, useful, "the label code of SIP responses is unknown"},
		{"callDuration", number(func(r *itnio.Record) itnio.Int { return r.CallDuration }), useful, "talk time is hang-up less answer"},
		{"ringDuration", number(func(r *itnio.Record) itnio.Int { return r.RingDuration }), useful, "ring time is answer less start, 0 for calls without answer"},
		{"callStartTime", instant(func(r *itnio.Record) time.Time { return r.CallStart }), optional, ""},
		{"calledAnswerTime", instant(func(r *itnio.Record) time.Time { return r.Answer }), optional, ""},
		{"calledHangupTime", instant(func(r *itnio.Record) time.Time { return r.Hangup }), vital, "a call without it is waited for as long as lookback"},
		{"createTime", instant(func(r *itnio.Record) time.Time { return r.Create }), optional, ""},
		{"updateTime", instant(func(r *itnio.Record) time.Time { return r.Update }), optional, ""},
		{"labelNameList or labelName", func(r *itnio.Record) bool { return len(r.Labels) > 0 }, optional, ""},
		{"mediaDetected", text(func(r *itnio.Record) string { return r.MediaDetected }), optional, ""},
	}
}

// spread is how many windows of the last day the records are taken from, beside the sample.
const spread = 8

// probeRecords reads a page of each of some windows of the last day, as long as requests are left, and looks at all records. What it
// cannot read it does without.
func probeRecords(ctx context.Context, s *session) {
	all := slices.Clone(s.facts.habits.sample.records)
	end := s.serverNow()
	var seen sample
	seen.add(all)
	var failure error
	for i := range spread {
		if s.left() <= 2 || ctx.Err() != nil {
			break
		}
		to := end.Add(-time.Duration(i) * day / spread)
		page, err := s.ask(ctx, last(day/spread, to), 1, itnio.PageSize)
		if itnio.ClassOf(err) == itnio.ClassWindow {
			page, err = s.ask(ctx, last(10*time.Minute, to), 1, itnio.PageSize)
		}
		if err != nil {
			failure = err
			continue
		}
		seen.add(page.Records)
	}
	s.facts.records = look(s.facts, seen.records, end)
	if len(seen.records) == 0 {
		s.facts.records.err = failure
	}
}

// look notes what records have in them.
func look(f *facts, list []itnio.Record, now time.Time) records {
	out := records{
		seen: len(list), filled: map[string]int{}, unreadable: map[string]int{}, anomalies: map[call.Anomaly]int{}, codes: map[string]int{},
	}
	calls := call.NewNormalizer(call.Options{Agents: f.metrics.Agents, AgentHashKey: []byte(f.metrics.AgentHashKey)})
	// Names are made of the records, not of what the configuration shows: the limit of agents is of interest before they are switched on.
	named := call.NewNormalizer(call.Options{Agents: "name"})
	everyField := fields()
	s := newSeriesCount(f, now)
	countries, agents := map[string]bool{}, map[string]bool{}
	for i := range list {
		r := &list[i]
		for _, fd := range everyField {
			if fd.filled(r) {
				out.filled[fd.name]++
			}
		}
		for _, name := range r.Unreadable {
			out.unreadable[name]++
		}
		c := calls.From(r, now)
		for _, a := range c.Anomalies {
			out.anomalies[a]++
		}
		out.codes[c.SIPCode]++
		countries[c.Country], agents[named.From(r, now).Agent] = true, true
		if sharedCodes[c.CallingCode] {
			out.shared++
			if r.Called == "" && r.EncryptCalled == "" {
				out.unrefined++
			}
		}
		if late := r.Create.Sub(r.Hangup); !r.Create.IsZero() && !r.Hangup.IsZero() {
			out.lateness = append(out.lateness, max(0, late))
		}
		if !c.Pending {
			s.add(&c)
		}
	}
	slices.Sort(out.lateness)
	delete(countries, call.Unknown)
	delete(agents, call.None)
	out.countries, out.values, out.series = len(countries), s.values(), s.families()
	out.values[families.LabelAgent] = len(agents)
	return out
}

// sharedCodes are calling codes of several countries; the number tells them apart.
var sharedCodes = map[string]bool{"1": true, "7": true, "39": true, "44": true, "47": true, "61": true, "212": true, "262": true, "358": true, "590": true, "599": true}

// seriesCount counts the label sets that calls make. It admits every value of a label.
type seriesCount struct {
	model    *families.Model
	folder   *families.Folder
	admitted map[string]map[string]bool
	sets     []map[string]bool // by family
}

func newSeriesCount(f *facts, now time.Time) *seriesCount {
	s := &seriesCount{model: families.New(f.metrics), admitted: map[string]map[string]bool{}}
	s.folder = s.model.Folder(f.account.Name, now, s)
	for range s.model.Families {
		s.sets = append(s.sets, map[string]bool{})
	}
	return s
}

// Admit implements families.Admission.
func (s *seriesCount) Admit(label, value string, _ int) string {
	if s.admitted[label] == nil {
		s.admitted[label] = map[string]bool{}
	}
	s.admitted[label][value] = true
	return value
}

func (s *seriesCount) add(c *call.Call) {
	for _, a := range s.folder.Fold(c, true) {
		s.sets[a.Family][strings.Join(a.Labels, "\x00")] = true
	}
	for _, tag := range c.Tags {
		for _, a := range s.folder.FoldTag(c, tag) {
			s.sets[a.Family][strings.Join(a.Labels, "\x00")] = true
		}
	}
}

func (s *seriesCount) values() map[string]int {
	n := map[string]int{}
	for label, values := range s.admitted {
		n[label] = len(values)
	}
	return n
}

// families gives the families with their label sets; a histogram has a series for each bucket, +Inf included, its sum and its count.
func (s *seriesCount) families() []familySeries {
	var all []familySeries
	for i := range s.model.Families {
		f := &s.model.Families[i]
		each := 1
		if len(f.Bounds) > 0 {
			each = len(f.Bounds) + 3
		}
		all = append(all, familySeries{f.Name, len(s.sets[i]), each * len(s.sets[i])})
	}
	return all
}
