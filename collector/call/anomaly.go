package call

import (
	"fmt"
	"time"

	"itnio_exporter/enum"
)

// Anomaly is a way in which a record or an answer differs from the API's documentation. Each is counted in
// itnio_exporter_record_anomalies_total; AnomalyDoc says how the record is handled.
type Anomaly string

// Anomalies of a single record, raised by Normalizer.From, each kind at most once for a record.
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
	AnomalyNumberInText            Anomaly = "number_in_text"
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
	AnomalyClockUnconfirmed  Anomaly = "clock_unconfirmed"
	AnomalyEndlessWindow     Anomaly = "endless_window"
)

// AnomalyDoc says what a kind of anomaly means and how it is handled.
type AnomalyDoc struct {
	Kind    Anomaly
	Meaning string
}

// Anomalies lists every kind there is, in the order of the documentation.
var Anomalies = []AnomalyDoc{
	{AnomalyAnswerContradictsReason, "An answered call without answer time, or an answer time on a call that nobody answered (a transfer hung up while ringing may have one: its customer did answer). The hang-up reason alone decides."},
	{AnomalyTimesOutOfOrder, "Start, answer and hang-up are not in this order. Counted as it is; a duration computed from them is at least 0."},
	{AnomalyNegativeDuration, "The talk or ring duration is negative. Counted as 0 seconds."},
	{AnomalyImplausibleDuration, fmt.Sprintf("The talk or ring duration is longer than %d hours. Handled as if it were missing.", maxSeconds/3600)},
	{AnomalyDurationMissing, "An answered call has neither a talk duration nor the times to compute one. Counted as 0 seconds of talk."},
	{AnomalyRingMissing, "A call has neither a ring duration nor the times to compute one. Counted as 0 seconds of ringing."},
	{AnomalyUnknownCallType, "The call type is missing or not a documented one. Counted as `unknown`."},
	{AnomalyUnknownHangupReason, "The hang-up reason is not a documented one. Reason and outcome are counted as `unknown`."},
	{AnomalyUnknownHangupParty, "The hang-up direction is missing or not a documented one. Counted as `unknown`."},
	{AnomalyCountryUnreadable, "Neither `ccode` nor `region` names a country. Counted as `unknown`."},
	{AnomalyFutureTime, fmt.Sprintf("The call ended more than %d minutes ahead of the server's clock. Counted; the last-call time ignores it.", MaxAhead/time.Minute)},
	{AnomalyNoTime, "The record has no hang-up, creation or start time. Counted once it has been waited for as long as the lookback, with that time."},
	{AnomalyNoKeyID, "The record has no `keyId`. It is identified by its `callSessionId`."},
	{AnomalyNoID, "The record has neither `keyId` nor `callSessionId`. It cannot be told from other records and is not counted (result `invalid`)."},
	{AnomalyMalformedField, "A field is present and is not valid JSON or cannot be read. Read as far as it can be, else handled as if it were missing. A record that cannot be read at all has `no_id`, too."},
	{AnomalyTextCut, fmt.Sprintf("A name is longer than %d bytes. Cut; names with the same beginning are counted as one.", enum.MaxLabelBytes)},
	{AnomalyInvalidText, "A name is not valid UTF-8 (it may be GBK), or has half a surrogate pair. What is invalid is replaced by U+FFFD; names that differ only in that are counted as one."},
	{AnomalyNumberInText, fmt.Sprintf("The name of a group, agent or brand, a tag or the media detection contains the customer's phone number of the same record: its last %d digits. Handled as if it were missing, so that no customer's number becomes a label.", lastDigits)},

	{AnomalyIncomplete, "The record still had no hang-up time or reason when it left the lookback. Counted as it is, unless the call began before the epoch: then it is waited for longer."},
	{AnomalyTooOld, "The record appeared later than ids are kept for. Not counted, since it may have been counted before."},
	{AnomalyTotalCapped, "A window's total is lower than the totals of its parts together: the server caps it. The exporter asks for the parts from then on."},
	{AnomalyTotalMismatch, "Two walks of a window found the same ids, and a total that is not their number. The window counts as read until the total changes."},
	{AnomalyOffset, "New records are too far behind or ahead of the server's clock: `utc_offset` is most likely wrong."},
	{AnomalyDuplicateInAnswer, "A page had the same record twice. Counted once."},
	{AnomalyPageSizeImposed, "The server used another page size than it was asked for. The exporter uses the server's size."},
	{AnomalyFutureRefused, "The server refuses windows that end in the future. The exporter asks up to the server's own time."},
	{AnomalyEndlessWindow, "The pages of a window went on and on, each with new records. The exporter stopped reading it; the window stays open, and the next audit reads it again."},
	{AnomalyClockJump, "The difference between the server's clock and the local one changed by more than 2 minutes between two answers."},
	{AnomalyClockUnconfirmed, "An answer's `Date` is more than 15 minutes from the server's clock as known so far, or at the start from the local clock. It is believed only once it is confirmed: see [Guarantee](guarantee.md). Counted once for each such time, not for each answer."},
}
