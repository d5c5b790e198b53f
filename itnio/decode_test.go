package itnio

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05.999999999", s, beijing())
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func set(v int64) Int { return Int{V: v, Set: true} }

func decodeRow(t *testing.T, row string) Record {
	t.Helper()
	a, err := newDecoder(beijing()).decode([]byte(pageOf(1, row)))
	require.NoError(t, err)
	require.Len(t, a.page.Records, 1)
	require.NotZero(t, a.page.Records[0].Fingerprint)
	a.page.Records[0].Fingerprint = 0
	return a.page.Records[0]
}

func TestDecodeVendorRow(t *testing.T) {
	require.Equal(t, Record{
		KeyID:            50180345,
		CallSessionID:    "25010316113064799",
		EncryptCalled:    "8613242926514",
		Caller:           "8613200000003",
		CCode:            "86(China)",
		SeatName:         "seatName",
		SIPGroupName:     "tele-basic-test",
		BrandID:          set(101),
		BrandName:        "ITNIO",
		CallType:         set(3),
		HangupReason:     set(1),
		HangingDirection: set(1),
		HangupCode:       "1",
		ErrorReason:      "sucess call(200)", //nolint:misspell // the vendor's
		CallDuration:     set(47),
		RingDuration:     set(4),
		CallStart:        at("2025-01-03 16:10:39"),
		Answer:           at("2025-01-03 16:10:43"),
		Hangup:           at("2025-01-03 16:11:30"),
		Create:           at("2025-01-03 16:11:30"),
		Update:           at("2025-01-03 16:11:30"),
	}, decodeRow(t, vendorRow))
}

