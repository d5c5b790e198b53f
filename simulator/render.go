package simulator

import (
	"slices"
	"strconv"
	"time"

	"itnio_exporter/enum"
)

// renderer writes answers in JSON, in the form of the vendor's sample.
type renderer struct {
	b     []byte
	s     *Simulator
	h     *Habits
	skew  int64 // added to the times in records, in seconds
	salt  uint64
	first bool
}

// failure writes an answer without data.
func (s *Simulator) failure(st *status) []byte {
	w := renderer{s: s, h: &s.o.Habits}
	w.status(st.code, st.reason)
	w.raw(`,"data":null}`)
	return w.b
}

func (w *renderer) raw(s string) { w.b = append(w.b, s...) }

func (w *renderer) status(code int, reason string) {
	w.raw(`{"status":`)
	if w.h.StatusAsText {
		w.b = append(w.b, '"')
		w.b = strconv.AppendInt(w.b, int64(code), 10)
		w.b = append(w.b, '"')
	} else {
		w.b = strconv.AppendInt(w.b, int64(code), 10)
	}
	w.raw(`,"reason":`)
	w.text(reason)
}

// answer is a page of records.
type answer struct {
	total, size, current int
	tenant               *tenant
	rows                 []uint32
	salt                 uint64
}

func (s *Simulator) page(a answer) []byte {
	w := renderer{
		b: make([]byte, 0, 256+1100*len(a.rows)), s: s, h: &s.o.Habits,
		skew: int64(s.o.Habits.recordSkew() / time.Second), salt: a.salt,
	}
	w.status(0, "success")
	w.raw(`,"data":{"total":`)
	w.b = strconv.AppendInt(w.b, int64(a.total), 10)
	if !w.h.OmitSize {
		w.raw(`,"size":`)
		w.b = strconv.AppendInt(w.b, int64(a.size), 10)
	}
	w.raw(`,"current":`)
	w.b = strconv.AppendInt(w.b, int64(a.current), 10)
	w.raw(`,"searchCount":true,"pages":`)
	w.b = strconv.AppendInt(w.b, int64((a.total+a.size-1)/a.size), 10)
	w.raw(`,"records":[`)
	for i, n := range a.rows {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.cached(a.tenant, n)
	}
	w.raw(`]}}`)
	return w.b
}

// keep is how many records in JSON an account caches, since polls read the newest records again and again.
const keep = 4096

// cached writes a record, from an earlier answer if it has not changed since.
func (w *renderer) cached(t *tenant, n uint32) {
	r := &t.rows[n]
	if r.is(keySometimes) {
		w.record(r)
		return
	}
	if b, ok := t.written[n]; ok {
		w.b = append(w.b, b...)
		return
	}
	begin := len(w.b)
	w.record(r)
	if len(t.written) >= keep {
		clear(t.written)
	}
	t.written[n] = slices.Clone(w.b[begin:])
}

func (w *renderer) name(n string) {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
	w.b = append(w.b, '"')
	w.raw(n)
	w.raw(`":`)
}

func (w *renderer) null(name string) {
	w.name(name)
	w.raw("null")
}

func (w *renderer) number(name string, v int64) {
	w.name(name)
	if w.h.NumbersAsText {
		w.b = append(w.b, '"')
	}
	w.b = strconv.AppendInt(w.b, v, 10)
	if w.h.NumbersAsText {
		w.b = append(w.b, '"')
	}
}

// string writes a text, or null for an empty one.
func (w *renderer) string(name, v string) {
	if v == "" {
		w.null(name)
		return
	}
	w.name(name)
	w.text(v)
}

