package simulator_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// fixed is a simulator whose clock stays at noon, with the given calls and no others.
func fixed(t *testing.T, o simulator.Options, calls ...simulator.Call) (api, time.Time) {
	noon := time.Date(2025, 1, 8, 12, 0, 0, 0, cst())
	o.Now = func() time.Time { return noon }
	s := simulator.New(o)
	require.NoError(t, s.Add(calls...))
	a := newAPI(t, s)
	a.now = func() time.Time { return noon.Add(o.Habits.ClockSkew) }
	return a, noon
}

func TestFilters(t *testing.T) {
	start := time.Date(2025, 1, 8, 10, 0, 0, 0, cst())
	one := simulator.Call{
		KeyID: 1, Start: start, Type: enum.Outgoing, Reason: enum.OutgoingHungUp, Party: enum.Customer, Country: "CN",
		Group: "one", VoiceGroupID: 12, Agent: "anna", SeatID: 1201, Tags: []string{"VIP", "late"}, Talk: 47, Ring: 4,
	}
	two := simulator.Call{
		KeyID: 2, Start: start, Type: enum.Incoming, Reason: enum.IncomingNotAnswered, Party: enum.NoParty, Country: "CA",
		Group: "two", VoiceGroupID: 13, Ring: 9, Tags: []string{"new"},
	}
	a, noon := fixed(t, simulator.Options{}, one, two)
	all := a.query(body(noon.Add(-3*time.Hour), noon, 1, 10, ""))
	require.Len(t, all.Records, 2)
	numbers := map[int64]string{}
	for _, r := range all.Records {
		numbers[num(r["keyId"])] = map[bool]string{true: "caller", false: "called"}[num(r["callType"]) == 2]
	}
	number := func(id int64) string {
		for _, r := range all.Records {
			if num(r["keyId"]) == id {
				return r[numbers[id]].(string)
			}
		}
		return ""
	}
	require.True(t, strings.HasPrefix(number(1), "86"))
	require.True(t, strings.HasPrefix(number(2), "1416"))
	for filter, want := range map[string][]int64{
		``:                                         {1, 2},
		`"voiceGroupId":12`:                        {1},
		`"voiceGroupId":99`:                        nil,
		`"sipGroupName":"two"`:                     {2},
		`"seatId":[1201,7]`:                        {1},
		`"seatNameList":["anna"]`:                  {1},
		`"callType":[2]`:                           {2},
		`"callType":[1,2,3]`:                       {1, 2},
		`"hangupReason":[1]`:                       {1},
		`"hangupReason":[0,8]`:                     {2},
		`"calledOrCaller":"` + number(1) + `"`:     {1},
		`"calledOrCaller":"` + number(2) + `"`:     {2},
		`"ccode":["86"]`:                           {1},
		`"ccode":["1","86"]`:                       {1, 2},
		`"hangingDirection":[0]`:                   {1},
		`"hangingDirection":[3]`:                   {2},
		`"labelNames":["late"]`:                    {1},
		`"labelNames":["late","new"]`:              {1, 2},
		`"labelNames":["late"],"voiceGroupId":13`:  nil,
		`"callType":[],"labelNames":[],"ccode":[]`: {1, 2},
		`"somethingNew":true`:                      {1, 2},
	} {
		t.Run(filter, func(t *testing.T) {
			if filter != "" {
				filter = "," + filter
			}
			p := a.query(body(noon.Add(-3*time.Hour), noon, 1, 10, filter))
			require.Zero(t, p.Status)
			assert.Equal(t, want, ids(p.Records))
			assert.Equal(t, len(want), p.Total)
		})
	}
}