func TestDecodeEnvelope(t *testing.T) {
	type page struct{ total, size, current, records int }
	tests := map[string]struct {
		body   string
		want   page
		status int
		reason string
	}{
		"numbers":             {body: pageOf(7, vendorRow), want: page{7, 50, 1, 1}},
		"texts":               {body: `{"status":"0","data":{"total":"7","size":"50","current":"2","records":[{},{}]}}`, want: page{7, 50, 2, 2}},
		"floats":              {body: `{"status":0.0,"data":{"total":7.0,"size":5e1,"current":1,"records":[]}}`, want: page{7, 50, 1, 0}},
		"data before status":  {body: `{"data":{"records":[{}],"total":1},"reason":"ok","status":0}`, want: page{1, 0, 0, 1}, reason: "ok"},
		"unknown members":     {body: `{"x":{"y":[1,{}]},"status":0,"data":{"z":null,"total":0,"records":[]}}`, want: page{}},
		"byte order mark":     {body: "\xef\xbb\xbf" + pageOf(0), want: page{0, 50, 1, 0}},
		"no size, no current": {body: envelope(`{"total":3,"records":[{}]}`), want: page{3, 0, 0, 1}},
		"no total":            {body: envelope(`{"records":[{}]}`), want: page{-1, 0, 0, 1}},
		"senseless total":     {body: envelope(`{"total":{},"records":[{}]}`), want: page{-1, 0, 0, 1}},
		"negative total":      {body: envelope(`{"total":-5,"records":[]}`), want: page{-1, 0, 0, 0}},
		"huge total":          {body: envelope(`{"total":99999999999999999999,"records":[]}`), want: page{-1, 0, 0, 0}},
		"records null":        {body: envelope(`{"total":0,"records":null}`), want: page{}},
		"records lost":        {body: envelope(`{"total":12,"records":null}`), want: page{total: 12}},
		"records missing":     {body: envelope(`{"total":12}`), want: page{total: 12}},
		"data null":           {body: envelope(`null`), want: page{total: -1}},
		"no data":             {body: `{"status":0,"reason":"success"}`, want: page{total: -1}, reason: "success"},
		"sample as printed":   {body: pageOf(3, vendorRow, strings.ReplaceAll(vendorRow, `\"`, `"`), vendorRow), want: page{3, 50, 1, 3}},
		"data array of page":  {body: envelope(`[{"total":2,"size":10,"current":1,"records":[{},{}]}]`), want: page{2, 10, 1, 2}},
		"data array of rows":  {body: envelope(`[` + vendorRow + `,` + vendorRow + `]`), want: page{-1, 0, 0, 2}},
		"data array, no rows": {body: envelope(`[]`), want: page{-1, 0, 0, 0}},
		"table taken literally": {body: `{"status":0,"reason":"","data":[` + vendorRow + `],"total":9,"size":20,"current":3}`,
			want: page{9, 20, 3, 1}},
		"duplicate members":    {body: `{"status":-1,"status":0,"data":{"total":1,"total":2,"records":[{}],"records":[{},{}]}}`, want: page{2, 0, 0, 2}},
		"escaped names":        {body: `{"st\u0061tus":0,"data":{"total":1,"recor\u0064s":[{}]}}`, want: page{1, 0, 0, 1}},
		"business, data null":  {body: `{"status":-1,"reason":"no","data":null}`, want: page{total: -1}, status: -1, reason: "no"},
		"business, text":       {body: `{"status":"-16","reason":null}`, want: page{total: -1}, status: -16},
		"business, other data": {body: `{"status":-22,"reason":17,"data":"x"}`, want: page{total: -1}, status: -22, reason: "17"},
		"rows of any type":     {body: pageOf(5, `null`, `7`, `"x"`, `[[]]`, `{}`), want: page{5, 50, 1, 5}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := newDecoder(beijing()).decode([]byte(tt.body))
			require.NoError(t, err)
			require.Equal(t, tt.status, a.status)
			if tt.reason != "" {
				require.Equal(t, tt.reason, a.reason)
			}
			require.Equal(t, tt.want, page{a.page.Total, a.page.Size, a.page.Current, len(a.page.Records)})
			for _, r := range a.page.Records {
				require.NotZero(t, r.Fingerprint)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	whole := pageOf(1, vendorRow)
	tests := map[string]string{
		"empty":           "",
		"blank":           " \n\t",
		"html":            "<html><body>secret words</body></html>",
		"garbage":         "\x00\x01secret\xff",
		"text":            `"secret words"`,
		"number":          `17`,
		"array":           `[` + whole + `]`,
		"null":            `null`,
		"cut in a row":    whole[:len(whole)/2],
		"cut at the end":  whole[:len(whole)-1],
		"two answers":     whole + whole,
		"no status":       `{"data":{"total":0,"records":[]}}`,
		"status null":     `{"status":null,"data":{"total":0,"records":[]}}`,
		"status of words": `{"status":"secret words","data":{"total":0,"records":[]}}`,
		"status object":   `{"status":{},"data":{"total":0,"records":[]}}`,
		"empty object":    `{}`,
		"data text":       envelope(`"secret words"`),
		"data empty":      envelope(`{}`),
		"data of others":  envelope(`{"balance":"1"}`),
		"records object":  envelope(`{"total":1,"records":{"secret words":1}}`),
		"records text":    envelope(`{"total":1,"records":"secret words"}`),
		"sample, cut":     strings.ReplaceAll(whole, `\"`, `"`)[:900],
		"deep":            strings.Repeat(`{"data":`, 20_000),
		"deep in a row":   envelope(`{"records":[{"remark":` + strings.Repeat(`[`, 100_000)),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newDecoder(beijing()).decode([]byte(body))
			require.ErrorIs(t, err, ErrDecode)
			require.NotContains(t, err.Error(), "secret")
			require.Less(t, len(err.Error()), 100)
		})
	}
	t.Run("rows without end", func(t *testing.T) {
		_, err := newDecoder(beijing()).decode([]byte(pageOf(1, strings.Repeat("0,", maxRows)+"0")))
		require.ErrorIs(t, err, ErrTooLarge)
	})
}

func TestDecodeFields(t *testing.T) {
	tests := map[string]struct {
		row  string
		want Record
	}{
		"nulls": {`{"keyId":null,"callSessionId":null,"callType":null,"callStartTime":null,"labelNameList":null,"labelName":null,"called":null}`, Record{}},
		"empty texts": {`{"keyId":"","callSessionId":"","callType":"","callStartTime":" ","labelNameList":"","labelName":"","called":""}`,
			Record{}},
		"numbers as texts": {`{"keyId":"50180345","callType":"3","callDuration":" 47 ","voiceGroupId":"12","brandId":"101"}`,
			Record{KeyID: 50180345, CallType: set(3), CallDuration: set(47), VoiceGroupID: set(12), BrandID: set(101)}},
		"texts as numbers": {`{"callSessionId":25010316113064799,"called":8613242926514,"hangupCode":200,"ccode":86,"sipGroupName":7,"mediaDetected":true}`,
			Record{CallSessionID: "25010316113064799", Called: "8613242926514", HangupCode: "200", CCode: "86", SIPGroupName: "7", MediaDetected: "true"}},
		"integral floats": {`{"keyId":5.0180345e7,"callType":3.0,"callDuration":"47.00","ringDuration":-0.0}`,
			Record{KeyID: 50180345, CallType: set(3), CallDuration: set(47), RingDuration: set(0)}},
		"unknown codes": {`{"callType":99,"hangupReason":-3,"hangingDirection":2}`,
			Record{CallType: set(99), HangupReason: set(-3), HangingDirection: set(2)}},
		"fractions and words": {`{"callType":3.5,"hangupReason":"busy","hangingDirection":true,"callDuration":"0x10","ringDuration":"1_0"}`,
			Record{Unreadable: []string{"callType", "hangupReason", "hangingDirection", "callDuration", "ringDuration"}}},
		"huge numbers": {`{"callType":1e400,"callDuration":9223372036854775808,"ringDuration":9223372036854775807,"brandId":` + strings.Repeat("9", 1000) + `}`,
			Record{RingDuration: set(9223372036854775807), Unreadable: []string{"callType", "callDuration", "brandId"}}},
		"not finite": {`{"callType":"NaN","callDuration":"Infinity","ringDuration":"-inf"}`,
			Record{Unreadable: []string{"callType", "callDuration", "ringDuration"}}},
		"key zero":         {`{"keyId":0}`, Record{}},
		"key largest":      {`{"keyId":9223372036854775807}`, Record{KeyID: 1<<63 - 1}},
		"key as a float":   {`{"keyId":9007199254740993.0}`, Record{KeyID: 1<<53 + 1}},
		"key in doubt":     {`{"keyId":9.007199254740993e15}`, Record{Unreadable: []string{"keyId"}}},
		"key beyond":       {`{"keyId":9223372036854775808}`, Record{Unreadable: []string{"keyId"}}},
		"key negative":     {`{"keyId":-7}`, Record{Unreadable: []string{"keyId"}}},
		"key of words":     {`{"keyId":"abc"}`, Record{Unreadable: []string{"keyId"}}},
		"key object":       {`{"keyId":{"$oid":"x"}}`, Record{Unreadable: []string{"keyId"}}},
		"key and the rest": {`{"keyId":[],"callType":3}`, Record{CallType: set(3), Unreadable: []string{"keyId"}}},
		"wrong types": {`{"sipGroupName":{"name":"x"},"seatName":["a"],"called":{},"callStartTime":{},"labelNameList":{},"callType":[1],"region":"CN"}`,
			Record{Region: "CN", Unreadable: []string{"sipGroupName", "seatName", "called", "callStartTime", "labelNameList", "callType"}}},
		"duplicates":    {`{"callType":1,"callType":3,"seatName":[],"seatName":[]}`, Record{CallType: set(3), Unreadable: []string{"seatName"}}},
		"skipped":       {`{"voiceUrl":{"x":[1]},"remark":[[]],"callId":7,"calledInfo":{},"new":null}`, Record{}},
		"escapes":       {`{"seatName":"Z\u00fcrich \ud83d\ude00 \"A\"","region":"\ud800x"}`, Record{SeatName: "Zürich 😀 \"A\"", Region: "\ufffdx"}},
		"invalid UTF-8": {"{\"seatName\":\"a\xff\xfeb\",\"region\":\"\\t\xc3\"}", Record{SeatName: "a\ufffd\ufffdb", Region: "\t\ufffd"}},
		"labels list":   {`{"labelNameList":[" VIP ","","VIP","new",7,null],"labelName":"[\"other\"]"}`, Record{Labels: []string{"VIP", "new", "7"}}},
		"labels text":   {`{"labelName":"[\"VIP\",\"caf\\u00e9\"]","labelNameList":null}`, Record{Labels: []string{"VIP", "café"}}},
		"labels order":  {`{"labelNameList":["a"],"labelName":"[\"b\"]"}`, Record{Labels: []string{"a"}}},
		"labels none":   {`{"labelNameList":[],"labelName":"[\"b\"]"}`, Record{}},
		"labels plain":  {`{"labelName":"VIP"}`, Record{Labels: []string{"VIP"}}},
		"labels array":  {`{"labelName":["VIP"]}`, Record{Labels: []string{"VIP"}}},
		"labels cut":    {`{"labelName":"[\"VIP\""}`, Record{Unreadable: []string{"labelName"}}},
		"labels inside": {`{"labelNameList":["a",{"name":"b"}]}`, Record{Labels: []string{"a"}, Unreadable: []string{"labelNameList"}}},
		"list unusable": {`{"labelNameList":5,"labelName":"[\"b\"]"}`, Record{Labels: []string{"b"}, Unreadable: []string{"labelNameList"}}},
		"time unusable": {`{"callStartTime":"soon","createTime":"2025-01-03 16:11:30"}`,
			Record{Create: at("2025-01-03 16:11:30"), Unreadable: []string{"callStartTime"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, decodeRow(t, tt.row)) })
	}
}

// The vendor prints calledInfo with quotes that are not escaped. A server that does so is read all the same.
func TestDecodeVendorRowAsPrinted(t *testing.T) {
	printed := strings.ReplaceAll(vendorRow, `\"`, `"`)
	require.False(t, json.Valid([]byte(printed)))
	require.Equal(t, decodeRow(t, vendorRow), decodeRow(t, printed))
	filled := strings.Replace(printed, `"calledInfo1":null`, `"calledInfo1":"a, b: 8613200000003"`, 1)
	require.Equal(t, decodeRow(t, vendorRow), decodeRow(t, filled))
}

func TestTooManyLabels(t *testing.T) {
	labels := make([]string, 5*maxTags)
	for i := range labels {
		labels[i] = fmt.Sprintf("%q", fmt.Sprint("tag", i))
	}
	rec := decodeRow(t, `{"labelNameList":[`+strings.Join(labels, ",")+`]}`)
	require.Len(t, rec.Labels, maxTags)
	require.Equal(t, []string{"labelNameList"}, rec.Unreadable)
}

func TestFingerprint(t *testing.T) {
	d := newDecoder(beijing())
	decode := func(rows ...string) []uint64 {
		a, err := d.decode([]byte(pageOf(len(rows), rows...)))
		require.NoError(t, err)
		prints := make([]uint64, len(a.page.Records))
		for i, r := range a.page.Records {
			prints[i] = r.Fingerprint
		}
		return prints
	}
	rows := []string{vendorRow, strings.Replace(vendorRow, `"remark": "11111"`, `"remark": "11112"`, 1), `{}`, `[]`, `null`, `{"keyId":1}`}
	first := decode(rows...)
	distinct := map[uint64]bool{}
	for i, row := range rows {
		distinct[first[i]] = true
		require.Equal(t, first[i], decode("  "+row+"\n", "1")[0], "the place in the answer must not matter")
	}
	require.Len(t, distinct, len(rows), "every byte of a row counts")
}

func TestParseTime(t *testing.T) {
	tests := map[string]time.Time{
		"2025-01-03 16:10:39":             at("2025-01-03 16:10:39"),
		"2025/01/03 16:10:39":             at("2025-01-03 16:10:39"),
		"2025-01-03T16:10:39":             at("2025-01-03 16:10:39"),
		" 2025-01-03 16:10 ":              at("2025-01-03 16:10:00"),
		"2025-01-03 16:10:39.5":           at("2025-01-03 16:10:39.5"),
		"2025-01-03T16:10:39,123456789":   at("2025-01-03 16:10:39.123456789"),
		"2025-01-03T16:10:39.12345678999": at("2025-01-03 16:10:39.123456789"),
		"2025-01-03T08:10:39Z":            at("2025-01-03 16:10:39"),
		"2025-01-03T08:10:39.250Z":        at("2025-01-03 16:10:39.25"),
		"2025-01-03T16:10:39+08:00":       at("2025-01-03 16:10:39"),
		"2025-01-03T02:40:39-0530":        at("2025-01-03 16:10:39"),
		"2025-01-03T09:10:39.000+01":      at("2025-01-03 16:10:39"),
		"2025-01-03 08:10:39 UTC":         at("2025-01-03 16:10:39"),
		"2024-02-29 00:00:00":             at("2024-02-29 00:00:00"),
		"1735891839":                      at("2025-01-03 16:10:39"),
		"1735891839000":                   at("2025-01-03 16:10:39"),
		"1735891839250":                   at("2025-01-03 16:10:39.25"),
		"1.735891839e9":                   at("2025-01-03 16:10:39"),
		"1735891839.75":                   at("2025-01-03 16:10:39"),
		"":                                {},
		"null":                            {},
		"0":                               {},
		"0000-00-00 00:00:00":             {},
	}
	for in, want := range tests {
		got, ok := parseTime(text{b: []byte(in)}, beijing())
		require.True(t, ok, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{
		"soon", "2025-01-03", "2025/01-03 16:10:39", "03/01/2025 16:10:39", "0001-01-01 00:00:00", "1900-01-01 00:00:00", "2025-13-03 16:10:39", "2025-00-03 16:10:39", "2025-02-29 00:00:00", "2025-01-00 00:00:00", "2025-01-32 00:00:00",
		"2025-01-03 24:00:00", "2025-01-03 16:60:00", "2025-01-03 16:10:60", "2025-01-03x16:10:39", "2025-01-03 16:10:39 +8", "2025-01-03 16:10:39.",
		"2025-01-03 16:10:3", "2025-01-03 16:10:39 CST", "2025-01-03 16:10:39+25:00", "2025-01-03 16:10:39+08:000", "-1735891839", "20250103161039",
		"99999999999999999999", "１７３５８９１８３９", "2025-01-03 16:10:39 trailing words that go on",
	} {
		got, ok := parseTime(text{b: []byte(in)}, beijing())
		require.False(t, ok, in)
		require.Zero(t, got, in)
	}
}

// FuzzDecode feeds the answer decoder anything at all: it must neither panic nor keep more than a small multiple of
// what it was given, and what it decodes can be used.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		pageOf(1, vendorRow), pageOf(3, `{"keyId":"1"}`, `null`, `{"labelName":"[\"a\"]"}`), envelope(`[{"records":[]}]`),
		`{"status":"-16","reason":"x","data":null}`, envelope(`[{"keyId":1}]`), `<html>`, "{\"status\":0,\"data\":{\"records\":[{\"seatName\":\"\xff\"}]}}",
		pageOf(1, `{"callStartTime":"2025-01-03T16:10:39.5+08:00","createTime":1735891839000,"labelNameList":["a",[]]}`),
	} {
		f.Add([]byte(s))
	}
	f.Add([]byte(pageOf(1, strings.ReplaceAll(vendorRow, `\"`, `"`))))
	d := newDecoder(beijing())
	f.Fuzz(func(t *testing.T, body []byte) {
		given := string(body)
		a, err := d.decode(body)
		if string(body) != given {
			t.Fatal("the body was written to")
		}
		if err != nil {
			if !errors.Is(err, ErrDecode) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if len(a.page.Records) > maxRows || 2*len(a.page.Records) > len(body) {
			t.Fatalf("%d records out of %d bytes", len(a.page.Records), len(body))
		}
		kept := 0
		for _, r := range a.page.Records {
			if len(r.Labels) > maxTags || len(r.Unreadable) > 27 {
				t.Fatal("a list without end")
			}
			kept += len(r.Called) + len(r.EncryptCalled) + len(r.Caller) + len(r.CallSessionID) + len(r.SeatName) + len(r.SIPGroupName)
			if _, err := json.Marshal(r); err != nil {
				t.Fatalf("record cannot be written: %v", err)
			}
		}
		if kept > 3*len(body) { // an invalid byte becomes a replacement of three
			t.Fatalf("%d bytes kept of %d", kept, len(body))
		}
	})
}
