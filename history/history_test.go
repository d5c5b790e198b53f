package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/itnio"
	"itnio_exporter/simulator"
)

const day = 24 * time.Hour

// past is an account whose past is read.
type past struct {
	t       *testing.T
	sim     *simulator.Simulator
	options Options
	from    time.Time
	found   map[string]bool
	at      time.Time
}

// newPast makes days of traffic before now, in virtual time. front may change what the API answers; nil: it does not.
func newPast(t *testing.T, o simulator.Options, days int, front func(http.RoundTripper) http.RoundTripper) *past {
	o.Seed, o.Start = 1, time.Now().Add(-time.Duration(days)*day)
	p := &past{t: t, sim: simulator.New(o), from: o.Start, found: map[string]bool{}}
	known := simulator.DefaultAccounts()[0]
	transport := p.sim.RoundTripper()
	if front != nil {
		transport = front(transport)
	}
	api, err := itnio.New(itnio.Options{
		BaseURL: "http://api", Key: known.Key, Secret: known.Secret, HTTP: &http.Client{Transport: transport}, RateLimit: 5, Timeout: 30 * time.Second,
	})
	require.NoError(t, err)
	p.options = Options{API: api, Calls: call.NewNormalizer(call.Options{}), Logger: log.NewNopLogger()}
	return p
}

// read reads all of it and checks that stretches adjoin and have each call once.
func (p *past) read(ctx context.Context) (Result, error) {
	p.at = p.from
	return New(p.options).Read(ctx, p.from, time.Now(), func(w Window, calls []call.Call) error {
		require.Equal(p.t, p.at.Unix(), w.From.Unix())
		p.at = w.To
		seen := map[uint64]bool{}
		for _, c := range calls {
			id := c.Identity(0)
			require.False(p.t, seen[id])
			seen[id] = true
			p.found[c.SessionID] = true
		}
		return nil
	})
}

// missing is the calls of the first account that were to be found and were not.
func (p *past) missing(except func(*simulator.Call) bool) (missing, all int) {
	for c := range p.sim.Calls() {
		if c.Account != simulator.DefaultAccounts()[0].Name || c.VisibleAt.After(time.Now().Add(-time.Hour)) || c.Hidden || except(&c) {
			continue
		}
		all++
		if !p.found[c.Session] {
			missing++
		}
	}
	return missing, all
}

func none(*simulator.Call) bool { return false }

func deleted(c *simulator.Call) bool { return !c.DeletedAt.IsZero() }

// TestHonest: what an honest server lists is read with hardly more requests than there are pages, however dense it is.
func TestHonest(t *testing.T) {
	for name, perDay := range map[string]float64{"sparse": 60, "usual": 400, "dense": 7000} {
		for _, on := range []simulator.Field{simulator.ByStart, simulator.ByHangup, simulator.ByCreate} {
			if on != simulator.ByStart && name == "dense" || testing.Short() && (on != simulator.ByStart || name == "dense") {
				continue
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					days := 25
					if name == "dense" {
						days = 1
					}
					p := newPast(t, simulator.Options{CallsPerDay: perDay, Rhythm: 0.8, Habits: simulator.Habits{FilterOn: on, RefuseFuture: true}}, days, nil)
					result, err := p.read(t.Context())
					require.NoError(t, err)
					missing, all := p.missing(none)
					require.Zero(t, missing)
					t.Logf("%d records, %d requests (%.3f of the pages), %d windows", all, result.Requests, float64(result.Requests)*100/float64(all), result.Windows)
					require.LessOrEqual(t, float64(result.Requests), 1.15*float64(all)/100+5)
					require.InDelta(t, all, result.Records, float64(all)/20+100)
					require.Empty(t, result.Gaps)
					require.Equal(t, time.Now().Unix(), result.At.Unix()+int64(time.Since(result.At).Seconds()))
				})
			})
		}
	}
}