func TestSampleShape(t *testing.T) {
	a, noon := fixed(t, simulator.Options{Habits: simulator.Habits{EncryptNumbers: true}}, simulator.Call{
		KeyID: 50180345, Session: "25010316113064799", Start: time.Date(2025, 1, 3, 16, 10, 39, 0, cst()), Type: enum.Outgoing,
		Reason: enum.OutgoingHungUp, Party: enum.Agent, Group: "tele-basic-test", Agent: "seatName", VoiceGroupID: 12, Talk: 47, Ring: 4,
	})
	r := a.query(body(noon.Add(-10*24*time.Hour), noon, 1, 15, "")).Records[0]
	for field, want := range map[string]any{
		"callSessionId": "25010316113064799", "called": nil, "region": nil, "seatName": "seatName", "sipGroupName": "tele-basic-test", "hangupCode": "1",
		"callStartTime": "2025-01-03 16:10:39", "calledAnswerTime": "2025-01-03 16:10:43", "calledHangupTime": "2025-01-03 16:11:30",
		"voiceUrl": "agent-call-record-250103/25010316113064799.wav", "createTime": "2025-01-03 16:11:30", "updateTime": "2025-01-03 16:11:30",
		"ccode": "86(China)", "labelName": "[]", "labelNameList": []any{}, "brandName": "ITNIO", "mediaDetected": nil,
	} {
		assert.Equal(t, want, r[field], field)
	}
	assert.Equal(t, "sucess call(200)", r["errorReason"]) //nolint:misspell // the vendor's spelling
	for field, want := range map[string]int64{"keyId": 50180345, "callDuration": 47, "ringDuration": 4, "callType": 3, "hangupReason": 1, "hangingDirection": 1, "voiceGroupId": 12, "brandId": 101} {
		assert.Equal(t, want, num(r[field]), field)
	}
	assert.Contains(t, r["calledInfo"], `"calledInfo1":null`)
}

func TestStatuses(t *testing.T) {
	for name, c := range map[string]struct {
		habits simulator.Habits
		body   string
		status int
	}{
		"datetime":             {body: `{"current":1,"size":15,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-09 00:00:00","voiceGroupId":12}}`},
		"iso":                  {body: `{"current":1,"size":15,"params":{"startTime":"2025-01-08T00:00:00+08:00","endTime":"2025-01-08T00:00:00Z"}}`},
		"93 days":              {body: `{"current":1,"size":1,"params":{"startTime":"2025-01-01 00:00:00","endTime":"2025-04-04 00:00:00"}}`},
		"94 days":              {body: `{"current":1,"size":1,"params":{"startTime":"2025-01-01 00:00:00","endTime":"2025-04-05 00:00:00"}}`, status: -76},
		"own limit":            {habits: simulator.Habits{MaxWindow: 24 * time.Hour}, body: `{"current":1,"size":1,"params":{"startTime":"2025-01-01 00:00:00","endTime":"2025-01-02 00:00:01"}}`, status: -76},
		"no JSON":              {body: `current=1`, status: -22},
		"size 0":               {body: `{"current":1,"size":0,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-09 00:00:00"}}`, status: -22},
		"size 101":             {body: `{"current":1,"size":101,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-09 00:00:00"}}`, status: -22},
		"page 0":               {body: `{"current":0,"size":10,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-09 00:00:00"}}`, status: -22},
		"no params":            {body: `{"current":1,"size":10}`, status: -22},
		"no start":             {body: `{"current":1,"size":10,"params":{"endTime":"2025-01-09 00:00:00"}}`, status: -22},
		"text for a number":    {body: `{"current":1,"size":10,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-09 00:00:00","voiceGroupId":"x"}}`, status: -22},
		"iso refused":          {habits: simulator.Habits{Accept: simulator.DatetimeOnly}, body: `{"current":1,"size":15,"params":{"startTime":"2025-01-08T00:00:00+08:00","endTime":"2025-01-09T00:00:00+08:00"}}`, status: -22},
		"datetime refused":     {habits: simulator.Habits{Accept: simulator.ISO8601Only}, body: `{"current":1,"size":15,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-09 00:00:00"}}`, status: -22},
		"a future end":         {habits: simulator.Habits{RefuseFuture: true}, body: `{"current":1,"size":15,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-08 12:00:01"}}`, status: -22},
		"an end now":           {habits: simulator.Habits{RefuseFuture: true}, body: `{"current":1,"size":15,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-08 12:00:00"}}`},
		"an end now by itself": {habits: simulator.Habits{RefuseFuture: true, ClockSkew: -time.Hour}, body: `{"current":1,"size":15,"params":{"startTime":"2025-01-08 00:00:00","endTime":"2025-01-08 11:00:01"}}`, status: -22},
		"as text":              {habits: simulator.Habits{StatusAsText: true}, body: `x`, status: -22},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := fixed(t, simulator.Options{Habits: c.habits})
			assert.Equal(t, c.status, a.query(c.body).Status)
		})
	}
	a, noon := fixed(t, simulator.Options{RateLimit: 2})
	q := body(noon.Add(-time.Hour), noon, 1, 1, "")
	assert.Equal(t, []int{0, 0, -15}, []int{a.query(q).Status, a.query(q).Status, a.query(q).Status})
	a, noon = fixed(t, simulator.Options{Habits: simulator.Habits{MaxTotal: 1}}, simulator.Call{Reason: enum.Busy}, simulator.Call{Reason: enum.Busy})
	assert.Equal(t, -23, a.query(body(noon.Add(-time.Hour), noon, 1, 1, "")).Status)
	a, noon = fixed(t, simulator.Options{Habits: simulator.Habits{RefuseSilently: true, Accept: simulator.ISO8601Only}}, simulator.Call{Reason: enum.Busy})
	p := a.query(body(noon.Add(-time.Hour), noon, 1, 1, ""))
	assert.Equal(t, []int{0, 0, 0}, []int{p.Status, p.Total, len(p.Records)}, "silently nothing")
	a, noon = fixed(t, simulator.Options{Habits: simulator.Habits{IgnoreWindow: true, Accept: simulator.ISO8601Only}}, simulator.Call{Reason: enum.Busy})
	p = a.query(body(noon.Add(-48*time.Hour), noon.Add(-47*time.Hour), 1, 1, ""))
	assert.Equal(t, []int{0, 1, 1}, []int{p.Status, p.Total, len(p.Records)}, "as if there were no window")
}