// text writes a JSON string. Invalid UTF-8 stays as it is.
func (w *renderer) text(v string) {
	w.b = append(w.b, '"')
	for i := range len(v) {
		switch c := v[i]; {
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', c)
		case c < 0x20:
			w.raw(`\u00`)
			w.b = append(w.b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			w.b = append(w.b, c)
		}
	}
	w.b = append(w.b, '"')
}

func (w *renderer) time(name string, unix int64) {
	if unix == 0 {
		w.null(name)
		return
	}
	w.name(name)
	w.b = append(w.b, '"')
	w.b = time.Unix(unix+w.skew, 0).In(w.s.zone).AppendFormat(w.b, time.DateTime)
	w.b = append(w.b, '"')
}

const calledInfo = `"{\"calledInfo1\":null,\"calledInfo5\":null,\"calledInfo10\":null,\"calledInfo4\":null,\"calledInfo3\":null,` +
	`\"calledInfo2\":null,\"calledInfo9\":null,\"calledInfo8\":null,\"calledInfo7\":null,\"calledInfo6\":null}"`

func (w *renderer) record(r *row) {
	s := w.s
	w.b = append(w.b, '{')
	w.first = true
	if !r.is(keyless) && (!r.is(keySometimes) || mix(r.session, w.salt)%2 == 0) {
		w.number("keyId", int64(r.id))
	} else if r.is(keyless) {
		w.null("keyId")
	}
	session := strconv.FormatUint(r.session, 10)
	w.string("callSessionId", session)
	w.numbers(r)
	w.name("calledInfo")
	w.raw(calledInfo)
	if w.h.Region {
		w.string("region", s.regions[r.country])
	} else {
		w.null("region")
	}
	w.string("seatName", s.texts.all[r.agent])
	w.string("sipGroupName", s.texts.all[r.group])
	if !w.h.OmitVoiceGroupID {
		w.number("voiceGroupId", int64(r.groupID))
	}
	w.number("callType", typeCode(r.typ))
	w.outcome(r)
	w.time("callStartTime", r.shownStart())
	w.time("calledAnswerTime", r.shownAnswer())
	w.time("calledHangupTime", r.shownEnd())
	if r.talk > 0 && !r.is(incomplete) {
		url := "agent-call-record-" + session[:min(6, len(session))] + "/" + session + ".wav"
		w.string("voiceUrl", url)
		w.name("voiceUrlList")
		w.b = append(w.b, '[')
		w.text(url)
		w.b = append(w.b, ']')
	} else {
		w.null("voiceUrl")
		w.name("voiceUrlList")
		w.raw("[]")
	}
	w.time("createTime", r.create)
	w.time("updateTime", r.update())
	if c := &s.o.Countries[r.country]; r.is(noCountry) {
		w.null("ccode")
	} else {
		w.string("ccode", c.CallingCode+"("+c.Name+")")
	}
	w.tags(r)
	w.remark(r, session)
	w.string("callId", session+"00")
	w.number("brandId", 101)
	w.string("brandName", "ITNIO")
	w.string("mediaDetected", s.texts.all[r.media])
	w.b = append(w.b, '}')
}

// rawRemarks are texts that break the JSON if they are not escaped.
var rawRemarks = []string{`he said "call me back"`, "first line\nsecond line", "a\ttab and a \x01", `see C:\calls\`, `"urgent", he said`}

func (w *renderer) remark(r *row, session string) {
	switch {
	case r.is(rawRemark):
		w.name("remark")
		w.raw(`"` + rawRemarks[r.session%uint64(len(rawRemarks))] + `"`)
	case r.is(isEdited):
		w.string("remark", "called back, see "+session)
	default:
		w.string("remark", "11111")
	}
}

// numbers writes called, encryptCalled and caller. The customer is the caller of incoming calls, else the called party.
func (w *renderer) numbers(r *row) {
	called, caller := strconv.FormatUint(r.number, 10), w.s.line(r)
	if r.typ == enum.Incoming {
		called, caller = caller, called
	}
	if w.h.EncryptNumbers {
		w.null("called")
		w.string("encryptCalled", called)
	} else {
		w.string("called", called)
		w.null("encryptCalled")
	}
	w.string("caller", caller)
}

// outcome writes the fields that are known once a call has ended; until then they are null.
func (w *renderer) outcome(r *row) {
	if r.is(incomplete) {
		for _, n := range []string{"callDuration", "hangupReason", "hangupCode", "hangingDirection", "errorReason", "ringDuration"} {
			w.null(n)
		}
		return
	}
	w.number("callDuration", int64(r.talk))
	w.number("hangupReason", reasonCode(r.reason))
	w.number("hangingDirection", partyCode(r.party))
	if r.is(noRing) {
		w.null("ringDuration")
	} else {
		w.number("ringDuration", int64(r.ring))
	}
	switch {
	case r.sip == 0:
		w.null("hangupCode")
	case w.h.SIPHangupCode:
		w.string("hangupCode", strconv.Itoa(int(r.sip)))
	case r.sip == 200:
		w.string("hangupCode", "1")
	default:
		w.string("hangupCode", "0")
	}
	if r.sip == 0 {
		w.null("errorReason")
	} else {
		w.string("errorReason", sipText(r.sip)+"("+strconv.Itoa(int(r.sip))+")")
	}
}

func sipText(code uint16) string {
	switch code {
	case 200:
		return "sucess call" //nolint:misspell // the vendor's spelling
	case 404, 484:
		return "number does not exist"
	case 408, 480:
		return "no answer"
	case 486:
		return "user busy"
	case 487:
		return "caller cancelled"
	}
	return "call failed"
}

// tags writes labelName, a string that contains the tags in JSON, and labelNameList.
func (w *renderer) tags(r *row) {
	list := renderer{}
	list.b = append(list.b, '[')
	for i, t := range w.s.tagsOf(r) {
		if i > 0 {
			list.b = append(list.b, ',')
		}
		list.text(t)
	}
	list.b = append(list.b, ']')
	w.string("labelName", string(list.b))
	w.name("labelNameList")
	w.b = append(w.b, list.b...)
}
