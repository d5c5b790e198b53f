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

// Options choose what a Normalizer makes of personal data.
type Options struct {
	Agents       config.AgentMode // "" is off
	AgentHashKey []byte           // the key of mode hash
}

// Normalizer turns records into calls. What it makes of a record depends on nothing but the record, the options and, for
// AnomalyFutureTime, the time. It is safe for concurrent use.
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

// builder is a call in the making.
type builder struct{ Call }

// note adds an anomaly, once a kind.
func (b *builder) note(a Anomaly) {
	if !slices.Contains(b.Anomalies, a) {
		b.Anomalies = append(b.Anomalies, a)
	}
}

// From makes a call of a record. now is the server's time; with a zero one no time counts as in the future. The anomalies
// are those of the record, so a record that is seen again has them again.
func (n *Normalizer) From(r *itnio.Record, now time.Time) Call {
	var b builder
	b.identify(r)
	b.place(r, now)
	b.classify(r)
	b.measure(r)

	b.Country, b.CallingCode = n.atlas.locate(r.CCode, r.Region, remote(r, b.Type))
	if b.Country == Unknown {
		b.note(AnomalyCountryUnreadable)
	}
	if r.VoiceGroupID.Set && r.VoiceGroupID.V > 0 {
		b.VoiceGroupID = strconv.FormatInt(r.VoiceGroupID.V, 10)
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

// place sets when the call was, and whether it is over.
func (b *builder) place(r *itnio.Record, now time.Time) {
	b.Pending = r.Hangup.IsZero() || !r.HangupReason.Set
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

// classify sets what the codes say.
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
	case enum.OutcomeUnknown, enum.Abandoned: // an abandoned transfer's customer did answer
	default:
		if !r.Answer.IsZero() {
			b.note(AnomalyAnswerContradictsReason)
		}
	}
}

// measure sets the durations.
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

// seconds is the duration the record states, else the one between two known times; false if there is neither. Negative
// ones are 0 and those of more than a day are not there.
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
	return max(d, 0), true // negative: noted as AnomalyTimesOutOfOrder
}

// remote is the number of the party outside, the only one that may refine the country.
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
