// Package itnio is a client for the call-centre API: signing, requests, pages, records and status errors.
// It knows nothing of Prometheus or of what has been counted.
//
// It requests one path, the record query, and follows no redirect. Every attempt gets a new signature with the server's time,
// known from the Date headers of its answers, or with the local time where the server refuses that. Answers are limited in size and time. They are read with tolerance: a field that
// cannot be read is named in Record.Unreadable, a row that cannot be read becomes a Record with a fingerprint only, text that
// breaks the JSON is repaired, and only a broken envelope loses a page. Recordings, remarks and everything else that Record does
// not list are skipped without being decoded. Nothing that can be printed, errors included, contains a key, a secret, a
// signature or a phone number, and of an answer only the server's reason, redacted.
package itnio

import (
	"fmt"
	"time"
)

// Record is one row of POST /v3/cc/record/query, as far as the exporter has a use for it. Personal fields are
// not decoded, except for the phone numbers: the country is found from them, and they cannot be printed.
// Missing, null and unreadable fields are zero values; Unreadable names the fields that were there but made no sense.
type Record struct {
	KeyID         uint64 // primary key; 0: none
	CallSessionID string // "" if none
	Fingerprint   uint64 // hash of the raw row: tells records without ids apart within a walk, never stored

	Called, EncryptCalled, Caller Number

	Region       string
	CCode        string // "86(China)" or "86"
	SeatName     string // agent
	SIPGroupName string // agent group
	VoiceGroupID Int
	BrandID      Int
	BrandName    string

	CallType         Int
	HangupReason     Int
	HangingDirection Int
	HangupCode       string
	ErrorReason      string

	CallDuration Int // talk, seconds
	RingDuration Int // seconds

	CallStart, Answer, Hangup, Create, Update time.Time // UTC; zero: missing

	Labels        []string // tags, labelNameList or else labelName
	MediaDetected string

	Unreadable []string // API names of fields that were present and unreadable, or not valid JSON; "record": all of it
}

// Int is an integer field that may be missing.
type Int struct {
	V   int64
	Set bool
}

// Number is a phone number. The country is found from it, then it is dropped. It cannot be printed or marshalled by accident.
type Number string

const hiddenNumber = "[number]"

// String hides the number.
func (Number) String() string { return hiddenNumber }

// GoString hides the number.
func (Number) GoString() string { return hiddenNumber }

// Format hides the number from every verb, %d and %x included.
func (Number) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenNumber)) }

// MarshalText hides the number.
func (Number) MarshalText() ([]byte, error) { return []byte(hiddenNumber), nil }

// Filter narrows a query to a part of the account's records: every filter the API has, in its own codes.
type Filter struct {
	VoiceGroupID     int64 // 0: none
	SIPGroupName     string
	SeatIDs          []int64
	SeatNames        []string
	CallTypes        []int64
	HangupReasons    []int64
	CalledOrCaller   string
	CCodes           []string
	HangingDirection []int64
	LabelNames       []string
}

// Query asks for one page of the records of a window.
type Query struct {
	From, To time.Time // sent as they are, widened to whole seconds; whether the ends are inclusive is not documented
	Page     int       // from 1
	Size     int       // 1 to 100
	Filter   Filter
}

// Page is one answer to a Query.
type Page struct {
	Total    int // records in the window, as the server says; -1: not said
	Size     int // page size the server says it used; 0: not said, and it may be another one than asked for
	Current  int // page number the server says it sent
	Records  []Record
	Repaired bool      // the answer could be read only after repair
	Damage   []uint64  // fingerprints of the records that were repaired
	Bytes    int       // size of the answer's body
	Date     time.Time // the server's time by the Date header of this authenticated answer; zero: it had none
	First    time.Time // Date of the first good answer to the query: an earlier one than Date if it took several; zero: none had one
}
