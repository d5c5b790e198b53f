package simulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// TestRequestFaults sets each fault of a request to probability 1 until Until, and expects none afterwards.
func TestRequestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		faults simulator.Faults
		check  func(*testing.T, response, []byte, error)
	}{
		"429": {simulator.Faults{TooMany: 1}, func(t *testing.T, r response, _ []byte, err error) {
			require.NoError(t, err)
			assert.Equal(t, 429, r.StatusCode)
			assert.Empty(t, r.Header.Get("Retry-After"))
		}},
		"429 retry": {simulator.Faults{TooManyRetry: 1}, func(t *testing.T, r response, _ []byte, err error) {
			require.NoError(t, err)
			assert.Equal(t, 429, r.StatusCode)
			assert.NotEmpty(t, r.Header.Get("Retry-After"))
		}},
		"5xx": {simulator.Faults{ServerError: 1}, func(t *testing.T, r response, _ []byte, err error) {
			require.NoError(t, err)
			assert.GreaterOrEqual(t, r.StatusCode, 500)
		}},
		"html": {simulator.Faults{HTML: 1}, func(t *testing.T, r response, b []byte, err error) {
			require.NoError(t, err)
			assert.Equal(t, 200, r.StatusCode)
			assert.Contains(t, string(b), "<html>")
		}},
		"cut": {simulator.Faults{Cut: 1}, func(t *testing.T, _ response, _ []byte, err error) {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}},
		"short": {simulator.Faults{Short: 1}, func(t *testing.T, _ response, b []byte, err error) {
			require.NoError(t, err)
			assert.False(t, json.Valid(b))
		}},
		"garbage": {simulator.Faults{Garbage: 1}, func(t *testing.T, _ response, b []byte, err error) {
			require.NoError(t, err)
			assert.False(t, json.Valid(b))
		}},
		"reset": {simulator.Faults{Reset: 1}, func(t *testing.T, _ response, _ []byte, err error) { require.ErrorIs(t, err, syscall.ECONNRESET) }},
		"dns": {simulator.Faults{DNS: 1}, func(t *testing.T, _ response, _ []byte, err error) {
			var dns *net.DNSError
			require.ErrorAs(t, err, &dns)
		}},
		"hang": {simulator.Faults{Hang: 1}, func(t *testing.T, _ response, _ []byte, err error) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}},
		"status": {simulator.Faults{Status: 1, Statuses: []int{-18}}, func(t *testing.T, _ response, b []byte, err error) {
			require.NoError(t, err)
			assert.Contains(t, string(b), `{"status":-18,`)
		}},
		"no date": {simulator.Faults{NoDate: 1}, func(t *testing.T, r response, _ []byte, err error) {
			require.NoError(t, err)
			assert.Empty(t, r.Header.Get("Date"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := traffic()
				o.Faults = c.faults
				o.Faults.Until = time.Now().Add(time.Hour)
				s := simulator.New(o)
				a := newAPI(t, s)
				ask := func() (response, []byte, error) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					return a.do(a.request(body(time.Now().Add(-time.Hour), time.Now(), 1, 10, "")).WithContext(ctx))
				}
				r, b, err := ask()
				c.check(t, r, b, err)
				time.Sleep(time.Hour)
				r, b, err = ask()
				require.NoError(t, err)
				require.Zero(t, a.parse(b).Status)
				require.NotEmpty(t, r.Header.Get("Date"))
			})
		})
	}
}

// TestDateFaults has each fault of the Date header for six hours, of which it is right for a part.
func TestDateFaults(t *testing.T) {
	for name, f := range map[string]simulator.Faults{
		"off": {DateOff: 1}, "off for long": {DateOffLong: 1}, "astray": {DateAstray: 0.5}, "two clocks": {TwoClocks: 1}, "none": {NoDates: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := simulator.New(traffic())
				a := newAPI(t, s)
				s.SetFaults(f)
				right, wrong := 0, 0
				for range 6 * 60 {
					resp, b, err := a.do(a.request(body(time.Now().Add(-time.Hour), time.Now(), 1, 1, "")))
					require.NoError(t, err)
					require.Zero(t, a.parse(b).Status, "the timestamp check is right")
					date, err := http.ParseTime(resp.Header.Get("Date"))
					if err != nil || time.Since(date).Abs() > 1500*time.Millisecond {
						wrong++
					} else {
						right++
					}
					time.Sleep(time.Minute)
				}
				assert.Positive(t, right)
				assert.Positive(t, wrong)
			})
		})
	}
}

