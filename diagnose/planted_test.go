package diagnose

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/enum"
	"itnio_exporter/simulator"
)

// plant is a problem and how doctor has to name it.
type plant struct {
	name   string
	set    func(*patient)
	want   map[string]Result // every check that is not good
	says   string            // of one of them: a part of what was seen or is to be done
	unsure []string          // checks that may be bad as well, as a consequence
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		_, _ = fmt.Fprintf(w, `{"status":%d,"reason":"someone's name","data":null}`, code)
	}
}

// accountPlants are problems of one account over plain HTTP.
var accountPlants = []plant{
	{"wrong key", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].APISecret = "another" }
	}, map[string]Result{"credentials-key": Wrong}, "API status -1", nil},
	{"blocked address", func(p *patient) { p.front = always(status(-2)) },
		map[string]Result{"credentials-address": Wrong}, "allow-list", nil},
	{"timestamps refused", func(p *patient) { p.front = always(status(-16)) },
		map[string]Result{"credentials-timestamp": Wrong}, "API status -16", nil},
	{"every question refused", func(p *patient) { p.front = always(status(-42)) },
		map[string]Result{"credentials-question": Wrong}, "API status -42", nil},
	{"HTML login page", func(p *patient) {
		p.front = always(func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>please sign in</html>")) })
	}, map[string]Result{"network-answer": Wrong}, "HTML page", nil},
	{"redirect", func(p *patient) {
		p.front = always(func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://login.example/x?key=secret")
			w.WriteHeader(http.StatusFound)
		})
	}, map[string]Result{"network-answer": Wrong}, "redirected to login.example", nil},
	{"base_url with a path", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].BaseURL += "/openapi" }
	}, map[string]Result{"network-answer": Wrong}, "without the path", nil},
	{"clock two hours off", func(p *patient) { p.sim.Habits.ClockSkew = 2 * time.Hour },
		map[string]Result{"clock-skew": Wrong}, "2h0m ahead", []string{"clock-offset"}},
	{"two replicas of different mind", func(p *patient) { p.front = datesAside(20*time.Second, 2) },
		map[string]Result{"clock-replicas": Doubtful}, "contradict each other by", nil},
	{"no Date", func(p *patient) { p.sim.Faults.NoDate = 1 },
		map[string]Result{"clock-skew": Doubtful}, "Date header", nil},
	{"offset too small", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].UTCOffset = "+00:00" }
	}, map[string]Result{"clock-offset": Wrong}, `utc_offset: "+08:00"`, []string{"habit-filter-time", "records-anomalies"}},
	{"offset too large", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].UTCOffset = "+13:30" }
	}, map[string]Result{"clock-offset": Wrong}, `utc_offset: "+08:00"`, []string{"habit-filter-time", "records-anomalies"}},
	{"offset too small, datetime", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].UTCOffset, c.Accounts[0].TimeFormat = "-03:30", "datetime" }
	}, map[string]Result{"clock-offset": Wrong}, `utc_offset: "+08:00"`, []string{"records-anomalies"}},
	{"offset too large, datetime", func(p *patient) {
		p.sim.Habits.Accept = simulator.DatetimeOnly
		p.edit = func(c *config.Config) { c.Accounts[0].UTCOffset = "+10:00" }
	}, map[string]Result{"clock-offset": Doubtful}, `utc_offset: "+08:00"`, []string{"records-anomalies"}},
	{"only one time format", func(p *patient) {
		p.sim.Habits.Accept = simulator.DatetimeOnly
		p.edit = func(c *config.Config) { c.Accounts[0].TimeFormat = "iso8601" }
	}, map[string]Result{"clock-format": Wrong}, "iso8601 is refused", nil},
	{"the other time format is misread", func(p *patient) {
		p.sim.Habits.Accept, p.sim.Habits.IgnoreWindow = simulator.DatetimeOnly, true
	}, map[string]Result{"clock-format": Doubtful}, "time_format: datetime", nil},
	{"totals off", func(p *patient) {
		p.front = rewritten(nil, func(m map[string]any) {
			if data, ok := m["data"].(map[string]any); ok && fmt.Sprint(data["total"]) != "0" {
				data["total"] = 3 + toInt(data["total"])
			}
		})
	}, map[string]Result{"habit-total": Doubtful}, "different records", nil},
	{"totals off, and no page past the last", func(p *patient) { p.front = strictPages(3) },
		map[string]Result{"habit-total": Doubtful}, "different records", nil},
	{"capped totals", func(p *patient) {
		p.front = rewritten(nil, func(m map[string]any) {
			if data, ok := m["data"].(map[string]any); ok {
				data["total"] = min(1000, toInt(data["total"]))
			}
		})
	}, map[string]Result{"habit-cap": Doubtful}, "total of a day is 1000", nil},
	{"too many records refused", func(p *patient) { p.sim.Habits.MaxTotal = 500 },
		map[string]Result{"habit-cap": Doubtful}, "-23", []string{"habit-width"}},
	{"imposed page size", func(p *patient) { p.sim.Habits.PageSize = 15 },
		map[string]Result{"habit-page-size": Doubtful}, "pages have 15 records", nil},
	{"changing order", func(p *patient) {
		p.sim.Habits.UnstableTies, p.sim.Habits.Order = true, simulator.StartDesc
		p.sim.CallsPerDay = 40_000
		p.sim.Start = p.since.Add(-day - 4*time.Hour)
		p.edit = func(c *config.Config) { c.Global.Horizon = ptr(24 * time.Hour) }
	}, map[string]Result{"habit-order": Doubtful}, "another content", []string{"habit-total"}},
	{"narrow windows", func(p *patient) { p.sim.Habits.MaxWindow = 12*time.Hour + time.Second },
		map[string]Result{"habit-width": Doubtful}, "a window of a day is refused", []string{"habit-cap"}},
	{"retention of 31 days", func(p *patient) {
		p.sim.Start, p.sim.CallsPerDay = p.since.Add(-31*day), 500
		p.edit = func(c *config.Config) { c.Global.Horizon = ptr(60 * day) }
	}, map[string]Result{"habit-retention": Doubtful}, "nothing older than 31 days", nil},
	{"filters ignored", func(p *patient) {
		p.front = rewritten(func(m map[string]any) { delete(m["params"].(map[string]any), "callType") }, nil)
	}, map[string]Result{"habit-filters": Doubtful}, "call type", nil},
	{"the configured filter is ignored", func(p *patient) {
		p.front = rewritten(func(m map[string]any) { delete(m["params"].(map[string]any), "callType") }, nil)
		p.edit = func(c *config.Config) { c.Accounts[0].Filter.CallTypes = []string{"incoming"} }
	}, map[string]Result{"habit-filters": Wrong}, "do not match", nil},
	{"records forty minutes late", func(p *patient) { late(p, 40*time.Minute) },
		map[string]Result{"habit-lateness": Wrong}, "40m0s after the hang-up", nil},
	{"fields never filled", func(p *patient) {
		p.front = rewritten(nil, eachRecord(func(r map[string]any) {
			r["ccode"], r["hangingDirection"], r["errorReason"], r["hangupCode"] = nil, nil, nil, nil
		}))
	}, map[string]Result{"records-fields": Doubtful, "records-countries": Doubtful, "records-sip": Doubtful, "records-enumerations": Doubtful}, "country is unknown", nil},
	{"hang-up reason never filled", func(p *patient) {
		p.front = rewritten(nil, eachRecord(func(r map[string]any) { r["hangupReason"] = nil }))
	}, map[string]Result{"records-fields": Wrong}, "waited for", []string{"records-anomalies"}},
	{"no calls", func(p *patient) { p.sim.CallsPerDay = 0 },
		map[string]Result{"clock-calls": Doubtful}, "none of the last 7 days", nil},
	{"no ids", func(p *patient) {
		p.front = rewritten(nil, eachRecord(func(r map[string]any) { r["keyId"], r["callSessionId"] = nil, nil }))
	}, map[string]Result{"records-fields": Wrong, "records-anomalies": Doubtful}, "cannot be told apart", nil},
	{"unreadable fields", func(p *patient) {
		p.front = rewritten(nil, eachRecord(func(r map[string]any) { r["ringDuration"] = "a while" }))
	}, map[string]Result{"records-readable": Doubtful, "records-fields": Doubtful}, "ringDuration 100 %", []string{"records-anomalies"}},
	{"unknown codes", func(p *patient) { p.sim.Faults.UnknownCode = 0.2 },
		map[string]Result{"records-enumerations": Doubtful}, "unknown_", []string{"records-anomalies"}},
	{"numbers hidden", func(p *patient) {
		p.front = rewritten(nil, eachRecord(func(r map[string]any) { r["called"], r["caller"] = nil, nil }))
	}, map[string]Result{"records-countries": Doubtful}, "have no number", nil},
	{"times out of order", func(p *patient) {
		p.front = rewritten(nil, eachRecord(func(r map[string]any) { r["callDuration"] = -5 }))
	}, map[string]Result{"records-anomalies": Doubtful}, "negative_duration", nil},
	{"limits too low", func(p *patient) {
		p.edit = func(c *config.Config) { c.Metrics.Limits.AgentGroup = ptr(5) }
	}, map[string]Result{"records-limits": Wrong}, "agent_group 8 of 5", nil},
	{"too few series", func(p *patient) {
		p.edit = func(c *config.Config) { c.Metrics.Limits.Series = ptr(300) }
	}, map[string]Result{"cost-series": Wrong}, "limits.series is 300", nil},
	{"rate limit too low for the traffic", func(p *patient) {
		p.edit = func(c *config.Config) { c.Accounts[0].RateLimit = ptr(0.1) }
	}, map[string]Result{"cost-rate": Wrong}, "rate_limit allows 6 a minute", nil},
	{"the server allows less", func(p *patient) { p.front = everyNth(7, status(-15)) },
		map[string]Result{"cost-server-rate": Doubtful}, "too many requests", nil},
	{"failing now and then", func(p *patient) { p.front = everyNth(7, status(-18)) },
		map[string]Result{"cost-server-rate": Doubtful}, "failed for a reason", nil},
}

