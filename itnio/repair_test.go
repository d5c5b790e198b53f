package itnio

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// threeRows is a page of three records. Every text of a record names it; that of the second one has the given remark and
// agent, as they stand.
func threeRows(remark, agent string) string {
	rows := make([]string, 3)
	for i := range rows {
		r, a := "fine", fmt.Sprintf("agent%d", i+1)
		if i == 1 {
			r, a = remark, agent
		}
		rows[i] = fmt.Sprintf(`{"keyId":%d,"callSessionId":"session%d","seatName":"%s","remark":"%s","callType":%d,"sipGroupName":"group%d","voiceUrlList":["x%d"],"mediaDetected":"media%d"}`,
			i+1, i+1, a, r, i+1, i+1, i+1, i+1)
	}
	return pageOf(3, rows...)
}

func decodePage(t *testing.T, body string) []Record {
	t.Helper()
	a, err := newDecoder(beijing()).decode([]byte(body))
	require.NoError(t, err)
	for i := range a.page.Records {
		require.NotZero(t, a.page.Records[i].Fingerprint)
		a.page.Records[i].Fingerprint = 0
	}
	return a.page.Records
}

// brokenTexts are texts as a server might write them that escapes too little, and what they say.
func brokenTexts() map[string]string {
	return map[string]string{
		"line1\nline2":               "line1\nline2",
		"line1\r\nline2":             "line1\r\nline2",
		"a\tb":                       "a\tb",
		"a\x01b":                     "a\x01b",
		"a\x00b":                     "a\x00b",
		"a\x1fb":                     "a\x1fb",
		`he said "hi"`:               `he said "hi"`,
		`"hi"`:                       `"hi"`,
		`"`:                          `"`,
		`a "b", "c" d`:               `a "b", "c" d`,
		`a", "b" c`:                  `a", "b" c`,
		`a "b": c`:                   `a "b": c`,
		`a", b": "c`:                 `a", b": "c`,
		`a","b": , c`:                `a","b": , c`,
		`a",`:                        `a",`,
		`"}, {"`:                     `"}, {"`,
		`"}]}`:                       `"}]}`,
		`C:\temp\x`:                  "C:\temp\\x", // \t is an escape, whatever was meant
		`C:\`:                        `C:\`,
		`C:\ D:\u12 \uZZZZ`:          `C:\ D:\u12 \uZZZZ`,
		`\"hi\" and "ho"`:            `"hi" and "ho"`,
		`{"a":"b","c":null}`:         `{"a":"b","c":null}`,
		`["VIP","new"]`:              `["VIP","new"]`,
		"\"quoted\"\n\\ and \x01":    "\"quoted\"\n\\ and \x01",
		"before\xff\xfe\nafter":      "before\ufffd\ufffd\nafter",
		`lone \ud800 and "quotes"`:   "lone \ufffd and \"quotes\"",
		"GBK that ends in \x95\\":    "GBK that ends in \ufffd\\",
		"DEL \x7f and a line\nbreak": "DEL \x7f and a line\nbreak",
	}
}

// TestRepairSkippedField: what breaks the JSON in a field that is not used costs nothing.
func TestRepairSkippedField(t *testing.T) {
	want := decodePage(t, threeRows("fine", "agent2"))
	for text := range brokenTexts() {
		require.Equal(t, want, decodePage(t, threeRows(text, "agent2")), "%q", text)
	}
}

// TestRepairLastRecord: what looks like the end of the list, in the last record, does not end it.
func TestRepairLastRecord(t *testing.T) {
	want := decodePage(t, threeRows("fine", "agent2"))
	for text := range brokenTexts() {
		page := strings.Replace(threeRows("fine", "agent2"), `"remark":"fine","callType":3`, `"remark":"`+text+`","callType":3`, 1)
		require.Equal(t, want, decodePage(t, page), "%q", text)
	}
}

// TestRepairUsedField: in a field that is used it is read, and told.
func TestRepairUsedField(t *testing.T) {
	for text, says := range brokenTexts() {
		want := decodePage(t, threeRows("fine", "agent2"))
		want[1].SeatName, want[1].Unreadable = says, []string{"seatName"}
		require.Equal(t, want, decodePage(t, threeRows("fine", text)), "%q", text)
	}
	rec := decodeRow(t, `{"keyId":1,"labelName":"["VIP","new"]","callDuration":NaN,"ringDuration":007,"region":None,"callType":3,}`)
	require.Equal(t, Record{KeyID: 1, Labels: []string{"VIP", "new"}, RingDuration: set(7), Region: "None", CallType: set(3),
		Unreadable: []string{"callDuration", "labelName", "ringDuration", "region"}}, rec)
	rec = decodeRow(t, `{"keyId":1,"labelNameList":["he "x"","b",],"remark":["a"b"],"callType":3}`)
	require.Equal(t, Record{KeyID: 1, Labels: []string{`he "x"`, "b"}, CallType: set(3), Unreadable: []string{"labelNameList"}}, rec)
}

