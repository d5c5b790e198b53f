package call

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/enum"
	"itnio_exporter/itnio"
)

func set(v int64) itnio.Int { return itnio.Int{V: v, Set: true} }

func at(second int) time.Time { return time.Date(2025, 1, 3, 8, 10, 39+second, 0, time.UTC) }

// sample is the record of the vendor's page.
func sample() *itnio.Record {
	return &itnio.Record{
		KeyID: 50180345, CallSessionID: "25010316113064799",
		EncryptCalled: "8613242926514", Caller: "8613200000003", CCode: "86(China)",
		SeatName: "seatName", SIPGroupName: "tele-basic-test", BrandID: set(101), BrandName: "ITNIO",
		CallType: set(3), HangupReason: set(1), HangingDirection: set(1), HangupCode: "1", ErrorReason: "sucess call(200)", //nolint:misspell // as the vendor has it
		CallDuration: set(47), RingDuration: set(4),
		CallStart: at(0), Answer: at(4), Hangup: at(51), Create: at(51), Update: at(51),
	}
}

func TestFromSample(t *testing.T) {
	t.Parallel()
	got := NewNormalizer(Options{Agents: config.AgentsName}).From(sample(), at(60))
	assert.Equal(t, Call{
		Key: 50180345, Session: 25010316113064799, SessionID: "25010316113064799", Start: at(0), End: at(51),
		Type: enum.Outgoing, Reason: enum.OutgoingHungUp, Outcome: enum.Answered, Party: enum.Agent,
		Country: "CN", CallingCode: "86", Group: "tele-basic-test", Agent: "seatName", Brand: "ITNIO", SIPCode: "200",
		Media: "none", Talk: 47, Ring: 4,
	}, got)
}

func TestFromEmpty(t *testing.T) {
	t.Parallel()
	got := NewNormalizer(Options{Agents: config.AgentsName}).From(&itnio.Record{}, at(0))
	assert.Equal(t, Call{
		Pending: true, Type: enum.TypeUnknown, Reason: enum.ReasonUnknown, Outcome: enum.OutcomeUnknown, Party: enum.PartyUnknown,
		Country: "unknown", Group: "none", Agent: "none", SIPCode: "unknown", Media: "none",
		Anomalies: []Anomaly{
			AnomalyNoID, AnomalyNoTime, AnomalyUnknownCallType, AnomalyUnknownHangupParty, AnomalyRingMissing, AnomalyCountryUnreadable,
		},
	}, got)
}