// TestDensityChanges: calls of a busy week after quiet months are given with the stretch in which they are listed, not with an earlier part
// of the window that had to be divided for them.
func TestDensityChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t, simulator.Options{CallsPerDay: 30}, 60, nil)
		var busy []simulator.Call
		for i := range 6000 {
			busy = append(busy, simulator.Call{Start: p.from.Add(50*day + time.Duration(i)*time.Minute)})
		}
		require.NoError(t, p.sim.Add(busy...))
		_, err := New(p.options).Read(t.Context(), p.from, time.Now(), func(w Window, calls []call.Call) error {
			for i := range calls {
				p.found[calls[i].SessionID] = true
				require.True(t, calls[i].End.Before(w.To.Add(6*time.Hour)), "%s was given with %v", calls[i].End, w)
			}
			return nil
		})
		require.NoError(t, err)
		missing, all := p.missing(none)
		require.Zero(t, missing)
		require.Greater(t, all, 7000)
	})
}

// TestHabitsAndFaults: nothing is missing, whatever the server's habits, and whatever fails now and then.
func TestHabitsAndFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	habits := map[string]simulator.Habits{
		"exclusive":   {ExclusiveFrom: true, ExclusiveTo: true, FilterOn: simulator.ByHangup, UnstableTies: true},
		"31 days":     {MaxWindow: 31 * day},
		"a day":       {MaxWindow: day},
		"few records": {MaxTotal: 500},
		"small pages": {PageSize: 30, OverflowFirstPage: true},
		"no size":     {OmitSize: true},
	}
	faults := map[string]simulator.Faults{
		"requests":  {TooMany: 0.02, TooManyRetry: 0.02, ServerError: 0.02, HTML: 0.01, Cut: 0.01, Short: 0.01, Garbage: 0.01, Reset: 0.02, NoDate: 0.05},
		"answers":   {TotalOff: 0.05, Shift: 0.02, Duplicate: 0.02},
		"totals":    {TotalCapped: 1},
		"same size": {ImposedSize: 1, FirstAgain: 1},
	}
	test := func(name string, o simulator.Options) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o.CallsPerDay = 500
				p := newPast(t, o, 8, nil)
				result, err := p.read(t.Context())
				require.NoError(t, err)
				missing, all := p.missing(deleted)
				t.Logf("%d records, %d requests, %d windows, %d open", all, result.Requests, result.Windows, len(result.Open))
				require.Empty(t, result.Gaps)
				if len(result.Open) == 0 {
					require.Zero(t, missing)
				}
				require.LessOrEqual(t, len(result.Open), 1)
			})
		})
	}
	for name, h := range habits {
		test(name, simulator.Options{Habits: h})
	}
	for name, f := range faults {
		test(name, simulator.Options{Faults: f})
	}
}

// refusing is an API that refuses windows as it wants.
type refusing struct {
	next http.RoundTripper
	from func(from, to time.Time) (status int, refuses bool)
}

func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	var q struct {
		Params struct{ StartTime, EndTime string }
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	from, to := timeOf(q.Params.StartTime), timeOf(q.Params.EndTime)
	if status, refuses := r.from(from, to); refuses {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, Request: req,
			Body: io.NopCloser(bytes.NewReader(fmtStatus(status))),
		}, nil
	}
	return r.next.RoundTrip(req)
}

// timeOf reads either format of the API; the client may try both.
func timeOf(text string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t
	}
	t, _ := time.ParseInLocation(time.DateTime, text, time.FixedZone("", 8*60*60))
	return t
}

func fmtStatus(status int) []byte {
	b, _ := json.Marshal(map[string]any{"status": status, "reason": "no"})
	return b
}

