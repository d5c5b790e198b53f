package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	leakyKey    = "kZq7VbHw2XuT"
	leakySecret = "s3cr3tWordOfTheHouse"
)

// private are the words that must not get out, besides the key, the secret and the signatures.
func private() []string {
	return append(numbers(), "agent-call-record", "rec.example", ".wav", "confidential-remark", "12003400560078")
}

// numbers are phone numbers with and without calling code.
func numbers() []string {
	return []string{"13242926514", "8613200000003", "2126555012", "442071234567", "132 4292"}
}

// leakyAPI is an API that puts secrets into every text, its errors included.
type leakyAPI struct {
	mu      sync.Mutex
	asked   int
	failing bool // every answer is an error
	failed  int  // answers since then
	signs   []string
	began   time.Time
}

// reason is an error text with the secrets of a request in it.
func (l *leakyAPI) reason(r *http.Request) string {
	return fmt.Sprintf("Api-Key: %s secret=%s Sign: %s %s tel:%s +86 132 4292 6514", r.Header.Get("Api-Key"), leakySecret,
		r.Header.Get("Sign"), strings.ToUpper(r.Header.Get("Sign")), strings.Join(numbers(), " "))
}

// text is a reason with the private parts of a record in it.
func (l *leakyAPI) text(r *http.Request) string {
	return l.reason(r) + " " + strings.Join(private(), " ") + " https://rec.example/agent-call-record-250103/1.wav"
}

func (l *leakyAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	l.signs = append(l.signs, r.Header.Get("Sign"))
	text := l.text(r)
	w.Header().Set("X-Debug", text)
	switch {
	case l.failing:
		l.failed++
		l.fail(w, r, l.failed%errorKinds)
	case l.asked <= errorKinds:
		l.fail(w, r, l.asked%errorKinds)
	default:
		l.records(w, r, text)
	}
}

// errorKinds is how many kinds of bad answers fail knows.
const errorKinds = 8

func (l *leakyAPI) fail(w http.ResponseWriter, r *http.Request, kind int) {
	text, reason := l.text(r), l.reason(r)
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch kind {
	case 1:
		answer(map[string]any{"status": -18, "reason": reason, "data": text})
	case 2:
		answer(map[string]any{"status": "-22", "reason": reason, "data": nil})
	case 3:
		w.Header().Set("Retry-After", text)
		http.Error(w, text, http.StatusBadGateway)
	case 4:
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<html><title>%s</title>%s</html>", text, text)
	case 5:
		_, _ = fmt.Fprintf(w, `{"status":0,"reason":%q,"data":{"total":"%s","records":[{"called":"%s`, text, text, text)
	case 6:
		w.Header().Set("Location", "https://rec.example/?Sign="+r.Header.Get("Sign")+"&secret="+leakySecret)
		w.WriteHeader(http.StatusFound)
	case 7:
		answer(map[string]any{"status": text, "reason": text})
	default:
		answer(map[string]any{"status": -42, "reason": reason})
	}
}

// sessions is the beginning of the session ids of all records.
const sessions = "77015090001"

// session is the session id of a record. It may be shown in exemplars only.
func session(i int) string { return fmt.Sprintf("%s%04d", sessions, i) }

func (l *leakyAPI) records(w http.ResponseWriter, r *http.Request, text string) {
	var q struct {
		Current int
		Params  struct{ StartTime, EndTime string }
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, text, http.StatusBadRequest)
		return
	}
	from, to := parseTime(q.Params.StartTime), parseTime(q.Params.EndTime)
	found := []map[string]any{}
	for i := range 30 {
		back := time.Duration(5+i) * time.Minute
		if start := l.began.Add(-back); start.Before(from) || start.After(to) {
			continue
		}
		found = append(found, l.record(i, back, text))
	}
	total := len(found)
	if q.Current > 1 {
		found = nil
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": 0, "reason": text, "data": map[string]any{
		"total": total, "size": 100, "current": q.Current, "records": found, "note": text,
	}})
}

// record is a record with text in every field that takes it; some have it in fields of other types, too.
func (l *leakyAPI) record(i int, back time.Duration, text string) map[string]any {
	at := func(back time.Duration) string {
		return l.began.Add(-back).In(time.FixedZone("", 8*3600)).Format(time.DateTime)
	}
	rec := map[string]any{
		"keyId": 1000 + i, "callSessionId": session(i), "sipGroupName": "sales", "voiceGroupId": 12,
		"callType": i%3 + 1, "hangupReason": []int{3, 9, 1}[i%3], "hangingDirection": 0,
		"callStartTime": at(back), "calledAnswerTime": at(back - 4*time.Second), "calledHangupTime": at(back - 30*time.Second),
		"createTime": at(back - 30*time.Second), "callDuration": 26, "ringDuration": 4, "brandName": "ITNIO", "ccode": "86(China)",
		"called": "8613242926514", "encryptCalled": "8613242926514", "caller": "8613200000003", "errorReason": "call went well(200) " + text,
	}
	for _, field := range []string{
		"calledInfo", "region", "seatName", "voiceUrl", "remark", "callId", "labelName", "mediaDetected", "hangupCode", "updateTime", "unheardOf",
	} {
		rec[field] = text
	}
	rec["voiceUrlList"], rec["labelNameList"] = []string{text}, []string{text, "8613242926514"}
	switch i {
	case 1:
		rec["ccode"] = "8613242926514"
	case 2:
		rec["ccode"], rec["called"], rec["caller"] = text, text, text
	case 3:
		rec["callDuration"], rec["ringDuration"], rec["hangupReason"] = text, text, text
	case 4:
		rec["callStartTime"], rec["createTime"] = text, "+8613242926514"
	case 5:
		rec["keyId"] = text
	case 6:
		rec["called"], rec["caller"], rec["region"] = map[string]any{"n": text}, []string{text}, 442071234567
	case 7: // incoming: the caller is the customer
		rec["sipGroupName"], rec["brandName"] = "8613200000003", "8613200000003"
	case 8: // outgoing: the called party is
		rec["sipGroupName"], rec["brandName"] = "+86 132 4292 6514", "call 13242926514"
	}
	return rec
}

// secrets are all words that must not get out.
func (l *leakyAPI) secrets() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append(private(), leakyKey, leakySecret), l.signs...)
}

// fails makes every answer an error from now on.
func (l *leakyAPI) fails() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing = true
}

// failures is the number of errors since fails.
func (l *leakyAPI) failures() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}
