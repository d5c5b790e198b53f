package e2e

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// pages is a minimal server of hand-written records. Its clock starts on the day of the vendor's sample.
type pages struct {
	records []json.RawMessage
	starts  []time.Time
	began   time.Time
}

// sampleDay is the server's time at the start of the test.
func sampleDay() time.Time { return time.Date(2025, 1, 3, 9, 0, 0, 0, time.UTC) }

func loadPages(t *testing.T) *pages {
	t.Helper()
	files, err := filepath.Glob("testdata/records/*.json")
	require.NoError(t, err)
	require.Len(t, files, 3)
	p := &pages{began: time.Now()}
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		var page struct {
			Data struct{ Records []json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(text, &page), f)
		require.NotEmpty(t, page.Data.Records, f)
		p.records = append(p.records, page.Data.Records...)
	}
	slices.Reverse(p.records) // newest first
	for _, r := range p.records {
		var times struct{ CallStartTime string }
		require.NoError(t, json.Unmarshal(r, &times))
		p.starts = append(p.starts, parseTime(times.CallStartTime))
	}
	return p
}

// parseTime reads either format; zero: neither.
func parseTime(s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		at, _ = time.ParseInLocation(time.DateTime, s, time.FixedZone("", 8*3600))
	}
	return at
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Current, Size int
		Params        struct{ StartTime, EndTime string }
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != "/v3/cc/record/query" {
		http.Error(w, "not a record query", http.StatusBadRequest)
		return
	}
	w.Header().Set("Date", sampleDay().Add(time.Since(p.began)).Format(http.TimeFormat))
	from, to := parseTime(q.Params.StartTime), parseTime(q.Params.EndTime)
	var found []json.RawMessage
	for i, at := range p.starts {
		if !at.Before(from) && !at.After(to) {
			found = append(found, p.records[i])
		}
	}
	const size = 7 // whatever size was asked for, so that there are several pages
	first := min(len(found), (q.Current-1)*size)
	// json.Marshal of the records would replace the invalid UTF-8.
	var b strings.Builder
	head, err := json.Marshal(map[string]any{"total": len(found), "size": size, "current": q.Current, "pages": (len(found) + size - 1) / size})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b.WriteString(`{"status":0,"reason":"success","data":` + strings.TrimSuffix(string(head), "}") + `,"records":[`)
	for i, rec := range found[first:min(len(found), first+size)] {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(rec)
	}
	b.WriteString("]}}")
	_, _ = w.Write([]byte(b.String()))
}

// timeless keeps the lines of the families that do not depend on the time and number of polls and scrapes.
func timeless(page string) string {
	kept := regexp.MustCompile(`^(# (HELP|TYPE|UNIT) )?(itnio_(calls?[_ ]|last_call_|country_info|agent_|account_info|up)|itnio_exporter_record_anomalies)`)
	var b strings.Builder
	for line := range strings.Lines(page) {
		if kept.MatchString(line) && !strings.Contains(line, `kind="page_size_imposed"`) { // once for each answer
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestGolden: hand-written records give the golden pages, byte by byte.
func TestGolden(t *testing.T) {
	t.Parallel()
	a := handlerAPI(t, loadPages(t), "bDqJFiq9", "7bz1lzh9")
	s := newSetup(t, a, "poll_interval: 1s, zero_first: 0s, initial_history: 12h", ", rate_limit: 100",
		"agents: name, tags: true, media: true, exemplars: true")
	e := s.start()
	process.Eventually(t, "the audit of the horizon", func() bool {
		page := e.all()
		return page[`itnio_exporter_complete_until_timestamp_seconds{account="main"}`] > 0 && page.sum("itnio_calls_total") > 0
	})

	for _, f := range []struct{ file, accept string }{
		{"golden.txt", "text/plain;version=0.0.4"},
		{"golden.openmetrics.txt", "application/openmetrics-text;version=1.0.0"},
	} {
		status, page, err := e.get("/metrics", http.Header{"Accept": {f.accept}})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, strings.Contains(f.accept, "openmetrics"), strings.HasSuffix(page, "\n# EOF\n"))
		have, path := timeless(page), filepath.Join("testdata", f.file)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(have), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), have, "if the change is intended: go test ./e2e -run TestGolden -update")
	}
	lint(t, e.page())
}

// lint applies the rules of promtool check metrics to a whole page, the exporter's own metrics included.
func lint(t *testing.T, page string) {
	t.Helper()
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	require.NoError(t, err)
	slices.SortFunc(problems, func(a, b promlint.Problem) int { return cmp.Compare(a.Metric, b.Metric) })
	require.Empty(t, problems)
}
