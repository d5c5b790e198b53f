package itnio

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSign(t *testing.T) {
	require.Equal(t, testSign, sign(testKey, testSecret, "1630468800"))

	h := http.Header{}
	newSigner(testKey, testSecret)(h, time.Unix(1630468800, 999_999_999))
	require.Equal(t, http.Header{"Api-Key": {testKey}, "Timestamp": {"1630468800"}, "Sign": {testSign}}, h)
}

func TestRequest(t *testing.T) {
	everything := aQuery()
	everything.Page, everything.Size = 3, 15
	everything.From = everything.From.Add(999 * time.Millisecond)
	everything.To = everything.To.Add(time.Millisecond)
	everything.Filter = Filter{
		VoiceGroupID: 12, SIPGroupName: "sales & <co>", SeatIDs: []int64{1, 2}, SeatNames: []string{"Ann"}, CallTypes: []int64{1, 3},
		HangupReasons: []int64{0, 9}, CalledOrCaller: "8613200000003", CCodes: []string{"86"}, HangingDirection: []int64{0}, LabelNames: []string{"VIP"},
	}
	tests := map[string]struct {
		query  Query
		format string
		body   string
	}{
		"bare": {aQuery(), TimeISO8601,
			`{"current":1,"size":100,"params":{"startTime":"2025-01-03T16:00:00+08:00","endTime":"2025-01-03T17:00:00+08:00"}}`},
		"datetime": {aQuery(), TimeDatetime,
			`{"current":1,"size":100,"params":{"startTime":"2025-01-03 16:00:00","endTime":"2025-01-03 17:00:00"}}`},
		"everything": {everything, TimeDatetime, `{"current":3,"size":15,"params":{"startTime":"2025-01-03 16:00:00","endTime":"2025-01-03 17:00:01",
			"voiceGroupId":12,"sipGroupName":"sales & <co>","seatId":[1,2],"seatNameList":["Ann"],"callType":[1,3],"hangupReason":[0,9],
			"calledOrCaller":"8613200000003","ccode":["86"],"hangingDirection":[0],"labelNames":["VIP"]}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil || r.Method != http.MethodPost || r.RequestURI != "/gateway/v3/cc/record/query" ||
					r.Header.Get("Content-Type") != "application/json;charset=UTF-8" || r.Header.Get("Api-Key") != testKey ||
					r.Header.Get("Sign") != sign(testKey, testSecret, r.Header.Get("Timestamp")) {
					t.Errorf("%s %s %v", r.Method, r.RequestURI, r.Header)
				}
				assert.JSONEq(t, tt.body, string(body))
				_, _ = w.Write(fullPage())
			}, func(o *Options) { o.TimeFormat = tt.format; o.BaseURL += "/gateway/" })
			page, err := c.Records(t.Context(), tt.query)
			require.NoError(t, err)
			require.Len(t, page.Records, 100)
			require.Equal(t, len(fullPage()), page.Bytes)
			require.WithinDuration(t, time.Now(), page.Date, time.Minute)
			require.Equal(t, page.Date, page.First)
			page.Records, page.Bytes, page.Date, page.First = nil, 0, time.Time{}, time.Time{}
			require.Equal(t, Page{Total: 5000, Size: 50, Current: 1}, page)
		})
	}
}

func TestQueryValidate(t *testing.T) {
	c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, io.EOF
	}))
	for want, change := range map[string]func(*Query){
		"pages count from 1":    func(q *Query) { q.Page = 0 },
		"size 0 is not":         func(q *Query) { q.Size = 0 },
		"size 101 is not":       func(q *Query) { q.Size = 101 },
		"needs two ends":        func(q *Query) { q.To = time.Time{} },
		"ends before it starts": func(q *Query) { q.From = q.To.Add(1) },
		"not valid UTF-8":       func(q *Query) { q.Filter.SeatNames = []string{"\xff"} },
	} {
		q := aQuery()
		change(&q)
		_, err := c.Records(t.Context(), q)
		require.ErrorContains(t, err, want)
		require.Equal(t, "other", Status(err))
	}
}

// TestBaseURL: nothing but scheme, host and path of it is used or shown.
func TestBaseURL(t *testing.T) {
	for raw, shown := range map[string]string{
		"https://api.example":                        "https://api.example",
		"https://api.example:8443/gateway/":          "https://api.example:8443/gateway/",
		"https://u:hunter2@api.example/?x=hunter2#y": "https://api.example/",
		"https://u:hunter2@api.example:port":         "(invalid URL)",
	} {
		o := Options{BaseURL: raw, Key: testKey, Secret: testSecret}
		require.Contains(t, o.String(), "{"+shown+" ")
		c, err := New(o)
		if shown == "(invalid URL)" {
			require.EqualError(t, err, "itnio: the base URL cannot be parsed")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "itnio.Client{"+strings.TrimRight(shown, "/")+"}", fmt.Sprint(c))
	}
}

func TestStatuses(t *testing.T) {
	for _, code := range []int{-1, -2, -15, -18, -20, -21, -22, -23, -24, -76, -10, -77, 1, 500, 1 << 40} {
		for _, shape := range []string{`{"status":%d,"reason":"no way"}`, `{"status":"%d","reason":"no way","data":null}`, `{"reason":"no way","data":[],"status":%d.0}`} {
			var seen []string
			c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				return respond(200, fmt.Sprintf(shape, code), "Retry-After", "7"), nil
			}), func(o *Options) { o.OnRequest = func(e, s string, _ time.Duration) { seen = append(seen, e+" "+s) } })
			_, err := c.Records(t.Context(), aQuery())
			e, ok := errors.AsType[*StatusError](err)
			require.True(t, ok, "%v", err)
			require.Contains(t, err.Error(), "no way")
			label := strconv.Itoa(code)
			switch code {
			case -10, -77, 1, 500, 1 << 40:
				label = "other"
			}
			if code != 1<<40 {
				require.Equal(t, code, e.Code)
			}
			require.NotZero(t, e.Code)
			require.Equal(t, label, Status(err))
			require.Contains(t, StatusLabels(), label)
			require.Equal(t, []string{PathRecordQuery + " " + label}, seen)
			after, ok := RetryAfter(err)
			require.True(t, ok)
			require.Equal(t, 7*time.Second, after)
			if code == StatusParameter {
				require.ErrorContains(t, err, "by startTime, endTime:")
				q := aQuery()
				q.Filter = Filter{VoiceGroupID: 1, SeatIDs: []int64{1}, CalledOrCaller: testNumber, LabelNames: []string{"VIP"}}
				_, err = c.Records(t.Context(), q)
				require.ErrorContains(t, err, "by startTime, endTime, voiceGroupId, seatId, calledOrCaller, labelNames:")
			}
		}
	}
}

func TestHTTPFailures(t *testing.T) {
	tests := []struct {
		code     int
		body     string
		label    string
		business int
	}{
		{301, "", "http_3xx", 0},
		{307, "", "http_3xx", 0},
		{400, "<html>", "http_4xx", 0},
		{401, `{"status":-1,"reason":"no"}`, "http_4xx", -1},
		{403, `{"status":"-2"}`, "http_4xx", -2},
		{404, "", "http_4xx", 0},
		{429, `{"status":-15}`, "http_4xx", -15},
		{500, `{"status":0,"data":{"total":0,"records":[]}}`, "http_5xx", 0},
		{502, strings.Repeat("x", 1<<20), "http_5xx", 0},
		{503, "cut", "http_5xx", 0},
		{520, "", "http_5xx", 0},
	}
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.code), func(t *testing.T) {
			requests := 0
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				requests++
				w.Header().Set("Location", "/elsewhere")
				if tt.code == 503 {
					w.Header().Set("Content-Length", "1000")
				}
				w.WriteHeader(tt.code)
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := c.Records(t.Context(), aQuery())
			e, ok := errors.AsType[*HTTPError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, tt.code, e.StatusCode)
			require.Equal(t, tt.label, Status(err))
			require.Contains(t, StatusLabels(), tt.label)
			require.Equal(t, 1, requests, "neither retried nor redirected")
			b, ok := errors.AsType[*StatusError](err)
			require.Equal(t, tt.business != 0, ok)
			if ok {
				require.Equal(t, tt.business, b.Code)
			}
			_, asked := RetryAfter(err)
			require.False(t, asked)
			_, known := c.clock.skew()
			require.True(t, known, "any answer's Date tells the clock")
		})
	}
}

func TestRetryAfter(t *testing.T) {
	date := time.Date(2025, 1, 3, 8, 0, 0, 0, time.UTC) // far from the local clock: only the answer's own Date counts
	tests := map[string]time.Duration{
		"":                        0,
		"0":                       0,
		"30":                      30 * time.Second,
		"\t30":                    30 * time.Second,
		"-5":                      0,
		"1.5":                     0,
		"soon":                    0,
		"99999999999999999999999": 24 * time.Hour,
		"604800":                  24 * time.Hour,
		date.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		date.Add(-time.Minute).Format(http.TimeFormat):     0,
		date.Add(1000 * time.Hour).Format(http.TimeFormat): 24 * time.Hour,
		date.Add(time.Minute).Format(time.RFC850):          time.Minute,
	}
	for header, want := range tests {
		c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			return respond(503, "", "Retry-After", header, "Date", date.Format(http.TimeFormat)), nil
		}))
		_, err := c.Records(t.Context(), aQuery())
		got, ok := RetryAfter(err)
		require.Equal(t, want > 0, ok, header)
		require.Equal(t, want, got, header)
	}
	_, ok := RetryAfter(nil)
	require.False(t, ok)
}

// TestExpiredTimestamp: a client whose clock is hours off learns the server's from the refusal; where the server's Date is wrong,
// the local clock serves.
func TestExpiredTimestamp(t *testing.T) {
	for name, tt := range map[string]struct {
		offset time.Duration
		labels []string
	}{
		"right clock": {0, []string{"0", "0"}},
		"slow clock":  {5 * time.Hour, []string{"-16", "0", "0"}},
		"fast clock":  {-300 * time.Hour, []string{"-16", "0", "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var labels []string
				signs := map[string]bool{}
				requests := 0
				c := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
					requests++
					signs[r.Header.Get("Sign")] = true
					now := time.Now().Add(tt.offset)
					ts, _ := strconv.ParseInt(r.Header.Get("Timestamp"), 10, 64)
					date := now.UTC().Format(http.TimeFormat)
					if now.Sub(time.Unix(ts, 0)).Abs() > 30*time.Minute {
						return respond(200, `{"status":"-16","reason":"expired"}`, "Date", date), nil
					}
					return respond(200, pageOf(0), "Date", date), nil
				}), func(o *Options) { o.OnRequest = func(_, s string, _ time.Duration) { labels = append(labels, s) } })
				for range 2 {
					time.Sleep(time.Second)
					page, err := c.Records(t.Context(), aQuery())
					require.NoError(t, err)
					require.WithinDuration(t, time.Now().Add(tt.offset), page.Date, time.Second)
				}
				require.Equal(t, tt.labels, labels)
				require.Len(t, signs, requests, "a signature of its own for every attempt")
				skew, known := c.clock.skew()
				require.True(t, known)
				require.InDelta(t, tt.offset.Seconds(), skew.Seconds(), 1)
			})
		})
	}
	for name, tt := range map[string]struct {
		wrong  func(n int) time.Duration // of the Date of an answer, by its number
		labels []string
	}{
		"wrong Date for hours":      {func(int) time.Duration { return -5 * time.Hour }, []string{"0", "-16", "0", "0", "0"}},
		"wrong Date from now on":    {func(n int) time.Duration { return time.Duration(min(n, 1)) * 9 * 24 * time.Hour }, []string{"0", "0", "-16", "0", "0"}},
		"every other Date is wrong": {func(n int) time.Duration { return time.Duration(n%2) * time.Hour }, []string{"0", "0", "-16", "0", "-16", "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var labels []string
				c := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
					ts, _ := strconv.ParseInt(r.Header.Get("Timestamp"), 10, 64)
					date := time.Now().Add(tt.wrong(len(labels))).UTC().Format(http.TimeFormat)
					if time.Since(time.Unix(ts, 0)).Abs() > 5*time.Minute {
						return respond(200, `{"status":-16}`, "Date", date), nil
					}
					return respond(200, pageOf(0), "Date", date), nil
				}), func(o *Options) { o.OnRequest = func(_, s string, _ time.Duration) { labels = append(labels, s) } })
				for range 4 {
					time.Sleep(time.Second)
					_, err := c.Records(t.Context(), aQuery())
					require.NoError(t, err)
				}
				require.Equal(t, tt.labels, labels, "after one refusal, requests are signed by the clock that was accepted")
			})
		})
	}
	t.Run("for good", func(t *testing.T) {
		requests := 0
		c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			requests++
			return respond(401, `{"status":-16}`), nil
		}))
		_, err := c.Records(t.Context(), aQuery())
		require.Equal(t, "http_4xx", Status(err))
		e, ok := errors.AsType[*StatusError](err)
		require.True(t, ok)
		require.Equal(t, StatusTimestamp, e.Code)
		require.Equal(t, 2, requests)
	})
}

// TestErrorsSayWhereToLook: what is asked, where a redirect leads and what answers in the API's place, without a path or
// query of the other end and without a page.
func TestErrorsSayWhereToLook(t *testing.T) {
	const (
		asked = "https://api.example/gateway/v3/cc/record/query"
		page  = "\xef\xbb\xbf \n<!DOCTYPE html><html><body>secret words</body></html>"
		html  = "the answer is an HTML page, so most likely a proxy or firewall answers in the API's place"
	)
	for name, tt := range map[string]struct {
		code   int
		body   string
		header []string
		want   string
	}{
		"redirect": {302, "", []string{"Location", "https://u:p@login.example:8443/secret?words=1"},
			"HTTP 302 Found: " + asked + " is redirected to https://login.example:8443, and redirects are not followed"},
		"redirect, same host": {308, "", []string{"Location", "https://api.example/secret"},
			"HTTP 308 Permanent Redirect: " + asked + " is redirected to another path there, and redirects are not followed"},
		"redirect to a secret": {301, "", []string{"Location", "https://" + testSecret + ".example/"},
			"HTTP 301 Moved Permanently: " + asked + " is redirected to https://….example, and redirects are not followed"},
		"redirect to a number": {302, "", []string{"Location", "https://8613200000003.login.example/"},
			"HTTP 302 Found: " + asked + " is redirected to https://….login.example, and redirects are not followed"},
		"redirect to no URL":   {302, "", []string{"Location", "https://login.example/%zz?words=1"}, "HTTP 302 Found for " + asked},
		"redirect to nowhere":  {304, "", nil, "HTTP 304 Not Modified for " + asked},
		"not found":            {404, page, nil, "HTTP 404 Not Found for " + asked + "; " + html},
		"not allowed":          {405, "", nil, "HTTP 405 Method Not Allowed for " + asked},
		"firewall":             {403, page, nil, "HTTP 403 Forbidden; " + html},
		"unavailable":          {503, "", []string{"Location", "https://elsewhere.example"}, "HTTP 503 Service Unavailable"},
		"XML in its place":     {200, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><body/></Error>`, nil, "decode: " + asked + ": " + strings.Replace(html, "HTML", "XML", 1)},
		"XML and an error":     {502, `<soap:Envelope><soap:Fault/></soap:Envelope>`, nil, "HTTP 502 Bad Gateway; " + strings.Replace(html, "HTML", "XML", 1)},
		"XHTML in its place":   {200, "\ufeff <?xml version='1.0'?>\n<!-- made -->\n<!DOCTYPE html PUBLIC><html/>", nil, "decode: " + asked + ": " + html},
		"HTML in its place":    {200, page, []string{"Content-Type", "application/json"}, "decode: " + asked + ": " + html},
		"HTML in a coding":     {200, page, []string{"Content-Encoding", "br"}, "decode: " + asked + ": " + html},
		"text in its place":    {200, "Service is being updated. secret words", nil, "decode: " + strings.Replace(html, "an HTML page", "plain text", 1)},
		"text behind blanks":   {200, "\ufeff\r\n 系统维护中 {secret words}", nil, "decode: " + strings.Replace(html, "an HTML page", "plain text", 1)},
		"JSON that is no text": {200, "null", nil, "decode: answer is no JSON object, or breaks off, at byte 0 of 4"},
		"nothing in its place": {200, "", nil, "decode: answer is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) { return respond(tt.code, tt.body, tt.header...), nil }), func(o *Options) {
				o.BaseURL = "https://u:secretwords@api.example/gateway/"
			})
			_, err := c.Records(t.Context(), aQuery())
			require.EqualError(t, err, "record query: "+tt.want)
		})
	}
}

// TestRedirects: the signature goes nowhere but to the base URL.
func TestRedirects(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer elsewhere.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+PathRecordQuery, code) })
		_, err := c.Records(t.Context(), aQuery())
		e, ok := errors.AsType[*HTTPError](err)
		require.True(t, ok)
		require.Equal(t, code, e.StatusCode)
	}
}