// Each case changes one thing about the sample and lists all anomalies that follow.
func TestFrom(t *testing.T) {
	t.Parallel()
	var none time.Time
	long := strings.Repeat("é", 100) // 200 bytes
	tests := []struct {
		name      string
		change    func(*itnio.Record)
		check     func(*testing.T, Call)
		anomalies []Anomaly
	}{
		// time
		{"hang-up ends", func(r *itnio.Record) { r.Create = at(90) }, func(t *testing.T, c Call) { assert.Equal(t, at(51), c.End) }, nil},
		{"no hang-up", func(r *itnio.Record) { r.Hangup, r.Create = none, at(55) }, func(t *testing.T, c Call) {
			assert.True(t, c.Pending)
			assert.False(t, c.HangupUnreadable)
			assert.Equal(t, at(55), c.End)
		}, nil},
		{"hang-up unreadable", func(r *itnio.Record) { r.Hangup, r.Unreadable = none, []string{"calledHangupTime"} }, func(t *testing.T, c Call) {
			assert.True(t, c.Pending)
			assert.True(t, c.HangupUnreadable)
		}, []Anomaly{AnomalyMalformedField}},
		{"start only", func(r *itnio.Record) { r.Hangup, r.Create = none, none }, func(t *testing.T, c Call) { assert.Equal(t, at(0), c.End) }, nil},
		{"no time", func(r *itnio.Record) { r.Hangup, r.Create, r.CallStart = none, none, none }, func(t *testing.T, c Call) { assert.True(t, c.End.IsZero()) }, []Anomaly{AnomalyNoTime}},
		{"five minutes ahead", func(r *itnio.Record) { r.Hangup = at(60 + 300) }, func(t *testing.T, c Call) { assert.Equal(t, at(360), c.End) }, nil},
		{"further ahead", func(r *itnio.Record) { r.Hangup = at(60 + 301) }, nil, []Anomaly{AnomalyFutureTime}},
		{"2099", func(r *itnio.Record) { r.Hangup = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC) }, nil, []Anomaly{AnomalyFutureTime}},
		{"1970", func(r *itnio.Record) { r.Hangup = time.Unix(0, 0) }, func(t *testing.T, c Call) { assert.Zero(t, c.End.Unix()) }, []Anomaly{AnomalyTimesOutOfOrder}},
		{"answer before start", func(r *itnio.Record) { r.Answer = at(-1) }, nil, []Anomaly{AnomalyTimesOutOfOrder}},
		{"hang-up before answer", func(r *itnio.Record) { r.Hangup = at(3) }, func(t *testing.T, c Call) { assert.EqualValues(t, 47, c.Talk) }, []Anomaly{AnomalyTimesOutOfOrder}},
		{"hang-up before start", func(r *itnio.Record) { r.Answer, r.HangupReason, r.Hangup = none, set(0), at(-1) }, nil, []Anomaly{AnomalyTimesOutOfOrder}},

		// codes
		{"no reason", func(r *itnio.Record) { r.HangupReason = itnio.Int{} }, func(t *testing.T, c Call) {
			assert.True(t, c.Pending)
			assert.Equal(t, enum.ReasonUnknown, c.Reason)
			assert.Equal(t, enum.OutcomeUnknown, c.Outcome)
		}, nil},
		{"undocumented reason", func(r *itnio.Record) { r.HangupReason = set(10) }, func(t *testing.T, c Call) {
			assert.False(t, c.Pending)
			assert.Equal(t, enum.OutcomeUnknown, c.Outcome)
			assert.Zero(t, c.Talk)
		}, []Anomaly{AnomalyUnknownHangupReason}},
		{"negative reason", func(r *itnio.Record) { r.HangupReason = set(-1) }, nil, []Anomaly{AnomalyUnknownHangupReason}},
		{"undocumented type", func(r *itnio.Record) { r.CallType = set(4) }, func(t *testing.T, c Call) { assert.Equal(t, enum.TypeUnknown, c.Type) }, []Anomaly{AnomalyUnknownCallType}},
		{"no type", func(r *itnio.Record) { r.CallType = itnio.Int{} }, func(t *testing.T, c Call) { assert.Equal(t, enum.TypeUnknown, c.Type) }, []Anomaly{AnomalyUnknownCallType}},
		{"unset type with a value", func(r *itnio.Record) { r.CallType = itnio.Int{V: 2} }, func(t *testing.T, c Call) { assert.Equal(t, enum.TypeUnknown, c.Type) }, []Anomaly{AnomalyUnknownCallType}},
		{"party 2", func(r *itnio.Record) { r.HangingDirection = set(2) }, func(t *testing.T, c Call) { assert.Equal(t, enum.PartyUnknown, c.Party) }, []Anomaly{AnomalyUnknownHangupParty}},
		{"no party", func(r *itnio.Record) { r.HangingDirection = itnio.Int{} }, nil, []Anomaly{AnomalyUnknownHangupParty}},
		{"answered without answer", func(r *itnio.Record) { r.Answer = none }, func(t *testing.T, c Call) {
			assert.True(t, c.Answered())
			assert.EqualValues(t, 47, c.Talk)
		}, []Anomaly{AnomalyAnswerContradictsReason}},
		{"not answered with answer", func(r *itnio.Record) { r.HangupReason = set(8) }, func(t *testing.T, c Call) {
			assert.False(t, c.Answered())
			assert.Zero(t, c.Talk)
		}, []Anomaly{AnomalyAnswerContradictsReason}},
		{"abandoned transfer with answer", func(r *itnio.Record) { r.CallType, r.HangupReason = set(1), set(2) }, func(t *testing.T, c Call) { assert.Zero(t, c.Talk) }, nil},

		// durations
		{"talk from times", func(r *itnio.Record) { r.CallDuration = itnio.Int{} }, func(t *testing.T, c Call) { assert.EqualValues(t, 47, c.Talk) }, nil},
		{"no talk", func(r *itnio.Record) { r.CallDuration, r.Hangup = itnio.Int{}, none }, func(t *testing.T, c Call) { assert.Zero(t, c.Talk) }, []Anomaly{AnomalyDurationMissing}},
		{"talk 0", func(r *itnio.Record) { r.CallDuration = set(0) }, func(t *testing.T, c Call) { assert.Zero(t, c.Talk) }, nil},
		{"negative talk", func(r *itnio.Record) { r.CallDuration = set(-47) }, func(t *testing.T, c Call) { assert.Zero(t, c.Talk) }, []Anomaly{AnomalyNegativeDuration}},
		{"negative talk by times", func(r *itnio.Record) { r.CallDuration, r.Hangup = itnio.Int{}, at(1) }, func(t *testing.T, c Call) { assert.Zero(t, c.Talk) }, []Anomaly{AnomalyTimesOutOfOrder}},
		{"a day of talk", func(r *itnio.Record) { r.CallDuration = set(86400) }, func(t *testing.T, c Call) { assert.EqualValues(t, 86400, c.Talk) }, nil},
		{"more than a day of talk", func(r *itnio.Record) { r.CallDuration = set(1 << 62) }, func(t *testing.T, c Call) { assert.EqualValues(t, 47, c.Talk) }, []Anomaly{AnomalyImplausibleDuration}},
		{"more than a day by times", func(r *itnio.Record) { r.CallDuration, r.Answer, r.CallStart = itnio.Int{}, at(-90000), at(-90004) }, func(t *testing.T, c Call) { assert.Zero(t, c.Talk) }, []Anomaly{AnomalyImplausibleDuration, AnomalyDurationMissing}},
		{"ring from times", func(r *itnio.Record) { r.RingDuration = itnio.Int{} }, func(t *testing.T, c Call) { assert.EqualValues(t, 4, c.Ring) }, nil},
		{"no ring", func(r *itnio.Record) { r.RingDuration, r.CallStart = itnio.Int{}, none }, func(t *testing.T, c Call) { assert.Zero(t, c.Ring) }, []Anomaly{AnomalyRingMissing}},
		{"negative ring", func(r *itnio.Record) { r.RingDuration = set(-1) }, func(t *testing.T, c Call) { assert.Zero(t, c.Ring) }, []Anomaly{AnomalyNegativeDuration}},
		{"both negative: noted once", func(r *itnio.Record) { r.RingDuration, r.CallDuration = set(-1), set(-1) }, nil, []Anomaly{AnomalyNegativeDuration}},

		// ids
		{"no key id", func(r *itnio.Record) { r.KeyID = 0 }, func(t *testing.T, c Call) { assert.EqualValues(t, 25010316113064799, c.Session) }, []Anomaly{AnomalyNoKeyID}},
		{"no id", func(r *itnio.Record) { r.KeyID, r.CallSessionID = 0, " " }, func(t *testing.T, c Call) { assert.Zero(t, c.Session) }, []Anomaly{AnomalyNoID}},
		{"no session", func(r *itnio.Record) { r.CallSessionID = "" }, func(t *testing.T, c Call) { assert.Zero(t, c.Session) }, nil},
		{"long session", func(r *itnio.Record) { r.CallSessionID = strings.Repeat("1", 65) }, func(t *testing.T, c Call) {
			assert.NotZero(t, c.Session&hashed)
			assert.Empty(t, c.SessionID)
		}, nil},

		// country
		{"unreadable country", func(r *itnio.Record) { r.CCode = "?" }, func(t *testing.T, c Call) { assert.Equal(t, "unknown", c.Country) }, []Anomaly{AnomalyCountryUnreadable}},
		{"region", func(r *itnio.Record) { r.CCode, r.Region = "", "China" }, func(t *testing.T, c Call) { assert.Equal(t, "CN", c.Country) }, nil},

		// names
		{"group by id", func(r *itnio.Record) { r.SIPGroupName, r.VoiceGroupID = " \n", set(12) }, func(t *testing.T, c Call) {
			assert.Equal(t, "12", c.Group)
			assert.Equal(t, "12", c.VoiceGroupID)
		}, nil},
		{"no group", func(r *itnio.Record) { r.SIPGroupName, r.VoiceGroupID = "", set(0) }, func(t *testing.T, c Call) {
			assert.Equal(t, "none", c.Group)
			assert.Empty(t, c.VoiceGroupID)
		}, nil},
		{"reserved names", func(r *itnio.Record) {
			r.SIPGroupName, r.SeatName, r.MediaDetected, r.Labels = "none", " other ", "unknown", []string{"other", "other_", "Other", "another"}
		}, func(t *testing.T, c Call) {
			assert.Equal(t, []string{"none_", "other_", "unknown_"}, []string{c.Group, c.Agent, c.Media})
			assert.Equal(t, []string{"Other", "another", "other_", "other__"}, c.Tags)
		}, nil},
		{"reserved brand", func(r *itnio.Record) { r.BrandName = "none" }, func(t *testing.T, c Call) { assert.Equal(t, "none", c.Brand) }, nil},
		{"long names", func(r *itnio.Record) { r.SIPGroupName, r.SeatName = "x"+long, long }, func(t *testing.T, c Call) {
			assert.Equal(t, "x"+long[:126], c.Group)
			assert.Equal(t, long[:128], c.Agent)
		}, []Anomaly{AnomalyTextCut}},
		{"cut at a space", func(r *itnio.Record) { r.SIPGroupName = strings.Repeat("a", 127) + " b" }, func(t *testing.T, c Call) { assert.Len(t, c.Group, 127) }, []Anomaly{AnomalyTextCut}},
		{"128 bytes", func(r *itnio.Record) { r.SIPGroupName = " " + strings.Repeat("a", 128) + " " }, func(t *testing.T, c Call) { assert.Len(t, c.Group, 128) }, nil},
		{"invalid UTF-8", func(r *itnio.Record) { r.SIPGroupName = "a\xff\xfeb" }, func(t *testing.T, c Call) { assert.Equal(t, "a\uFFFDb", c.Group) }, []Anomaly{AnomalyInvalidText}},
		{"replaced before", func(r *itnio.Record) { r.SIPGroupName = "\uFFFD\uFFFD" }, func(t *testing.T, c Call) { assert.Equal(t, "\uFFFD\uFFFD", c.Group) }, []Anomaly{AnomalyInvalidText}},
		{"hostile text", func(r *itnio.Record) { r.SIPGroupName = "a\"} 1\n# HELP \x00{{.}}" }, func(t *testing.T, c Call) { assert.Equal(t, "a\"} 1\n# HELP \x00{{.}}", c.Group) }, nil},
		{"tags once", func(r *itnio.Record) { r.Labels = []string{"b", " a", "b ", "", " ", "a"} }, func(t *testing.T, c Call) { assert.Equal(t, []string{"a", "b"}, c.Tags) }, nil},
		{"media", func(r *itnio.Record) { r.MediaDetected = " voicemail " }, func(t *testing.T, c Call) { assert.Equal(t, "voicemail", c.Media) }, nil},
		{"unreadable fields", func(r *itnio.Record) { r.Unreadable = []string{"brandId", "seatId"} }, nil, []Anomaly{AnomalyMalformedField}},
	}
	n := NewNormalizer(Options{Agents: config.AgentsName})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := sample()
			tt.change(r)
			c := n.From(r, at(60))
			assert.Equal(t, tt.anomalies, c.Anomalies)
			if tt.check != nil {
				tt.check(t, c)
			}
		})
	}
}

