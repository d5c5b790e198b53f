package itnio

import (
	"bytes"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxTags     = 100 // of a record
	maxInterned = 1000
	maxShared   = 64 // bytes of a text worth interning
)

// reader reads the JSON value of one field into the record at hand. False: the value makes no sense, in whole or in part.
type reader func(r *rows, raw jsontext.Value) bool

// fields are the fields of a record that are read. Every other one is skipped without being decoded: recordings, remarks
// and whatever else the API may add.
var fields = map[string]reader{
	"keyId":            readKey,
	"callSessionId":    unique(func(r *Record) *string { return &r.CallSessionID }),
	"called":           unique(func(r *Record) *string { return (*string)(&r.Called) }),
	"encryptCalled":    unique(func(r *Record) *string { return (*string)(&r.EncryptCalled) }),
	"caller":           unique(func(r *Record) *string { return (*string)(&r.Caller) }),
	"region":           shared(func(r *Record) *string { return &r.Region }),
	"ccode":            shared(func(r *Record) *string { return &r.CCode }),
	"seatName":         shared(func(r *Record) *string { return &r.SeatName }),
	"sipGroupName":     shared(func(r *Record) *string { return &r.SIPGroupName }),
	"voiceGroupId":     integer(func(r *Record) *Int { return &r.VoiceGroupID }),
	"brandId":          integer(func(r *Record) *Int { return &r.BrandID }),
	"brandName":        shared(func(r *Record) *string { return &r.BrandName }),
	"callType":         integer(func(r *Record) *Int { return &r.CallType }),
	"hangupReason":     integer(func(r *Record) *Int { return &r.HangupReason }),
	"hangingDirection": integer(func(r *Record) *Int { return &r.HangingDirection }),
	"hangupCode":       shared(func(r *Record) *string { return &r.HangupCode }),
	"errorReason":      shared(func(r *Record) *string { return &r.ErrorReason }),
	"callDuration":     integer(func(r *Record) *Int { return &r.CallDuration }),
	"ringDuration":     integer(func(r *Record) *Int { return &r.RingDuration }),
	"callStartTime":    instant(func(r *Record) *time.Time { return &r.CallStart }),
	"calledAnswerTime": instant(func(r *Record) *time.Time { return &r.Answer }),
	"calledHangupTime": instant(func(r *Record) *time.Time { return &r.Hangup }),
	"createTime":       instant(func(r *Record) *time.Time { return &r.Create }),
	"updateTime":       instant(func(r *Record) *time.Time { return &r.Update }),
	"labelName":        func(r *rows, raw jsontext.Value) bool { return r.readTags(raw, &r.tagText) },
	"labelNameList":    func(r *rows, raw jsontext.Value) bool { return r.readTags(raw, &r.tagList) },
	"mediaDetected":    shared(func(r *Record) *string { return &r.MediaDetected }),
}

// unique reads a text that no other record has.
func unique(at func(*Record) *string) reader {
	return func(r *rows, raw jsontext.Value) bool {
		t := r.text(raw)
		if !t.bad {
			*at(r.rec) = string(t.b)
		}
		return !t.bad
	}
}

// shared reads a text that other records are likely to have, too.
func shared(at func(*Record) *string) reader {
	return func(r *rows, raw jsontext.Value) bool {
		t := r.text(raw)
		if !t.bad {
			*at(r.rec) = r.intern(t.b)
		}
		return !t.bad
	}
}

func integer(at func(*Record) *Int) reader {
	return func(r *rows, raw jsontext.Value) (ok bool) {
		*at(r.rec), ok = parseInt(r.text(raw))
		return ok
	}
}

func instant(at func(*Record) *time.Time) reader {
	return func(r *rows, raw jsontext.Value) (ok bool) {
		*at(r.rec), ok = parseTime(r.text(raw), r.loc)
		return ok
	}
}

func readKey(r *rows, raw jsontext.Value) bool {
	v, ok := parseInt(r.text(raw))
	if !ok || v.V < 0 {
		r.rec.KeyID = 0
		return false
	}
	r.rec.KeyID = uint64(v.V)
	return true
}

// tags are the tags of a record as one of its two fields tells them.
type tags struct {
	list []string
	told bool // the field was there and not empty; a list without elements is one
}

// readTags reads tags: an array of texts, or a text that contains such an array as JSON, or the one tag itself.
func (r *rows) readTags(raw jsontext.Value, to *tags) bool {
	array := raw
	switch raw.Kind() {
	case 'n':
		return true
	case '[':
	case '"':
		t := r.text(raw)
		b := bytes.TrimSpace(t.b)
		if len(b) == 0 {
			return true
		}
		if b[0] != '[' {
			*to = tags{told: true}
			return r.addTag(to, b)
		}
		array = b
		if len(b) > len("[]") {
			array = bytes.Clone(b) // the text's memory is used again for the elements
		}
	default:
		return false
	}
	read, ok := tags{told: true}, true
	if bytes.Equal(array, []byte("[]")) { // as nearly every record has it; a decoder costs more than the rest of the row
		*to = read
		return true
	}
	in := newInput(array)
	if _, err := in.ReadToken(); err != nil {
		return false
	}
	for in.PeekKind() != ']' {
		v, err := in.ReadValue()
		if err != nil {
			return false
		}
		t := r.text(v)
		ok = !t.bad && r.addTag(&read, bytes.TrimSpace(t.b)) && ok
	}
	*to = read
	return ok
}

// addTag adds a tag that is new and not empty. False: a record with more tags than anyone sets loses the rest.
func (r *rows) addTag(to *tags, b []byte) bool {
	if len(to.list) == maxTags {
		return false
	}
	if len(b) > 0 && !slices.ContainsFunc(to.list, func(l string) bool { return l == string(b) }) {
		to.list = append(to.list, r.intern(b))
	}
	return true
}

// intern gives one string for all texts of an answer that are alike, if they are short.
func (r *rows) intern(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := r.interned[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(b) <= maxShared && len(r.interned) < maxInterned {
		r.interned[s] = s
	}
	return s
}