// TestGap: a second that stays refused is a gap, wherever it is, and everything around it is read.
func TestGap(t *testing.T) {
	if testing.Short() {
		t.Skip("runs without -short")
	}
	for _, status := range []int{itnio.StatusDataCaps, itnio.StatusParameter, itnio.StatusSystemException} {
		for name, at := range map[string]time.Duration{"first": 0, "within": 29 * time.Hour, "last": 48*time.Hour - time.Second} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var bad time.Time
					p := newPast(t, simulator.Options{CallsPerDay: 1200}, 2, func(next http.RoundTripper) http.RoundTripper {
						return refusing{next, func(from, to time.Time) (int, bool) {
							return status, !from.After(bad.Add(-time.Second)) && to.After(bad)
						}}
					})
					bad = p.from.Add(at)
					end := p.from.Add(48 * time.Hour)
					result, err := New(p.options).Read(t.Context(), p.from, end, func(_ Window, calls []call.Call) error {
						for i := range calls {
							p.found[calls[i].SessionID] = true
						}
						return nil
					})
					require.NoError(t, err)
					require.Len(t, result.Gaps, 1)
					gap := result.Gaps[0]
					require.False(t, gap.From.After(bad))
					require.True(t, gap.To.After(bad))
					require.LessOrEqual(t, gap.To.Sub(gap.From), 4*time.Second)
					missing, _ := p.missing(func(c *simulator.Call) bool { return !c.Start.Before(gap.From) && c.Start.Before(gap.To) })
					require.Zero(t, missing)
				})
			})
		}
	}
}

// TestRetention: a server that refuses all of the past before some time leaves one gap.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var since time.Time
		p := newPast(t, simulator.Options{CallsPerDay: 1000}, 8, func(next http.RoundTripper) http.RoundTripper {
			return refusing{next, func(from, _ time.Time) (int, bool) { return itnio.StatusParameter, from.Before(since) }}
		})
		since = p.from.Add(3*day + time.Hour)
		result, err := p.read(t.Context())
		require.NoError(t, err)
		require.Len(t, result.Gaps, 1)
		require.Equal(t, p.from.Unix(), result.Gaps[0].From.Unix())
		require.WithinDuration(t, since, result.Gaps[0].To, 2*time.Second)
	})
}

// TestEnds: what does not pass ends the reading with its error, what passes is waited for.
func TestEnds(t *testing.T) {
	status := 0
	var until time.Time
	outage := func(next http.RoundTripper) http.RoundTripper {
		return refusing{next, func(time.Time, time.Time) (int, bool) { return status, time.Now().Before(until) }}
	}
	begin := func(t *testing.T, with int, lasts time.Duration) *past {
		p := newPast(t, simulator.Options{CallsPerDay: 1000}, 2, outage)
		status, until = with, time.Now().Add(lasts)
		return p
	}
	for _, with := range []int{itnio.StatusSystemException, itnio.StatusTooFrequent, itnio.StatusTimestamp, -42} {
		synctest.Test(t, func(t *testing.T) {
			p := begin(t, with, 2*time.Minute)
			result, err := p.read(t.Context())
			require.NoError(t, err, "%d", with)
			require.Empty(t, result.Gaps, "%d", with)
			missing, _ := p.missing(none)
			require.Zero(t, missing)
		})
		synctest.Test(t, func(t *testing.T) {
			result, err := begin(t, with, 1000*time.Hour).read(t.Context())
			require.ErrorContains(t, err, "reading the history stopped at")
			require.Empty(t, result.Gaps)
			require.Zero(t, result.Records)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		p := begin(t, itnio.StatusAuthFailed, time.Hour)
		result, err := p.read(t.Context())
		require.Equal(t, itnio.ClassAuthentication, itnio.ClassOf(err))
		require.LessOrEqual(t, result.Requests, 2)
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := begin(t, itnio.StatusSystemException, time.Hour)
		time.AfterFunc(10*time.Second, cancel)
		_, err := p.read(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		p := begin(t, 0, 0)
		_, err := New(p.options).Read(t.Context(), p.from, time.Now(), func(Window, []call.Call) error { return full })
		require.Equal(t, full, err)
	})
}

// TestProgress only rises, and ends with the result.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t, simulator.Options{CallsPerDay: 1000}, 3, nil)
		var told []Progress
		p.options.Progress = func(now Progress) { told = append(told, now) }
		result, err := p.read(t.Context())
		require.NoError(t, err)
		require.True(t, slices.IsSortedFunc(told, func(a, b Progress) int {
			return max(a.Requests-b.Requests, a.Records-b.Records, a.Windows-b.Windows, a.At.Compare(b.At))
		}))
		require.Equal(t, result.Progress, told[len(told)-1])
	})
}
