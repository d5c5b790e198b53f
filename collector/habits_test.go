package collector

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// server is a simulated server of some habits, and what the exporter has to find out of them.
type server struct {
	habits  simulator.Habits
	capped  int // no total is higher; 0: they are right
	restart int // requests in the minute after a restart, at most; without what was kept narrow takes 40
	known   map[string]string
}

func servers() map[string]server {
	return map[string]server{
		"narrow": {
			habits: simulator.Habits{
				Accept: simulator.DatetimeOnly, RefuseSilently: true, Order: simulator.StartAsc, PageSize: 15, OverflowFirstPage: true,
				MaxWindow: 25 * time.Hour, RefuseFuture: true,
			},
			restart: 42,
			known: map[string]string{
				"clock-format":       "times of requests are read as datetime (2025-01-08 00:00:00)",
				"habit-total":        "total is the number of records",
				"habit-page-size":    "pages have 15 records where 100 were asked for",
				"habit-order":        "records come oldest start first",
				"habit-past-the-end": "a page past the last has records again, which the exporter takes for the end",
				"habit-future":       "windows that end ahead of the server's clock are refused",
			},
		},
		"wide": {
			habits:  simulator.Habits{Accept: simulator.ISO8601Only, Order: simulator.IDDesc, OmitSize: true},
			capped:  200,
			restart: 50,
			known: map[string]string{
				"clock-format": "times of requests are read as iso8601 (2025-01-08T00:00:00+08:00)",
				"habit-total":  "total is the number of records",
				"habit-cap":    "total is never above 200",
				"habit-order":  "records come newest id first",
				"habit-future": "windows that end ahead of the server's clock are answered",
			},
		},
	}
}

// serve has the world go on with a server of the same calls and these habits.
func (w *world) serve(s server) {
	o := steady(w.began)
	o.CallsPerDay, o.Habits, o.Accounts = 4800, s.habits, []simulator.Account{mainAccount()}
	w.sim, w.habits, w.through = simulator.New(o), s.habits, nil
	if s.capped > 0 {
		total := regexp.MustCompile(`"total":\d+`)
		w.through = bodiesEdited(func(body []byte) []byte {
			return total.ReplaceAllFunc(body, func(m []byte) []byte {
				n, err := strconv.Atoi(string(m[len(`"total":`):]))
				require.NoError(w.t, err)
				return fmt.Appendf(nil, `"total":%d`, min(n, s.capped))
			})
		})
	}
}

// habitsShown are those on the status page, by id.
func (w *world) habitsShown() map[string]string {
	shown := map[string]string{}
	for _, h := range w.c.Status()[0].Habits {
		shown[h.ID] = h.Text
	}
	return shown
}

func (w *world) requireHabits(s server) {
	w.t.Helper()
	shown := w.habitsShown()
	for id, text := range s.known {
		require.Equal(w.t, text, shown[id], "%s of %v", id, shown)
	}
}

// TestHabits: the habits of two servers are found out without a request of their own, kept over a restart, and found out anew where
// the server was replaced by the other one meanwhile. Every call is counted once throughout.
func TestHabits(t *testing.T) {
	t.Parallel()
	skipDays(t)
	for name, first := range servers() {
		second := servers()[map[string]string{"narrow": "wide", "wide": "narrow"}[name]]
		t.Run(name, func(t *testing.T) {
			if name == "wide" && !*long { // it is the second server of the other one; .ci/run has both
				t.Skip("runs with -proof")
			}
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, steady(time.Now()), func(c *config.Config) { c.Global.InitialHistory = duration(5 * time.Hour) })
				w.serve(first)
				w.start()
				require.Empty(t, w.habitsShown(), "nothing is known of a server before its first answers")
				time.Sleep(90 * time.Minute)
				w.requireHabits(first)
				w.end()

				before := w.sim.Requests()
				w.start()
				w.requireHabits(first) // before the first request
				require.Equal(t, before, w.sim.Requests())
				time.Sleep(55 * time.Second)
				require.LessOrEqual(t, w.sim.Requests()-before, first.restart)
				time.Sleep(5 * time.Minute)
				w.requireHabits(first)
				w.end()

				w.serve(second)
				w.start()
				time.Sleep(2 * time.Hour)
				w.requireHabits(second)
				v := w.judge(time.Hour + 5*time.Minute) // the next audit finds what is late
				v.exact(t)
				require.Greater(t, v.counted, 1200)
				w.end()
			})
		})
	}
}

// bodiesEdited stands between the client and the API, and edits the text of each answer.
func bodiesEdited(edit func([]byte) []byte) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			body, err := io.ReadAll(resp.Body)
			body = edit(body)
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			return resp, err
		})
	}
}