func ptr[T any](v T) *T { return &v }

func toInt(v any) int {
	n := 0
	_, _ = fmt.Sscan(fmt.Sprint(v), &n)
	return n
}

// datesAside moves the Date of every nth answer.
func datesAside(by time.Duration, n int) func(http.Handler) http.Handler {
	asked := 0
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			if asked++; asked%n == 0 {
				date, _ := http.ParseTime(rec.Header().Get("Date"))
				rec.Header().Set("Date", date.Add(by).Format(http.TimeFormat))
			}
			maps.Copy(w.Header(), rec.Header())
			_, _ = w.Write(rec.Body.Bytes())
		})
	}
}

// everyNth answers every nth request in another way.
func everyNth(n int, answer func(http.ResponseWriter)) func(http.Handler) http.Handler {
	asked := 0
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked%n == 0 {
				answer(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// onlyNth answers the nth request in another way.
func onlyNth(n int, answer func(http.ResponseWriter)) func(http.Handler) http.Handler {
	asked := 0
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked == n {
				answer(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// strictPages refuses pages past the last, and says totals that are too high.
func strictPages(above int) func(http.Handler) http.Handler {
	page := 0
	return rewritten(func(m map[string]any) { page = toInt(m["current"]) }, func(m map[string]any) {
		data, _ := m["data"].(map[string]any)
		if records, _ := data["records"].([]any); len(records) == 0 && page > 1 {
			m["status"], m["data"] = -22, nil
		} else if total := toInt(data["total"]); total > 0 {
			data["total"] = total + above
		}
	})
}

// late replaces the traffic by calls whose records are created so long after they ended, and appear then.
func late(p *patient, by time.Duration) {
	p.sim.CallsPerDay = 0
	for at := p.since.Add(-8 * day); at.Before(p.since.Add(-by)); at = at.Add(time.Minute) {
		p.calls = append(p.calls, simulator.Call{
			Type: enum.Outgoing, Reason: enum.OutgoingHungUp, Party: enum.Customer, Group: "G", VoiceGroupID: 7, Agent: "A", SeatID: 1,
			Start: at.Add(-time.Minute), End: at, Ring: 20, Talk: 40, Create: at.Add(by), VisibleAt: at.Add(by),
		})
	}
}

func TestPlanted(t *testing.T) {
	for i, tt := range accountPlants {
		if testing.Short() && i%9 != 0 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			tt.set(p)
			tt.judge(t, p.diagnose())
		})
	}
}

// judge compares a report with what has to be found.
func (tt *plant) judge(t *testing.T, r *Report) {
	t.Helper()
	found := bad(r)
	for _, id := range tt.unsure {
		delete(found, id)
	}
	printed := text(r)
	require.Equal(t, tt.want, found, printed)
	said := false
	for _, s := range r.Sections {
		for _, f := range s.Checks {
			said = said || tt.want[f.ID] != "" && strings.Contains(f.Seen+f.Means+f.Do, tt.says)
		}
	}
	require.True(t, said, "%q is not said in\n%s", tt.says, printed)
	for _, hidden := range []string{"demokey1", "demosecret1", "secret name", "someone's name", "Sales", "support", "回访"} {
		require.NotContains(t, printed, hidden)
	}
}
