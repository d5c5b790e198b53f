package call

// Anomaly is a kind of oddity that is counted in itnio_exporter_record_anomalies_total instead of being guessed at or
// passed over in silence. The record is handled as its documentation says.
type Anomaly string

// Anomalies of a single record, raised by Normalizer.From: at most once a kind and record.
const (
	AnomalyAnswerContradictsReason Anomaly = "answer_contradicts_reason"
	AnomalyTimesOutOfOrder         Anomaly = "times_out_of_order"
	AnomalyNegativeDuration        Anomaly = "negative_duration"
	AnomalyImplausibleDuration     Anomaly = "implausible_duration"
	AnomalyDurationMissing         Anomaly = "duration_missing"
	AnomalyRingMissing             Anomaly = "ring_missing"
	AnomalyUnknownCallType         Anomaly = "unknown_call_type"
	AnomalyUnknownHangupReason     Anomaly = "unknown_hangup_reason"
	AnomalyUnknownHangupParty      Anomaly = "unknown_hangup_party"
	AnomalyCountryUnreadable       Anomaly = "country_unreadable"
	AnomalyFutureTime              Anomaly = "future_time"
	AnomalyNoTime                  Anomaly = "no_time"
	AnomalyNoKeyID                 Anomaly = "no_key_id"
	AnomalyNoID                    Anomaly = "no_id"
	AnomalyMalformedField          Anomaly = "malformed_field"
	AnomalyTextCut                 Anomaly = "text_cut"
	AnomalyInvalidText             Anomaly = "invalid_text"
)

// Anomalies of reading and counting, raised by the packages that read and count.
const (
	AnomalyIncomplete        Anomaly = "incomplete"
	AnomalyTooOld            Anomaly = "too_old"
	AnomalyTotalCapped       Anomaly = "total_capped"
	AnomalyTotalMismatch     Anomaly = "total_mismatch"
	AnomalyOffset            Anomaly = "offset"
	AnomalyDuplicateInAnswer Anomaly = "duplicate_in_answer"
	AnomalyPageSizeImposed   Anomaly = "page_size_imposed"
	AnomalyFutureRefused     Anomaly = "future_refused"
	AnomalyClockJump         Anomaly = "clock_jump"
)

// AnomalyDoc says what a kind of anomaly means and how it is handled.
type AnomalyDoc struct {
	Kind    Anomaly
	Meaning string
}

// Anomalies lists every kind there is, in the order of the documentation.
func Anomalies() []AnomalyDoc {
	return []AnomalyDoc{
		{AnomalyAnswerContradictsReason, "An answered call without answer time, or an answer time on a call that nobody answered (a transfer hung up while ringing may have one: its customer did answer). The hang-up reason alone decides."},
		{AnomalyTimesOutOfOrder, "Start, answer and hang-up do not follow each other. Counted as it stands; a duration computed from them is 0 instead of negative."},
		{AnomalyNegativeDuration, "The talk or ring duration is negative. Counted as 0 seconds."},
		{AnomalyImplausibleDuration, "The talk or ring duration is longer than 24 hours. Handled as if it were missing."},
		{AnomalyDurationMissing, "An answered call has neither a talk duration nor the times to compute one. Counted as 0 seconds of talk."},
		{AnomalyRingMissing, "A call has neither a ring duration nor the times to compute one. Counted as 0 seconds of ringing."},
		{AnomalyUnknownCallType, "The call type is missing or not a documented one. Counted as `unknown`."},
		{AnomalyUnknownHangupReason, "The hang-up reason is not a documented one. Reason and outcome are counted as `unknown`."},
		{AnomalyUnknownHangupParty, "The hang-up direction is missing or not a documented one. Counted as `unknown`."},
		{AnomalyCountryUnreadable, "Neither `ccode` nor `region` names a country. Counted as `unknown`."},
		{AnomalyFutureTime, "The call ended more than 5 minutes ahead of the server's clock. Counted; the last-call time ignores it."},
		{AnomalyNoTime, "The record has no hang-up, creation or start time. Counted as of the time when it has been waited for as long as the lookback."},
		{AnomalyNoKeyID, "The record has no `keyId`. It is known by its `callSessionId`."},
		{AnomalyNoID, "The record has neither `keyId` nor `callSessionId`. It cannot be told from others and is invalid."},
		{AnomalyMalformedField, "A field was present and not readable, or not valid JSON. Read as far as it can be, else handled as if it were missing. A record that cannot be read at all because of that is invalid and has `no_id`, too."},
		{AnomalyTextCut, "A name is longer than 128 bytes. Cut; names with the same beginning fall together."},
		{AnomalyInvalidText, "A name is not valid UTF-8, such as one in GBK, or holds half a surrogate pair. The damaged bytes are replaced by U+FFFD; names that differ in them only fall together."},

		{AnomalyIncomplete, "The record still had no hang-up time or reason when it left the lookback. Counted as it stands, unless it began before the epoch: then it is waited for."},
		{AnomalyTooOld, "The record turned up later than ids are kept for. Never counted, since it may have been counted before."},
		{AnomalyTotalCapped, "A window's total is lower than what its parts hold: the server caps it. The parts are asked from then on."},
		{AnomalyTotalMismatch, "Two walks of a window found the same ids and another total. Taken as read until the total changes."},
		{AnomalyOffset, "New records are too far behind or ahead of the server's clock: `utc_offset` is most likely wrong."},
		{AnomalyDuplicateInAnswer, "A page held the same record twice. Counted once."},
		{AnomalyPageSizeImposed, "The server answered with another page size than asked for. Its size is used."},
		{AnomalyFutureRefused, "The server refuses windows that end in the future. Asked up to its own clock."},
		{AnomalyClockJump, "The server's clock and the local one moved apart by more than 2 minutes between two answers."},
	}
}