// TestRepairLosesOneRecord: a record that could be read in two ways, or in none, is lost. Its neighbours are not.
func TestRepairLosesOneRecord(t *testing.T) {
	whole := decodePage(t, threeRows("fine", "agent2"))
	for _, text := range []string{
		`x","seatName":"other","y":"a"b`,         // which of the two is the agent?
		`{"seatName":"other"`,                    // JSON that does not end
		`x"},{"keyId": 1`,                        // looks as if a record began
		`x"},{"keyId": "y"z`,                     // the same
		`x","callType":3},{"keyId":9,"y":"a"b"c`, // the same, and both halves have an end
	} {
		t.Run(text, func(t *testing.T) {
			records := decodePage(t, threeRows(text, "agent2"))
			require.Equal(t, whole[0], records[0])
			require.Equal(t, whole[2], records[len(records)-1])
			for _, r := range records[1 : len(records)-1] {
				require.Equal(t, Record{Unreadable: []string{lostRecord}}, r)
			}
		})
	}
	for name, body := range map[string]string{
		"the first":          strings.Replace(threeRows("fine", "agent2"), `"callType":1`, `"callType" 1`, 1),
		"the last":           strings.Replace(threeRows("fine", "agent2"), `"callType":3`, `"callType" 3`, 1),
		"missing comma":      strings.Replace(threeRows("fine", "agent2"), `"callType":2,`, `"callType":2 `, 1),
		"mismatched bracket": strings.Replace(threeRows("fine", "agent2"), `["x2"]`, `["x2"}`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			records := decodePage(t, body)
			require.Len(t, records, 3)
			lost := 0
			for i, r := range records {
				if r.KeyID == 0 {
					lost++
					require.Equal(t, Record{Unreadable: []string{lostRecord}}, r)
				} else {
					require.Equal(t, whole[i], r)
				}
			}
			require.Equal(t, 1, lost)
		})
	}
}

// TestRepairEnvelope: what surrounds the records is repaired as well, or the answer is refused.
func TestRepairEnvelope(t *testing.T) {
	whole := decodePage(t, threeRows("fine", "agent2"))
	page := threeRows("fine", "agent2")
	for name, body := range map[string]string{
		"words follow":     page + "<!-- 12 ms -->",
		"zeros follow":     page + "\x00\x00\x00",
		"line in reason":   strings.Replace(page, "success", "all\nis\x01well", 1),
		"total is no JSON": strings.Replace(page, `"total":3`, `"total":NaN`, 1),
		"trailing commas":  strings.Replace(strings.Replace(page, "]}}", "],},}", 1), `}],`, `},],`, 1),
		"rows in data":     `{"status":0,"reason":"a` + "\n" + `b","data":` + page[strings.Index(page, "[{"):strings.LastIndex(page, "}}")] + `}`,
		"after the rows":   strings.Replace(page, "]}}", `],"orders":[{"column":"a`+"\n"+`b"}]}}`, 1),
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, whole, decodePage(t, body)) })
	}
	for body, reason := range map[string]string{
		"{\"status\":-22,\"reason\":\"line1\nline2\",\"data\":null}": "line1\nline2",
		`{"status":"-22","reason":"bad "size" here","data":null}`:    `bad "size" here`,
		`{"status":-22,"reason":"C:\x",}`:                            `C:\x`,
	} {
		a, err := newDecoder(beijing()).decode([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, -22, a.status)
		require.Equal(t, reason, a.reason)
	}
	for name, body := range map[string]string{
		"another answer": page + page, "another list": page + "[]", "cut": threeRows("a\nb", "x")[:len(page)-20],
		"a reason without end": `{"status":0,"reason":"{"x","records":[{"keyId":1,"seatName":"}","callType":1}]}`,
		"words before":         "Notice: " + page,
	} {
		_, err := newDecoder(beijing()).decode([]byte(body))
		require.ErrorIs(t, err, ErrDecode, name)
	}
}

// FuzzRepair puts anything at all into a text of the second record: neither its neighbours nor any record that is read may
// have a value of another one.
func FuzzRepair(f *testing.F) {
	for text := range brokenTexts() {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Add(`x"},{"a":1,"b":"`, true)
	whole, err := newDecoder(beijing()).decode([]byte(threeRows("fine", "agent2")))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string, skipped bool) {
		if strings.Contains(text, "keyId") || strings.Contains(text, `\u`) {
			t.Skip("a text that writes a record of its own")
		}
		body := threeRows("fine", text)
		if skipped {
			body = threeRows(text, "agent2")
		}
		a, err := newDecoder(beijing()).decode([]byte(body))
		if err != nil {
			return
		}
		for _, r := range a.page.Records {
			if r.KeyID == 0 {
				continue
			}
			want := whole.page.Records[r.KeyID-1]
			if r.CallSessionID != want.CallSessionID || r.KeyID != 2 && (r.SeatName != want.SeatName || r.CallType != want.CallType || r.MediaDetected != want.MediaDetected) {
				t.Fatalf("%q: %v is read as %v", text, want, r)
			}
		}
	})
}

