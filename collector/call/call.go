// Package call turns an API record into a call in the exporter's own terms.
package call

import (
	"time"

	"itnio_exporter/enum"
)

// Call is one finished call, or one whose record is not complete yet (Pending). It contains no phone number, recording URL
// or remark.
type Call struct {
	Key     uint64 // keyId; 0: none
	Session uint64 // callSessionId as a number, or its hash with the top bit set; 0: none

	Pending          bool // no hang-up time or no hang-up reason yet
	HangupUnreadable bool // one of them is there and makes no sense: the call may not be in progress

	End   time.Time // hang-up, else createTime, else start; zero: the record has no time at all
	Start time.Time

	Type    enum.CallType
	Reason  enum.Reason
	Outcome enum.Outcome
	Party   enum.Party

	Country      string   // ISO 3166-1 alpha-2, International or Unknown
	CallingCode  string   // digits; the same for all calls of a country, except International; "" if unknown
	Group        string   // sipGroupName, else the voiceGroupId, else None
	VoiceGroupID string   // digits or ""
	Agent        string   // None if missing
	Brand        string   // "" if missing
	SIPCode      string   // three digits or Unknown
	Tags         []string // each once, sorted
	Media        string   // None if missing

	Talk int64 // seconds, only meaningful if Outcome is answered
	Ring int64 // seconds

	SessionID string // callSessionId as it is, for opt-in exemplars only; "" if over 64 bytes or not printable ASCII

	Anomalies []Anomaly
}

// Answered reports whether the call was answered, by its hang-up reason alone.
func (c *Call) Answered() bool { return c.Outcome == enum.Answered }

// Identity tells calls apart within a window: the primary key, else the session, else the fingerprint of the record.
func (c *Call) Identity(fingerprint uint64) uint64 {
	switch {
	case c.Key != 0:
		return c.Key
	case c.Session != 0:
		return c.Session
	}
	return fingerprint
}