func TestFromEnumerations(t *testing.T) {
	t.Parallel()
	n := NewNormalizer(Options{})
	answered := map[int64]bool{1: true, 3: true, 9: true}
	outcomes := []string{"no_answer", "answered", "abandoned", "answered", "failed", "no_service", "unreachable", "busy", "no_answer", "answered"}
	for code := int64(-1); code <= 11; code++ {
		r := sample()
		r.HangupReason, r.CallType, r.HangingDirection = set(code), set(code), set(code)
		c := n.From(r, at(60))
		outcome := "unknown"
		if code >= 0 && code < int64(len(outcomes)) {
			outcome = outcomes[code]
		}
		assert.Equal(t, outcome, c.Outcome.String(), code)
		assert.Equal(t, answered[code], c.Answered(), code)
		assert.Equal(t, answered[code], c.Talk == 47, code)
		types := map[int64]string{1: "group_call", 2: "incoming", 3: "outgoing"}
		parties := map[int64]string{0: "customer", 1: "agent", 3: "none"}
		assert.Equal(t, orUnknown(types[code]), c.Type.String(), code)
		assert.Equal(t, orUnknown(parties[code]), c.Party.String(), code)
		assert.Equal(t, types[code] == "", slices.Contains(c.Anomalies, AnomalyUnknownCallType), code)
		assert.Equal(t, parties[code] == "", slices.Contains(c.Anomalies, AnomalyUnknownHangupParty), code)
		assert.Equal(t, outcome == "unknown", slices.Contains(c.Anomalies, AnomalyUnknownHangupReason), code)
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// Only the customer's number may refine the country.
func TestFromRemoteParty(t *testing.T) {
	t.Parallel()
	const us, ca, bs = "12125550123", "14165550123", "12423221234"
	tests := []struct {
		callType                      int64
		called, encryptCalled, caller itnio.Number
		want                          string
	}{
		{1, ca, bs, us, "CA"},
		{3, ca, bs, us, "CA"},
		{3, "", ca, bs, "CA"},
		{3, "", "", ca, "US"},
		{3, "", "0f3a9c", ca, "US"},
		{2, us, us, ca, "CA"},
		{2, ca, ca, "", "US"},
		{9, ca, ca, ca, "US"}, // it is not known which number is the customer's
	}
	n := NewNormalizer(Options{})
	for _, tt := range tests {
		r := sample()
		r.CCode, r.CallType = "1", set(tt.callType)
		r.Called, r.EncryptCalled, r.Caller = tt.called, tt.encryptCalled, tt.caller
		assert.Equal(t, tt.want, n.From(r, at(60)).Country, "%d %q %q %q", tt.callType, string(tt.called), string(tt.encryptCalled), string(tt.caller))
	}
}

func TestSIPCode(t *testing.T) {
	t.Parallel()
	tests := []struct{ errorReason, hangupCode, want string }{
		{"sucess call(200)", "1", "200"}, //nolint:misspell // as the vendor has it
		{"call failed (486) (503)", "", "503"},
		{"busy( 486 )", "", "486"},
		{"a(b(486))", "", "486"},
		{"(486", "503", "503"},
		{"486)", "503", "503"},
		{")486(", "", "unknown"},
		{"(486)(x", "", "486"},
		{"failed(486)(timeout)", "404", "486"},
		{"failed(486)()", "", "486"},
		{"()(486)(timeout)", "", "486"},
		{"failed(timeout)", "404", "404"},
		{"failed(486 Busy Here)", "", "486"},
		{"failed(4860 Busy Here)", "", "unknown"},
		{"failed(Busy Here 486)", "", "unknown"},
		{"failed(99)", "", "unknown"},
		{"failed(700)", "", "unknown"},
		{"failed(099)", "", "unknown"},
		{"failed(4860)", "", "unknown"},
		{"failed(4٣6)", "", "unknown"},
		{"用户忙（486）", "", "486"},
		{"用户忙【486】", "", "486"},
		{"busy [486]", "", "486"},
		{"busy {486} <timeout>", "", "486"},
		{"busy <503>", "", "503"},
		{"忙〔486〕", "", "486"},
		{"忙「４８６」", "", "486"},
		{"忙❨486❩", "", "486"},
		{"忙⟨486⟩", "", "486"},
		{"忙﹙486﹚", "", "486"},
		{"忙＜486＞", "", "486"},
		{"busy [４８６]", "", "486"},
		{"忙（ 486　用户忙 ）", "", "486"},
		{"busy(486:Busy Here)", "", "486"},
		{"忙（486，用户忙）", "", "486"},
		{"busy(486", "４８７", "487"},
		{"busy（486x）", "", "unknown"},
		{"", "100", "100"},
		{"", " 699 ", "699"},
		{"", "1", "unknown"},
		{"", "700", "unknown"},
		{"", "+48", "unknown"},
		{"", "", "unknown"},
		{"()", "", "unknown"},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, sipCode(tt.errorReason, tt.hangupCode), "%q %q", tt.errorReason, tt.hangupCode)
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	assert.EqualValues(t, 25010316113064799, session("25010316113064799"))
	assert.EqualValues(t, 999999999999999999, session("999999999999999999"))
	assert.Zero(t, session(""))
	assert.Zero(t, session("0"))
	seen := map[uint64]string{}
	for _, id := range []string{"1", "01", "001", "00", "-1", "+1", "1.0", "9999999999999999999", "a", "A", "٣"} {
		s := session(id)
		assert.Empty(t, seen[s], "%q", id)
		seen[s] = id
		assert.Equal(t, id != "1", s&hashed != 0, "%q", id)
	}
}

func TestAgents(t *testing.T) {
	t.Parallel()
	r := sample()
	r.SeatName = strings.Repeat("\xff", 500)
	off := NewNormalizer(Options{}).From(r, at(60))
	assert.Empty(t, off.Agent)
	assert.Empty(t, off.Anomalies, "a name that is not used is not looked at")

	hash := func(key, name string) string {
		r := sample()
		r.SeatName = name
		return NewNormalizer(Options{Agents: config.AgentsHash, AgentHashKey: []byte(key)}).From(r, at(60)).Agent
	}
	assert.Equal(t, "none", hash("k", "  "))
	a := hash("k", "Alice")
	assert.Regexp(t, `^[0-9a-f]{16}$`, a)
	assert.Equal(t, a, hash("k", " Alice "))
	assert.NotEqual(t, a, hash("k", "Bob"))
	assert.NotEqual(t, a, hash("l", "Alice"))
	assert.NotEqual(t, hash("k", strings.Repeat("x", 200)+"1"), hash("k", strings.Repeat("x", 200)+"2"), "the whole name counts")

	key := []byte("k")
	n := NewNormalizer(Options{Agents: config.AgentsHash, AgentHashKey: key})
	key[0] = 'l'
	r.SeatName = "Alice"
	assert.Equal(t, a, n.From(r, at(60)).Agent, "the normalizer has its own key")
	assert.Equal(t, a, n.From(r, at(60)).Agent, "remembered")
}

// A call of a record full of phone numbers contains none of them, and neither do the normalizer's caches.
func TestNoNumberIsKept(t *testing.T) {
	t.Parallel()
	n := NewNormalizer(Options{})
	r := sample()
	r.Called, r.EncryptCalled, r.Caller = "14165550123", "14165550124", "14165550125"
	r.ErrorReason, r.HangupCode = "no route to 14165550126(404)", "14165550127"
	r.Region = "14165550128"
	for _, ccode := range []string{"1", "14165550129", "1(14165550129)", ""} {
		for callType := range int64(5) {
			r.CCode, r.CallType = ccode, set(callType)
			assert.NotContains(t, fmt.Sprintf("%+v", n.From(r, at(60))), "555012")
		}
	}
	assert.NotEmpty(t, n.atlas.prefixes.m)
	for key := range n.atlas.prefixes.m {
		assert.NotContains(t, fmt.Sprint(key/100), "55501", "the last three digits are not kept") // key%100 is the length
	}
	for key := range n.atlas.texts.m {
		assert.NotContains(t, key, "5550")
	}
}

func TestMemoIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemo[int, int](10)
	for i := range 1000 {
		m.put(i, i)
		got, ok := m.get(i)
		require.True(t, ok)
		require.Equal(t, i, got)
		require.LessOrEqual(t, len(m.m), 10)
	}
}

func TestAnomalies(t *testing.T) {
	t.Parallel()
	seen := map[Anomaly]bool{}
	for _, doc := range Anomalies {
		assert.Regexp(t, `^[a-z_]+$`, string(doc.Kind))
		assert.Regexp(t, `^[A-Z].*\.$`, doc.Meaning)
		assert.NotContains(t, doc.Meaning, "|", "it goes into a table")
		assert.False(t, seen[doc.Kind], doc.Kind)
		seen[doc.Kind] = true
	}
}

func FuzzFrom(f *testing.F) {
	r := sample()
	f.Add(r.KeyID, r.CallSessionID, r.CCode, r.Region, string(r.EncryptCalled), r.SeatName, r.SIPGroupName, r.ErrorReason, r.HangupCode, int64(1), int64(47), int64(4), int64(0), int64(51))
	f.Add(uint64(0), "x", "1-242(Bahamas)", "US", "+1 (416) 555-0123", "other", "\xff", "a(486)", "503", int64(2), int64(-1), int64(1)<<62, int64(-1)<<40, int64(1)<<33)
	modes := []*Normalizer{
		NewNormalizer(Options{}),
		NewNormalizer(Options{Agents: config.AgentsName}),
		NewNormalizer(Options{Agents: config.AgentsHash, AgentHashKey: []byte("key")}),
	}
	known := map[Anomaly]bool{}
	for _, doc := range Anomalies {
		known[doc.Kind] = true
	}
	f.Fuzz(func(t *testing.T, key uint64, id, ccode, region, number, agent, group, errorReason, hangupCode string, code, talk, ring, answer, hangup int64) {
		r := &itnio.Record{
			KeyID: key, CallSessionID: id, CCode: ccode, Region: region, Called: itnio.Number(number), Caller: itnio.Number(number),
			SeatName: agent, SIPGroupName: group, Labels: []string{group, agent, group}, MediaDetected: agent, BrandName: group,
			ErrorReason: errorReason, HangupCode: hangupCode, CallType: set(code), HangupReason: set(code), HangingDirection: set(code),
			CallDuration: set(talk), RingDuration: itnio.Int{V: ring, Set: ring%2 == 0}, CallStart: at(0), Answer: time.Unix(answer, 0), Hangup: time.Unix(hangup, 0),
		}
		for _, n := range modes {
			c := n.From(r, at(60))
			require.Equal(t, c, n.From(r, at(60)), "what is remembered changes nothing")
			for _, s := range append([]string{c.Group, c.Agent, c.Brand, c.Media}, c.Tags...) {
				require.True(t, utf8.ValidString(s))
				require.LessOrEqual(t, len(s), enum.MaxLabelBytes)
				require.Equal(t, strings.TrimSpace(s), s)
			}
			require.NotEmpty(t, c.Group)
			require.NotEmpty(t, c.Media)
			require.Regexp(t, `^([A-Z]{2}|001|unknown)$`, c.Country)
			require.Regexp(t, `^[0-9]{0,3}$`, c.CallingCode)
			require.Equal(t, c.Country == Unknown, CountryName(c.Country) == "")
			require.Regexp(t, `^([1-6][0-9]{2}|unknown)$`, c.SIPCode)
			for _, d := range []int64{c.Talk, c.Ring} {
				require.True(t, d >= 0 && d <= maxSeconds)
			}
			for i, a := range c.Anomalies {
				require.True(t, known[a], a)
				require.NotContains(t, c.Anomalies[:i], a)
			}
		}
	})
}

func BenchmarkFrom(b *testing.B) {
	for _, bm := range []struct {
		name   string
		o      Options
		change func(*itnio.Record)
	}{
		{"own code", Options{}, func(*itnio.Record) {}},
		{"own code, agents hashed", Options{Agents: config.AgentsHash, AgentHashKey: []byte("key")}, func(*itnio.Record) {}},
		{"shared code", Options{}, func(r *itnio.Record) { r.CCode, r.EncryptCalled = "1", "14165550123" }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			n, r, now := NewNormalizer(bm.o), sample(), at(60)
			bm.change(r)
			b.ReportAllocs()
			for b.Loop() {
				n.From(r, now)
			}
		})
	}
	b.Run("shared code, new prefix", func(b *testing.B) {
		a := newAtlas()
		for b.Loop() {
			clear(a.prefixes.m)
			a.locate("1", "", "14165550123")
		}
	})
}