func TestEndsAndFilterField(t *testing.T) {
	noon := time.Date(2025, 1, 8, 12, 0, 0, 0, cst())
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	var calls []simulator.Call
	for i := range 5 { // starts at -60, -59, ...; ends ten minutes later, appears and is created twenty minutes later
		calls = append(calls, simulator.Call{
			KeyID: uint64(i + 1), Start: at(i - 60), Talk: 600, Type: enum.Outgoing, Reason: enum.OutgoingHungUp,
			VisibleAt: at(i - 40), Create: at(i - 40),
		})
	}
	for field, offset := range map[simulator.Field]int{simulator.ByStart: 0, simulator.ByHangup: 10, simulator.ByCreate: 20} {
		for _, x := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			t.Run(fmt.Sprint(field, x), func(t *testing.T) {
				a, _ := fixed(t, simulator.Options{Habits: simulator.Habits{FilterOn: field, ExclusiveFrom: x[0], ExclusiveTo: x[1]}}, calls...)
				want := []int64{2, 3, 4}
				if x[0] {
					want = want[1:]
				}
				if x[1] {
					want = want[:len(want)-1]
				}
				assert.Equal(t, want, ids(a.query(body(at(offset-59), at(offset-57), 1, 10, "")).Records))
			})
		}
	}
}

func TestPagingAndOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	noon := time.Date(2025, 1, 8, 12, 0, 0, 0, cst())
	var calls []simulator.Call
	for i := range 130 { // long ones first, so that the order of ends is the reverse; two start in each second
		calls = append(calls, simulator.Call{Start: noon.Add(time.Duration(i/2)*time.Second - time.Hour), Talk: int64(1000 - 5*i), Type: enum.Outgoing, Reason: enum.OutgoingHungUp})
	}
	for order, field := range map[simulator.Order]string{
		simulator.IDDesc: "keyId", simulator.IDAsc: "keyId", simulator.StartDesc: "callStartTime", simulator.StartAsc: "callStartTime",
		simulator.CreateDesc: "createTime", simulator.CreateAsc: "createTime", simulator.UpdateDesc: "updateTime",
	} {
		for _, by := range []simulator.Field{simulator.ByStart, simulator.ByCreate, simulator.ByHangup} {
			for _, size := range []int{7, 100} {
				t.Run(fmt.Sprint(order, by, size), func(t *testing.T) {
					a, _ := fixed(t, simulator.Options{Habits: simulator.Habits{Order: order, FilterOn: by}}, calls...)
					var keys []string
					var all []map[string]any
					for n := 1; ; n++ {
						p := a.query(body(noon.Add(-time.Hour), noon, n, size, ""))
						require.Equal(t, []int{130, size, n, (130 + size - 1) / size}, []int{p.Total, p.Size, p.Current, p.Pages})
						if n > p.Pages {
							require.Empty(t, p.Records, "past the last page")
							break
						}
						for _, r := range p.Records {
							keys = append(keys, fmt.Sprint(r[field]))
							all = append(all, r)
						}
					}
					assert.Len(t, slices.Compact(ids(all)), 130)
					if order != simulator.IDAsc && order != simulator.StartAsc && order != simulator.CreateAsc {
						slices.Reverse(keys)
					}
					assert.True(t, slices.IsSorted(keys))
				})
			}
		}
	}
	t.Run("imposed", func(t *testing.T) {
		a, _ := fixed(t, simulator.Options{Habits: simulator.Habits{PageSize: 50}}, calls...)
		p := a.query(body(noon.Add(-time.Hour), noon, 3, 15, ""))
		assert.Equal(t, []int{50, 3, 30}, []int{p.Size, p.Pages, len(p.Records)})
	})
	t.Run("first page again", func(t *testing.T) {
		a, _ := fixed(t, simulator.Options{Habits: simulator.Habits{OverflowFirstPage: true}}, calls...)
		first, past := a.query(body(noon.Add(-time.Hour), noon, 1, 100, "")), a.query(body(noon.Add(-time.Hour), noon, 3, 100, ""))
		assert.Equal(t, 1, past.Current)
		assert.Equal(t, first.Records, past.Records)
	})
	t.Run("unstable", func(t *testing.T) {
		a, _ := fixed(t, simulator.Options{Habits: simulator.Habits{Order: simulator.StartAsc, UnstableTies: true}}, calls...)
		orders := map[string]bool{}
		for range 5 {
			p := a.query(body(noon.Add(-time.Hour), noon, 1, 100, ""))
			require.Equal(t, 130, p.Total)
			starts, order := []string{}, ""
			for _, r := range p.Records {
				starts = append(starts, r["callStartTime"].(string))
				order += fmt.Sprint(r["keyId"], " ")
			}
			require.True(t, slices.IsSorted(starts))
			orders[order] = true
		}
		assert.Len(t, orders, 5)
	})
}

func TestRecordHabits(t *testing.T) {
	call := simulator.Call{KeyID: 5, Type: enum.Outgoing, Reason: enum.Busy, SIPCode: 486, Country: "CA", VoiceGroupID: 12, Start: time.Date(2025, 1, 8, 11, 0, 0, 0, cst()), Ring: 3}
	get := func(h simulator.Habits) (page, map[string]any) {
		a, noon := fixed(t, simulator.Options{Habits: h}, call)
		zone := cst()
		if h.Location != nil {
			zone = h.Location
		}
		f := func(d time.Duration) string {
			if h.SkewRecords {
				d += h.ClockSkew
			}
			return noon.Add(d).In(zone).Format(time.DateTime)
		}
		p := a.query(fmt.Sprintf(`{"current":1,"size":10,"params":{"startTime":%q,"endTime":%q}}`, f(-time.Hour), f(0)))
		require.Len(t, p.Records, 1)
		return p, p.Records[0]
	}
	_, r := get(simulator.Habits{})
	assert.Equal(t, "0", r["hangupCode"])
	assert.Equal(t, "user busy(486)", r["errorReason"])
	assert.True(t, strings.HasPrefix(r["called"].(string), "1416"))
	assert.True(t, strings.HasPrefix(r["caller"].(string), "1416"))

	_, r = get(simulator.Habits{SIPHangupCode: true})
	assert.Equal(t, "486", r["hangupCode"])
	_, r = get(simulator.Habits{OmitVoiceGroupID: true})
	assert.NotContains(t, r, "voiceGroupId")
	_, r = get(simulator.Habits{NumbersAsText: true})
	for _, f := range []string{"keyId", "callDuration", "ringDuration", "callType", "hangupReason", "hangingDirection", "voiceGroupId", "brandId"} {
		assert.IsType(t, "", r[f], f)
	}
	_, r = get(simulator.Habits{EncryptNumbers: true})
	assert.Nil(t, r["called"])
	assert.True(t, strings.HasPrefix(r["encryptCalled"].(string), "1416"))
	assert.Nil(t, r["region"])
	_, r = get(simulator.Habits{Region: true})
	assert.Equal(t, "CA", r["region"], "three countries go by the name in ccode")
	_, r = get(simulator.Habits{Location: time.UTC})
	assert.Equal(t, "2025-01-08 03:00:00", r["callStartTime"])
	_, r = get(simulator.Habits{ClockSkew: 7 * time.Minute})
	assert.Equal(t, "2025-01-08 11:00:00", r["callStartTime"])
	_, r = get(simulator.Habits{ClockSkew: 7 * time.Minute, SkewRecords: true})
	assert.Equal(t, "2025-01-08 11:07:00", r["callStartTime"])
	p, _ := get(simulator.Habits{OmitSize: true})
	assert.NotContains(t, string(p.Body), `"size"`)
	p, _ = get(simulator.Habits{StatusAsText: true})
	assert.Contains(t, string(p.Body), `{"status":"0"`)
}