// TestDamagedAnswers: what the network has damaged is asked for again, what the server has damaged is taken as it is.
func TestDamagedAnswers(t *testing.T) {
	page := func(remark string) string {
		return `{"status":0,"reason":"ok","data":{"total":1,"size":100,"current":1,"records":[{"keyId":1,"sipGroupName":"` + remark + `","remark":"x"}]}}`
	}
	const sound, quote, line, tab = "sales", `"s"ales`, "sal\nes", "s\tales"
	for name, tt := range map[string]struct {
		answers  []string // the last one is repeated
		requests int
		group    string
	}{
		"sound":                      {[]string{sound}, 1, "sales"},
		"damaged once":               {[]string{line, sound}, 2, "sales"},
		"damaged in two ways":        {[]string{line, tab, sound}, 3, "sales"},
		"damaged always":             {[]string{line}, 2, "sal\nes"},
		"damaged in another way":     {[]string{tab, line, line}, 3, "sal\nes"},
		"in three ways":              {[]string{tab, line, quote}, 3, `"s"ales`},
		"the damage is in one place": {[]string{quote, sound, line}, 2, "sales"},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				answer := tt.answers[min(requests, len(tt.answers)-1)]
				requests++
				return respond(http.StatusOK, page(answer)), nil
			}))
			got, err := c.Records(t.Context(), aQuery())
			require.Equal(t, tt.requests, requests)
			require.NoError(t, err)
			require.Len(t, got.Records, 1)
			require.Equal(t, tt.group, got.Records[0].SIPGroupName)
		})
	}
}

// TestDamagedRecordMoves: a record that is damaged at the server may come with another page each time.
func TestDamagedRecordMoves(t *testing.T) {
	page := func(records ...string) string {
		return `{"status":0,"reason":"ok","data":{"total":3,"size":2,"current":1,"records":[` + strings.Join(records, ",") + `]}}`
	}
	const bad, a, b = `{"keyId":1,"remark":"two` + "\n" + `lines"}`, `{"keyId":2,"remark":""}`, `{"keyId":3,"remark":""}`
	answers := []string{page(a, bad), page(a, b), page(bad, b)}
	requests := 0
	c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
		requests++
		return respond(http.StatusOK, answers[requests-1]), nil
	}))
	first, err := c.Records(t.Context(), aQuery())
	require.NoError(t, err)
	require.Equal(t, 2, requests)
	require.EqualValues(t, 3, first.Records[1].KeyID)

	second, err := c.Records(t.Context(), aQuery())
	require.NoError(t, err)
	require.Equal(t, 3, requests, "the damage was seen before")
	require.EqualValues(t, 1, second.Records[0].KeyID)
}

// TestRepairWhereRecordsBeginInOtherWays: a record without the member with which the others begin is a record of its own, wherever
// it is, also beside one that breaks the JSON.
func TestRepairWhereRecordsBeginInOtherWays(t *testing.T) {
	good := func(i int) string {
		return fmt.Sprintf(`{"keyId":%d,"callSessionId":"s%d","remark":"fine","callType":1}`, i, i)
	}
	keyless := func(i int, remark string) string {
		return fmt.Sprintf(`{"callSessionId":"s%d","remark":"%s","callType":1}`, i, remark)
	}
	broken := func(i int, remark string) string {
		return fmt.Sprintf(`{"keyId":%d,"callSessionId":"s%d","remark":"%s","callType":1}`, i, i, remark)
	}
	for name, rows := range map[string][]string{
		"before the broken one":           {good(1), keyless(2, "fine"), broken(3, `C:\`), good(4)},
		"after it":                        {good(1), broken(2, `C:\`), keyless(3, "fine"), good(4)},
		"first":                           {keyless(1, "fine"), good(2), broken(3, `he said "hi"`), good(4)},
		"last":                            {good(1), broken(2, `C:\`), good(3), keyless(4, "fine")},
		"last, behind the broken one":     {good(1), good(2), broken(3, "a\nb"), keyless(4, "fine")},
		"broken itself":                   {good(1), keyless(2, `C:\`), good(3), good(4)},
		"broken itself, first":            {keyless(1, `he said "hi"`), good(2), good(3), good(4)},
		"several":                         {keyless(1, "fine"), keyless(2, "fine"), broken(3, `C:\`), keyless(4, "fine")},
		"the broken one has quotes in it": {good(1), keyless(2, "fine"), broken(3, `a","b": , c`), good(4)},
		"with objects in a text":          {good(1), keyless(2, "fine"), broken(3, `"}, {"`), good(4)},
	} {
		t.Run(name, func(t *testing.T) {
			records := decodePage(t, pageOf(4, rows...))
			require.Len(t, records, 4)
			for i, r := range records {
				require.Equal(t, fmt.Sprintf("s%d", i+1), r.CallSessionID)
			}
		})
	}
}
