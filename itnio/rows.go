package itnio

import (
	"bytes"
	"hash/maphash"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	leastRow    = 400 // bytes of a row are rarely fewer
	maxTags     = 100 // of a record
	maxInterned = 1000
	maxShared   = 64 // bytes of a text worth interning
)

// rows reads records. Fields that are not listed in member are skipped without being decoded: recordings, remarks and
// whatever else the API may add.
type rows struct {
	decoder
	list     []Record
	tooMany  bool
	interned map[string]string // texts that many records share
	scratch  []byte

	in                   *jsontext.Decoder
	rec                  *Record
	labelList, labelText []string
	hasList              bool
}

// read reads an array of records out of body, which is what in reads from.
func (r *rows) read(in *jsontext.Decoder, body []byte) error {
	r.in, r.list = in, make([]Record, 0, min(1+len(body)/leastRow, MaxPageSize))
	if _, err := in.ReadToken(); err != nil {
		return err
	}
	member := r.member
	for in.PeekKind() != ']' {
		if len(r.list) == maxRows {
			r.tooMany = true
			return errShape
		}
		r.list = append(r.list, Record{})
		r.rec = &r.list[len(r.list)-1]
		if in.PeekKind() != '{' {
			raw, err := in.ReadValue()
			if err != nil {
				return err
			}
			r.rec.Fingerprint = maphash.Bytes(r.seed, raw)
			continue
		}
		start := startOfNext(in, body)
		r.labelList, r.labelText, r.hasList = nil, nil, false
		if err := members(in, member); err != nil {
			return err
		}
		r.rec.Fingerprint = maphash.Bytes(r.seed, body[start:in.InputOffset()])
		r.rec.Labels = r.labelText
		if r.hasList {
			r.rec.Labels = r.labelList
		}
	}
	_, err := in.ReadToken()
	return err
}

// startOfNext is where the object begins that has been peeked at.
func startOfNext(in *jsontext.Decoder, body []byte) int64 {
	end := in.InputOffset()
	return end + int64(bytes.IndexByte(body[end:], '{'))
}

// member reads one field of a record.
func (r *rows) member(name []byte) error {
	rec := r.rec
	switch string(name) {
	case "keyId":
		return r.key("keyId", &rec.KeyID)
	case "callSessionId":
		return r.unique("callSessionId", &rec.CallSessionID)
	case "called":
		return r.number("called", &rec.Called)
	case "encryptCalled":
		return r.number("encryptCalled", &rec.EncryptCalled)
	case "caller":
		return r.number("caller", &rec.Caller)
	case "region":
		return r.shared("region", &rec.Region)
	case "ccode":
		return r.shared("ccode", &rec.CCode)
	case "seatName":
		return r.shared("seatName", &rec.SeatName)
	case "sipGroupName":
		return r.shared("sipGroupName", &rec.SIPGroupName)
	case "voiceGroupId":
		return r.integer("voiceGroupId", &rec.VoiceGroupID)
	case "brandId":
		return r.integer("brandId", &rec.BrandID)
	case "brandName":
		return r.shared("brandName", &rec.BrandName)
	case "callType":
		return r.integer("callType", &rec.CallType)
	case "hangupReason":
		return r.integer("hangupReason", &rec.HangupReason)
	case "hangingDirection":
		return r.integer("hangingDirection", &rec.HangingDirection)
	case "hangupCode":
		return r.shared("hangupCode", &rec.HangupCode)
	case "errorReason":
		return r.shared("errorReason", &rec.ErrorReason)
	case "callDuration":
		return r.integer("callDuration", &rec.CallDuration)
	case "ringDuration":
		return r.integer("ringDuration", &rec.RingDuration)
	case "callStartTime":
		return r.time("callStartTime", &rec.CallStart)
	case "calledAnswerTime":
		return r.time("calledAnswerTime", &rec.Answer)
	case "calledHangupTime":
		return r.time("calledHangupTime", &rec.Hangup)
	case "createTime":
		return r.time("createTime", &rec.Create)
	case "updateTime":
		return r.time("updateTime", &rec.Update)
	case "labelName":
		_, err := r.labels("labelName", &r.labelText)
		return err
	case "labelNameList":
		found, err := r.labels("labelNameList", &r.labelList)
		r.hasList = r.hasList || found
		return err
	case "mediaDetected":
		return r.shared("mediaDetected", &rec.MediaDetected)
	}
	return r.in.SkipValue()
}

