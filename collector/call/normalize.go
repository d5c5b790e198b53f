package call

import (
	"slices"
	"strconv"
	"time"

	"itnio_exporter/config"
	"itnio_exporter/enum"
	"itnio_exporter/itnio"
)

// MaxAhead is how far ahead of the server's clock a call may end before its time is not trusted: it raises
// AnomalyFutureTime and does not set itnio_last_call_timestamp_seconds.
const MaxAhead = 5 * time.Minute

// maxSeconds is the longest talk or ring time that is believed, in seconds: a day.
const maxSeconds = 24 * 60 * 60

// Options says how a Normalizer treats agents' names.
type Options struct {
	Agents       config.AgentMode // "" means off
	AgentHashKey []byte           // key of the hash, for AgentsHash
}

// Normalizer turns records into calls. Its result depends only on the record, the options and, for AnomalyFutureTime, the
// server's time. It is safe for concurrent use.
type Normalizer struct {
	agents  config.AgentMode
	hashKey []byte
	hashes  *memo[string, string]
	atlas   *atlas
}

// NewNormalizer builds a normalizer and its tables.
func NewNormalizer(o Options) *Normalizer {
	return &Normalizer{
		agents:  o.Agents,
		hashKey: slices.Clone(o.AgentHashKey),
		hashes:  newMemo[string, string](maxAgents),
		atlas:   newAtlas(),
	}
}

// builder collects the fields and anomalies of one call.
type builder struct {
	Call
	customer customer
}

// note adds an anomaly; each kind at most once.
func (b *builder) note(a Anomaly) {
	if !slices.Contains(b.Anomalies, a) {
		b.Anomalies = append(b.Anomalies, a)
	}
}

// From turns a record into a call. now is the server's time; if it is zero, no time is taken to be in the future. The
// anomalies are those of the record: a record that is read again gives them again.
func (n *Normalizer) From(r *itnio.Record, now time.Time) Call {
	var b builder
	b.identify(r)
	b.place(r, now)
	b.classify(r)
	b.measure(r)
	b.customer = customerOf(r, b.Type)

	b.Country, b.CallingCode = n.atlas.locate(r.CCode, r.Region, remote(r, b.Type))
	if b.Country == Unknown {
		b.note(AnomalyCountryUnreadable)
	}
	if r.VoiceGroupID.Set && r.VoiceGroupID.V > 0 {
		b.VoiceGroupID = b.text(strconv.FormatInt(r.VoiceGroupID.V, 10))
	}
	missingGroup := None
	if b.VoiceGroupID != "" {
		missingGroup = b.VoiceGroupID
	}
	b.Group = b.label(r.SIPGroupName, missingGroup)
	b.Agent = b.agent(n, r.SeatName)
	b.Brand = b.text(r.BrandName)
	b.SIPCode = sipCode(r.ErrorReason, r.HangupCode)
	b.Tags = b.tags(r.Labels)
	b.Media = b.label(r.MediaDetected, None)
	if len(r.Unreadable) > 0 {
		b.note(AnomalyMalformedField)
	}
	return b.Call
}

// place sets the call's times, and Pending if its record is not complete.
func (b *builder) place(r *itnio.Record, now time.Time) {
	b.Pending = r.Hangup.IsZero() || !r.HangupReason.Set
	b.HangupUnreadable = slices.Contains(r.Unreadable, "calledHangupTime") || slices.Contains(r.Unreadable, "hangupReason")
	b.Start = r.CallStart
	for _, t := range [...]time.Time{r.Hangup, r.Create, r.CallStart} {
		if !t.IsZero() {
			b.End = t
			break
		}
	}
	switch {
	case b.End.IsZero():
		b.note(AnomalyNoTime)
	case !now.IsZero() && b.End.After(now.Add(MaxAhead)):
		b.note(AnomalyFutureTime)
	}
	if later(r.CallStart, r.Answer) || later(r.Answer, r.Hangup) || later(r.CallStart, r.Hangup) {
		b.note(AnomalyTimesOutOfOrder)
	}
}

// later reports whether a is after b, both being known.
func later(a, b time.Time) bool { return !a.IsZero() && !b.IsZero() && a.After(b) }

// classify sets type, party, reason and outcome from the record's codes.
func (b *builder) classify(r *itnio.Record) {
	b.Type, b.Party, b.Reason = enum.TypeUnknown, enum.PartyUnknown, enum.ReasonUnknown
	if t, ok := enum.CallTypeOf(r.CallType.V); ok && r.CallType.Set {
		b.Type = t
	} else {
		b.note(AnomalyUnknownCallType)
	}
	if p, ok := enum.PartyOf(r.HangingDirection.V); ok && r.HangingDirection.Set {
		b.Party = p
	} else {
		b.note(AnomalyUnknownHangupParty)
	}
	if r.HangupReason.Set {
		reason, ok := enum.ReasonOf(r.HangupReason.V)
		if !ok {
			b.note(AnomalyUnknownHangupReason)
		}
		b.Reason = reason
	}
	b.Outcome = b.Reason.Outcome()

	switch b.Outcome {
	case enum.Answered:
		if r.Answer.IsZero() {
			b.note(AnomalyAnswerContradictsReason)
		}
	case enum.OutcomeUnknown, enum.Abandoned: // the customer of an abandoned transfer did answer
	default:
		if !r.Answer.IsZero() {
			b.note(AnomalyAnswerContradictsReason)
		}
	}
}

// measure sets talk and ring time.
func (b *builder) measure(r *itnio.Record) {
	var ok bool
	if b.Answered() {
		if b.Talk, ok = b.seconds(r.CallDuration, r.Answer, r.Hangup); !ok {
			b.note(AnomalyDurationMissing)
		}
	}
	if b.Ring, ok = b.seconds(r.RingDuration, r.CallStart, r.Answer); !ok {
		b.note(AnomalyRingMissing)
	}
}

// seconds is the duration that the record states, else the time between from and to; false if there is neither. A negative
// duration gives 0; one above maxSeconds is treated as missing.
func (b *builder) seconds(stated itnio.Int, from, to time.Time) (int64, bool) {
	if stated.Set {
		switch {
		case stated.V < 0:
			b.note(AnomalyNegativeDuration)
			return 0, true
		case stated.V <= maxSeconds:
			return stated.V, true
		}
		b.note(AnomalyImplausibleDuration)
	}
	if from.IsZero() || to.IsZero() {
		return 0, false
	}
	d := to.Unix() - from.Unix()
	if d > maxSeconds {
		b.note(AnomalyImplausibleDuration)
		return 0, false
	}
	return max(d, 0), true // place has noted a negative one as AnomalyTimesOutOfOrder
}

// remote is the customer's number: the caller of an incoming call, else the called number.
func remote(r *itnio.Record, t enum.CallType) itnio.Number {
	switch t {
	case enum.Incoming:
		return r.Caller
	case enum.Outgoing, enum.GroupCall:
		if r.Called != "" {
			return r.Called
		}
		return r.EncryptCalled
	}
	return ""
}