// TestRawRemark reads records with raw remarks. They break the JSON, and nothing but their remarks does.
func TestRawRemark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := traffic()
		o.Faults = simulator.Faults{RawRemark: 0.5}
		s := simulator.New(o)
		a := newAPI(t, s)
		_, b, err := a.do(a.request(body(time.Now().Add(-time.Hour), time.Now(), 1, 100, "")))
		require.NoError(t, err)
		require.False(t, json.Valid(b))
		remark := regexp.MustCompile(`(?s)"remark":".*?","callId"`)
		raw, remarks := map[string]bool{}, remark.FindAllString(string(b), -1)
		require.Len(t, remarks, 100)
		for _, r := range remarks {
			if !json.Valid([]byte("{" + r + ":1}")) {
				raw[r] = true
			}
		}
		assert.GreaterOrEqual(t, len(raw), 3, "kinds")
		require.True(t, json.Valid(remark.ReplaceAll(b, []byte(`"remark":null,"callId"`))))
	})
}

func TestPageFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	synctest.Test(t, func(t *testing.T) {
		s := simulator.New(traffic())
		a := newAPI(t, s)
		from, to := time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		ask := func(n int, f simulator.Faults) page {
			s.SetFaults(f)
			return a.query(body(from, to, n, 50, ""))
		}
		plain := ask(2, simulator.Faults{})
		first := ask(1, simulator.Faults{})
		require.Greater(t, plain.Total, 500)

		p := ask(2, simulator.Faults{TotalOff: 1})
		assert.Contains(t, []int{plain.Total - 1, plain.Total + 1}, p.Total)
		p = ask(2, simulator.Faults{Duplicate: 1})
		distinct := map[string]bool{}
		for _, r := range p.Records {
			distinct[r["callSessionId"].(string)] = true
		}
		assert.Len(t, p.Records, 50)
		assert.Len(t, distinct, 49)
		shifted := false
		for range 10 {
			p = ask(2, simulator.Faults{Shift: 1})
			shifted = shifted || p.Records[0]["keyId"] != plain.Records[0]["keyId"]
		}
		assert.True(t, shifted)

		// Faults of a period: with probability 1 every quarter of an hour has one.
		while := func(f simulator.Faults, n int, seen func(page) bool) {
			t.Helper()
			yes, no := 0, 0
			for range 60 {
				if seen(ask(n, f)) {
					yes++
				} else {
					no++
				}
				time.Sleep(time.Minute)
			}
			assert.Positive(t, yes)
			assert.Positive(t, no)
		}
		while(simulator.Faults{TotalCapped: 1}, 1, func(p page) bool { return p.Total == 100 })
		while(simulator.Faults{TotalWrong: 1}, 1, func(p page) bool { return p.Total != ask(1, simulator.Faults{}).Total })
		while(simulator.Faults{ImposedSize: 1}, 1, func(p page) bool { return p.Size != 50 && len(p.Records) == p.Size })
		while(simulator.Faults{FirstAgain: 1}, 1000, func(p page) bool { return p.Current == 1 && len(p.Records) == len(first.Records) })
		while(simulator.Faults{ClockOff: 1}, 1, func(p page) bool { return p.Status == -16 })

		s.SetFaults(simulator.Faults{Outage: 1})
		bad, refused := 0, 0
		for range 300 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			resp, b, err := a.do(a.request(body(from, to, 1, 1, "")).WithContext(ctx))
			cancel()
			switch {
			case err != nil || resp.StatusCode != 200 || !json.Valid(b):
				bad++
			case a.parse(b).Status != 0:
				refused++
			}
			time.Sleep(time.Minute)
		}
		assert.Greater(t, bad, 4)
		assert.Less(t, bad, 200)
		assert.Positive(t, refused)
	})
}

