package simulator_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"itnio_exporter/simulator"
)

// cst is the platform's default zone.
func cst() *time.Location { return time.FixedZone("UTC+8", 8*3600) }

// response is an answer whose body has been read.
type response struct {
	StatusCode int
	Header     http.Header
}

// api is a simple client.
type api struct {
	t           testing.TB
	s           *simulator.Simulator
	key, secret string
	now         func() time.Time
}

func newAPI(t testing.TB, s *simulator.Simulator) api {
	a := simulator.DefaultAccounts()[0]
	return api{t, s, a.Key, a.Secret, time.Now}
}

func sign(key, secret, timestamp string) string {
	sum := md5.Sum([]byte(key + secret + timestamp))
	return hex.EncodeToString(sum[:])
}

func (a api) request(body string) *http.Request {
	ts := strconv.FormatInt(a.now().Unix(), 10)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://api.example/v3/cc/record/query", bytes.NewReader([]byte(body)))
	require.NoError(a.t, err)
	req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	req.Header.Set("Api-Key", a.key)
	req.Header.Set("Timestamp", ts)
	req.Header.Set("Sign", sign(a.key, a.secret, ts))
	return req
}

func (a api) do(req *http.Request) (response, []byte, error) {
	resp, err := a.s.RoundTripper().RoundTrip(req)
	if err != nil {
		return response{}, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header}, body, err
}

type page struct {
	Status  int
	Total   int
	Size    int
	Current int
	Pages   int
	Records []map[string]any
	Body    []byte
}

func (a api) query(body string) page {
	_, b, err := a.do(a.request(body))
	require.NoError(a.t, err)
	return a.parse(b)
}

