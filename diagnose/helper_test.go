package diagnose

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// patient is a world in which doctor is called: a simulated API behind real HTTP, and a configuration for it.
type patient struct {
	t       *testing.T
	sim     simulator.Options
	calls   []simulator.Call                // added to the traffic
	front   func(http.Handler) http.Handler // stands before the API
	serve   func(http.Handler) *httptest.Server
	edit    func(*config.Config)
	options func(*Options)
	asked   atomic.Int64 // requests that reached the server
	since   time.Time
}

// newPatient is healthy: nine days of traffic, and a configuration of defaults.
func newPatient(t *testing.T) *patient {
	now := time.Now()
	return &patient{
		t: t, since: now, serve: httptest.NewServer,
		sim: simulator.Options{Seed: 1, Start: now.Add(-9 * day), CallsPerDay: 1500, TalkMedian: 60 * time.Second},
	}
}

// diagnose runs doctor.
func (p *patient) diagnose() *Report {
	p.t.Helper()
	sim := simulator.New(p.sim)
	require.NoError(p.t, sim.Add(p.calls...))
	handler := sim.Handler()
	if p.front != nil {
		handler = p.front(handler)
	}
	server := p.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		handler.ServeHTTP(w, r)
	}))
	p.t.Cleanup(server.Close)
	o := Options{
		Load: func() (*config.Validated, error) {
			known := simulator.DefaultAccounts()[0]
			c := config.Default(config.AccountConfig{
				Name: "secret name", BaseURL: server.URL, APIKey: config.Secret(known.Key), APISecret: config.Secret(known.Secret),
			})
			if p.edit != nil {
				p.edit(c)
			}
			return c.Validate()
		},
		Exporter: "test",
		HTTPClient: func(a config.Account) (*http.Client, error) {
			return promconfig.NewClientFromConfig(a.HTTPClient, "test")
		},
		Now:   time.Now,
		Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	if p.options != nil {
		p.options(&o)
	}
	report, err := Run(p.t.Context(), o)
	require.NoError(p.t, err)
	require.LessOrEqual(p.t, p.asked.Load(), int64(MaxRequests))
	return report
}

// bad lists what is not good, by id.
func bad(r *Report) map[string]Result {
	found := map[string]Result{}
	for _, s := range r.Sections {
		for _, f := range s.Checks {
			if f.Result != Good && f.Result != Skipped {
				found[f.ID] = f.Result
			}
		}
	}
	return found
}

// text is the report as it is printed.
func text(r *Report) string {
	var b bytes.Buffer
	w := NewText(&b, false)
	for _, s := range r.Sections {
		w.Section(s)
	}
	_ = w.End(r)
	return b.String()
}

// rewritten changes the requests' bodies before the API reads them, and its answers' bodies.
func rewritten(request, answer func(map[string]any)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = io.NopCloser(bytes.NewReader(edited(r.Body, request)))
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			body := edited(rec.Body, answer)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(rec.Code)
			_, _ = w.Write(body)
		})
	}
}

func edited(r io.Reader, edit func(map[string]any)) []byte {
	body, _ := io.ReadAll(r)
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if edit == nil || d.Decode(&m) != nil {
		return body
	}
	edit(m)
	body, _ = json.Marshal(m)
	return body
}

// eachRecord edits every record of an answer.
func eachRecord(edit func(map[string]any)) func(map[string]any) {
	return func(m map[string]any) {
		data, _ := m["data"].(map[string]any)
		records, _ := data["records"].([]any)
		for _, r := range records {
			edit(r.(map[string]any))
		}
	}
}

// always answers every request in one way.
func always(answer func(http.ResponseWriter)) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) })
	}
}