func (r *rows) unreadable(name string) {
	if !slices.Contains(r.rec.Unreadable, name) {
		r.rec.Unreadable = append(r.rec.Unreadable, name)
	}
}

// text is what a scalar says, whatever JSON type it is written in.
type text struct {
	b   []byte // only good until the next text is read; empty for null
	bad bool   // an object or array
}

func (r *rows) text(raw jsontext.Value) text {
	switch raw.Kind() {
	case '"':
		if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
			return text{b: inner}
		}
		r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], raw) // invalid UTF-8 is replaced, there is no other error
		return text{b: r.scratch}
	case '0', 't', 'f':
		return text{b: raw}
	case 'n':
		return text{}
	}
	return text{bad: true}
}

// unique reads a text that no other record has.
func (r *rows) unique(name string, to *string) error {
	raw, err := r.in.ReadValue()
	if err != nil {
		return err
	}
	t := r.text(raw)
	if t.bad {
		r.unreadable(name)
		return nil
	}
	*to = string(t.b)
	return nil
}

// shared reads a text that other records are likely to have, too.
func (r *rows) shared(name string, to *string) error {
	raw, err := r.in.ReadValue()
	if err != nil {
		return err
	}
	t := r.text(raw)
	if t.bad {
		r.unreadable(name)
		return nil
	}
	*to = r.intern(t.b)
	return nil
}

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

func (r *rows) number(name string, to *Number) error {
	return r.unique(name, (*string)(to))
}

func (r *rows) integer(name string, to *Int) error {
	raw, err := r.in.ReadValue()
	if err != nil {
		return err
	}
	v, ok := parseInt(r.text(raw))
	if !ok {
		r.unreadable(name)
	}
	*to = v
	return nil
}

func (r *rows) key(name string, to *uint64) error {
	raw, err := r.in.ReadValue()
	if err != nil {
		return err
	}
	v, ok := parseInt(r.text(raw))
	if !ok || v.V < 0 {
		r.unreadable(name)
		v = Int{}
	}
	*to = uint64(v.V)
	return nil
}

// labels reads tags: an array of texts, or a text that holds such an array as JSON, or the one tag itself. It reports
// whether there was an array.
func (r *rows) labels(name string, to *[]string) (found bool, err error) {
	raw, err := r.in.ReadValue()
	if err != nil {
		return false, err
	}
	array := raw
	switch raw.Kind() {
	case 'n':
		return false, nil
	case '[':
	case '"':
		b := bytes.TrimSpace(r.text(raw).b)
		if len(b) == 0 {
			return false, nil
		}
		if b[0] != '[' {
			*to = r.addLabel(nil, b, name)
			return true, nil
		}
		array = bytes.Clone(b) // the text's memory is used again below
	default:
		r.unreadable(name)
		return false, nil
	}
	if bytes.Equal(array, []byte("[]")) {
		*to = nil
		return true, nil
	}
	in := newInput(array)
	if _, err := in.ReadToken(); err != nil {
		r.unreadable(name)
		return false, nil
	}
	var labels []string
	for in.PeekKind() != ']' {
		v, err := in.ReadValue()
		if err != nil {
			r.unreadable(name)
			return false, nil //nolint:nilerr // the field is unreadable, the record is not
		}
		t := r.text(v)
		if t.bad {
			r.unreadable(name)
			continue
		}
		labels = r.addLabel(labels, bytes.TrimSpace(t.b), name)
	}
	*to = labels
	return true, nil
}

// addLabel adds a tag that is new and not empty. A record with more tags than anyone sets loses the rest.
func (r *rows) addLabel(labels []string, b []byte, name string) []string {
	if len(labels) == maxTags {
		r.unreadable(name)
		return labels
	}
	if len(b) == 0 || slices.ContainsFunc(labels, func(l string) bool { return l == string(b) }) {
		return labels
	}
	return append(labels, r.intern(b))
}