func (a api) parse(b []byte) page {
	var v struct {
		Status any
		Data   *struct {
			Total, Size, Current, Pages int
			Records                     []map[string]any
		}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	require.NoError(a.t, d.Decode(&v), "%s", b)
	st, err := strconv.Atoi(fmt.Sprint(v.Status))
	require.NoError(a.t, err)
	p := page{Status: st, Body: b}
	if v.Data != nil {
		p.Total, p.Size, p.Current, p.Pages, p.Records = v.Data.Total, v.Data.Size, v.Data.Current, v.Data.Pages, v.Data.Records
	}
	return p
}

func body(from, to time.Time, current, size int, filter string) string {
	return fmt.Sprintf(`{"current":%d,"size":%d,"params":{"startTime":%q,"endTime":%q%s}}`,
		current, size, from.In(cst()).Format(time.DateTime), to.In(cst()).Format(time.DateTime), filter)
}

// walk reads all pages of a window.
func (a api) walk(from, to time.Time, filter string) []map[string]any {
	var all []map[string]any
	for n := 1; ; n++ {
		p := a.query(body(from, to, n, 100, filter))
		require.Zero(a.t, p.Status, "%s", p.Body)
		all = append(all, p.Records...)
		if len(all) >= p.Total || len(p.Records) == 0 {
			return all
		}
	}
}

func num(v any) int64 {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func ids(records []map[string]any) (all []int64) {
	for _, r := range records {
		all = append(all, num(r["keyId"]))
	}
	slices.Sort(all)
	return all
}

// traffic makes calls for a day, of which half is in the past.
func traffic() simulator.Options {
	now := time.Now()
	return simulator.Options{Seed: 7, CallsPerDay: 12000, Start: now.Add(-12 * time.Hour), LongShare: 0.002, LateShare: 0.001}
}

func TestSignatureAndTimestamp(t *testing.T) {
	const key, secret, stamp = "bDqJFiq9", "7bz1lzh9", "1630468800"
	require.Equal(t, "05d7a50893e22a5c4bb3216ae3396c7c", sign(key, secret, stamp), "the vendor's sample")
	clock := time.Unix(1630468800, 0)
	s := simulator.New(simulator.Options{Now: func() time.Time { return clock }, Accounts: []simulator.Account{{Name: "a", Key: key, Secret: secret}}})
	for name, c := range map[string]struct {
		key, sign, stamp string
		after            time.Duration
		status           int
	}{
		"right":           {key, "05d7a50893e22a5c4bb3216ae3396c7c", stamp, 0, 0},
		"upper case":      {key, "05D7A50893E22A5C4BB3216AE3396C7C", stamp, 0, 0},
		"half an hour":    {key, "05d7a50893e22a5c4bb3216ae3396c7c", stamp, 30 * time.Minute, 0},
		"older":           {key, "05d7a50893e22a5c4bb3216ae3396c7c", stamp, 30*time.Minute + time.Second, -16},
		"from the future": {key, "05d7a50893e22a5c4bb3216ae3396c7c", stamp, -31 * time.Minute, -16},
		"no number":       {key, sign(key, secret, "now"), "now", 0, -16},
		"wrong sign":      {key, "05d7a50893e22a5c4bb3216ae3396c7d", stamp, 0, -1},
		"no sign":         {key, "", stamp, 0, -1},
		"unknown key":     {"other", sign("other", secret, stamp), stamp, 0, -1},
	} {
		t.Run(name, func(t *testing.T) {
			clock = time.Unix(1630468800, 0).Add(c.after)
			a := newAPI(t, s)
			req := a.request(body(clock.Add(-time.Hour), clock, 1, 10, ""))
			req.Header.Set("Api-Key", c.key)
			req.Header.Set("Sign", c.sign)
			req.Header.Set("Timestamp", c.stamp)
			resp, b, err := a.do(req)
			require.NoError(t, err)
			assert.Equal(t, c.status, a.parse(b).Status)
			assert.Equal(t, clock.UTC().Format(http.TimeFormat), resp.Header.Get("Date"))
		})
	}
}

func TestRotate(t *testing.T) {
	s := simulator.New(simulator.DemoOptions(time.Now()))
	a := newAPI(t, s)
	ask := func(a api) int { return a.query(body(time.Now().Add(-time.Hour), time.Now(), 1, 100, "")).Status }
	require.Zero(t, ask(a))
	require.NoError(t, s.Rotate("", "nextkey", "nextsecret"))
	require.Equal(t, -1, ask(a))
	require.Zero(t, ask(api{t, s, "nextkey", "nextsecret", time.Now}))
	require.ErrorContains(t, s.Rotate("nobody", "k", "s"), "nobody")
}

func TestTruthEqualsPages(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	synctest.Test(t, func(t *testing.T) {
		s := simulator.New(traffic())
		time.Sleep(3 * time.Hour)
		s.StopTraffic()
		time.Sleep(10 * time.Hour)
		want := map[int64]simulator.Call{}
		for c := range s.Calls() {
			require.False(t, c.VisibleAt.After(time.Now()))
			want[int64(c.KeyID)] = c
		}
		require.Greater(t, len(want), 5000)
		records := newAPI(t, s).walk(time.Now().Add(-48*time.Hour), time.Now(), "")
		require.Len(t, records, len(want))
		for _, r := range records {
			c, ok := want[num(r["keyId"])]
			require.True(t, ok)
			delete(want, int64(c.KeyID))
			assert.Equal(t, c.Session, r["callSessionId"])
			assert.Equal(t, c.Type.Code(), num(r["callType"]))
			assert.Equal(t, c.Reason.Code(), num(r["hangupReason"]))
			assert.Equal(t, c.Party.Code(), num(r["hangingDirection"]))
			assert.Equal(t, c.Group, r["sipGroupName"])
			assert.Equal(t, c.Talk, num(r["callDuration"]))
			assert.Equal(t, c.Ring, num(r["ringDuration"]))
			assert.Equal(t, c.Start.In(cst()).Format(time.DateTime), r["callStartTime"])
			assert.Equal(t, c.End.In(cst()).Format(time.DateTime), r["calledHangupTime"])
			assert.Contains(t, r["errorReason"], fmt.Sprintf("(%d)", c.SIPCode))
			assert.Contains(t, r["ccode"], c.CallingCode+"(")
		}
		require.Empty(t, want)
	})
}