// TestHandler sends requests over real sockets, to the API and to the controls.
func TestHandler(t *testing.T) {
	s := simulator.New(simulator.DemoOptions(time.Now()))
	ctx, cancel := context.WithCancel(t.Context())
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	base := "http://" + l.Addr().String()
	a := newAPI(t, s)
	post := func() (response, []byte, error) {
		in := a.request(body(time.Now().Add(-6*time.Hour), time.Now(), 1, 100, ""))
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v3/cc/record/query", in.Body)
		require.NoError(t, err)
		req.Header = in.Header
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return response{}, nil, err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return response{resp.StatusCode, resp.Header}, b, err
	}
	call := func(method, path, body string) (int, string) {
		req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(b)
	}
	resp, b, err := post()
	require.NoError(t, err)
	require.Len(t, a.parse(b).Records, 100)
	require.NotEmpty(t, resp.Header.Get("Date"))
	for path, want := range map[string]int{"/": 200, "/-/stats": 200, "/-/truth": 200, "/-/truth?since=x": 400, "/v3/cc/record/query": 405, "/v3/cc/seatGroup/deleteGroup": 404} {
		code, _ := call(http.MethodGet, path, "")
		assert.Equal(t, want, code, path)
	}
	code, _ := call(http.MethodPost, "/-/control", `{"no":1}`)
	assert.Equal(t, 400, code)

	control := func(body string) {
		code, text := call(http.MethodPost, "/-/control", body)
		require.Equal(t, 200, code, text)
	}
	control(`{"auth_refused":true}`)
	_, b, err = post()
	require.NoError(t, err)
	assert.Equal(t, -1, a.parse(b).Status)
	control(`{"auth_refused":false,"down":true}`)
	_, _, err = post()
	require.ErrorIs(t, err, syscall.ECONNRESET)
	control(`{"down":false,"stop_traffic":true,"faults":{"no_date":1}}`)
	resp, _, err = post()
	require.NoError(t, err)
	assert.Empty(t, resp.Header.Get("Date"))
	control(`{"faults":{"cut":1}}`)
	_, _, err = post()
	require.True(t, errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF), "%v", err) // cut behind the header, or in it
	control(`{"faults":{},"scenario":{"kind":"dead_group","seconds":3600}}`)

	_, text := call(http.MethodGet, "/-/truth?account=demo", "")
	var truth struct {
		Calls, Outstanding int
		Totals             []simulator.Total
	}
	require.NoError(t, json.Unmarshal([]byte(text), &truth))
	sum := 0
	for _, x := range truth.Totals {
		sum += x.Calls
	}
	assert.Equal(t, truth.Calls, sum)
	assert.Greater(t, sum, 5000)
	cancel()
	require.NoError(t, <-done)
}

// TestOtherPaths: every path but the record query is not found.
func TestOtherPaths(t *testing.T) {
	s := simulator.New(simulator.Options{})
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/v3/cc/seat/query", strings.NewReader("{}")))
	assert.Equal(t, http.StatusNotFound, rec.Code)
	assert.Equal(t, 1, s.Requests())
	assert.Equal(t, map[string]int{"http_404": 1}, s.Stats())
}

// TestTotals compares Totals with the records that a client reads by hang-up time. Some have no ring time, some never get a hang-up.
func TestTotals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := traffic()
		o.Habits.FilterOn = simulator.ByHangup
		o.Faults = simulator.Faults{NoRing: 0.2, NeverComplete: 0.1, UnknownCode: 0.1}
		s := simulator.New(o)
		s.StopTraffic()
		time.Sleep(time.Hour)
		since := time.Now().Add(-6 * time.Hour)
		var want, got simulator.Total
		for _, r := range newAPI(t, s).walk(since, time.Now(), "") {
			got.Calls++
			if reason := num(r["hangupReason"]); reason == 1 || reason == 3 || reason == 9 {
				got.TalkSeconds += num(r["callDuration"])
			}
			ring := num(r["ringDuration"])
			if r["ringDuration"] == nil && r["calledAnswerTime"] != nil {
				start, err := time.Parse(time.DateTime, r["callStartTime"].(string))
				require.NoError(t, err)
				answer, err := time.Parse(time.DateTime, r["calledAnswerTime"].(string))
				require.NoError(t, err)
				ring = int64(answer.Sub(start).Seconds())
			}
			got.RingSeconds += ring
		}
		for _, x := range s.Totals(since) {
			want.Calls += x.Calls
			want.TalkSeconds += x.TalkSeconds
			want.RingSeconds += x.RingSeconds
		}
		require.Greater(t, want.Calls, 1000)
		require.Equal(t, want, got)
		hidden := 0
		for c := range s.Calls() {
			if c.Hidden {
				hidden++
			}
		}
		require.Positive(t, hidden)
	})
}
