package check

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// TestRanks: of ten countries the eight with the most calls have a line, under their rank.
func TestRanks(t *testing.T) {
	got := map[string]string{}
	for _, s := range panelOfCountries(t, "ASR by country (sliding hour)") {
		got[s.Metric.Get("name")] = s.Metric.Get("rank")
	}
	want := map[string]string{}
	for rank := 1; rank <= 8; rank++ {
		want[fmt.Sprint("Country ", 10-rank)] = fmt.Sprint(rank)
	}
	if !maps.Equal(got, want) {
		t.Errorf("ranks are %v, want %v", got, want)
	}
}

// TestKinds: SIP codes that say much the same are one area, codes that no kind has are others, and nothing is counted twice.
func TestKinds(t *testing.T) {
	got := map[string]string{}
	for _, s := range panelOfCountries(t, "SIP codes") {
		got[s.Metric.Get("kind")] = fmt.Sprintf("%.0f", s.Floats[len(s.Floats)-1].F)
	}
	want := map[string]string{"200 answered": "45", "408, 480 not reached": "2", "5xx network failed": "2", "other": "1"}
	if !maps.Equal(got, want) {
		t.Errorf("kinds a minute are %v, want %v", got, want)
	}
}

// panelOfCountries is what the first expression of a panel of the countries' dashboard gives over two hours in which country n has n calls a minute.
func panelOfCountries(t *testing.T, title string) promql.Matrix {
	t.Helper()
	db, engine := openTSDB(t)
	app := db.Appender(context.Background())
	add := func(minute int, value float64, name string, more ...string) {
		l := labels.FromStrings(append([]string{model.MetricNameLabel, name, "account", "main", "call_type", "outgoing"}, more...)...)
		if _, err := app.Append(0, l, firstDay().Add(time.Duration(minute)*time.Minute).UnixMilli(), value); err != nil {
			t.Fatal(err)
		}
	}
	for minute := range 121 {
		for n := range 10 {
			country := fmt.Sprint("C", n)
			add(minute, float64(n*minute), "itnio_calls_total", "agent_group", "Sales", "country", country, "outcome", "answered")
			add(minute, float64(n*minute), "itnio_call_sip_responses_total", "country", country, "code", "200")
			add(minute, 1, "itnio_country_info", "country", country, "name", fmt.Sprint("Country ", n))
		}
		for _, code := range []string{"408", "480", "500", "503", "499"} {
			add(minute, float64(minute), "itnio_call_sip_responses_total", "country", "C1", "code", code)
		}
		add(minute, 7, "itnio_call_sip_responses_total", "country", "C1", "code", "603") // none in the range
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, p := range allDashboards(t)["countries.json"].Panels {
		if p.Title != title {
			continue
		}
		expr := Fill(p.Targets[0].Expr, map[string]string{"__rate_interval": "5m", "__range": "1h"})
		query, err := engine.NewRangeQuery(context.Background(), db, nil, expr, firstDay().Add(time.Hour), firstDay().Add(2*time.Hour), 5*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		defer query.Close()
		lines, err := query.Exec(context.Background()).Matrix()
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	t.Fatalf("there is no panel %q", title)
	return nil
}