// TestLateRecords: a record that appears late has its createTime at its appearance or at its hang-up.
func TestLateRecords(t *testing.T) {
	for _, backdate := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			o := traffic()
			o.LateShare = 1
			o.Habits.BackdateLate = backdate
			s := simulator.New(o)
			for c := range s.Calls() {
				late := c.VisibleAt.Sub(c.End)
				require.True(t, late >= time.Hour && late < 3*time.Hour+3*time.Second, late)
				want := c.VisibleAt.Truncate(time.Second)
				if backdate {
					want = c.End
				}
				require.True(t, c.Create.Equal(want))
			}
		})
	}
}

// TestHabitsAnswerTheSame: with every set of habits, a client reads the same calls.
func TestHabitsAnswerTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	all := simulator.AllHabits()
	require.Equal(t, "plain", all[0].Name)
	require.Less(t, len(all), 50)
	for _, h := range all {
		t.Run(h.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				o := simulator.Options{Seed: 3, CallsPerDay: 9600, Start: start, Habits: h}
				s := simulator.New(o)
				time.Sleep(time.Hour)
				s.StopTraffic()
				time.Sleep(12 * time.Hour)
				var want []int64
				for c := range s.Calls() {
					want = append(want, int64(c.KeyID))
				}
				slices.Sort(want)
				a := newAPI(t, s)
				a.now = func() time.Time { return time.Now().Add(h.ClockSkew) }
				layout := time.DateTime
				if h.Accept == simulator.ISO8601Only {
					layout = time.RFC3339
				}
				seen := map[int64]bool{}
				for from := start.Add(-4 * time.Hour); from.Before(a.now()); from = from.Add(10 * time.Minute) {
					to := from.Add(10*time.Minute + time.Second)
					if to.After(a.now()) {
						to = a.now()
					}
					for n := 1; ; n++ {
						p := a.query(fmt.Sprintf(`{"current":%d,"size":100,"params":{"startTime":%q,"endTime":%q}}`,
							n, from.Add(-time.Second).In(cst()).Format(layout), to.In(cst()).Format(layout)))
						require.Zero(t, p.Status)
						for _, r := range p.Records {
							seen[num(r["keyId"])] = true
						}
						size := 100
						if h.PageSize > 0 {
							size = h.PageSize
						}
						if n*size >= p.Total {
							break
						}
					}
				}
				var got []int64
				for id := range seen {
					got = append(got, id)
				}
				slices.Sort(got)
				require.NotEmpty(t, want)
				require.Equal(t, want, got)
			})
		})
	}
}

// TestPairs: every pair of alternatives of two habits occurs in AllHabits.
func TestPairs(t *testing.T) {
	orders, ends := map[string]int{}, 0
	for _, h := range simulator.AllHabits() {
		orders[strconv.Itoa(int(h.Order))+" "+strconv.Itoa(int(h.FilterOn))]++
		if h.ExclusiveFrom && h.ExclusiveTo && h.PageSize == 15 {
			ends++
		}
	}
	assert.Len(t, orders, 7*3)
	assert.Positive(t, ends)
}
