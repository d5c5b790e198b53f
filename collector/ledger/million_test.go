package ledger

import (
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/exposition"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
	"itnio_exporter/enum"
)

//nolint:gochecknoglobals // a flag of the test binary
var proof = flag.Bool("proof", false, "run the long proofs")

// A million calls (30,000 without -proof) over 500 groups and 100 countries: with the default limits every family's totals are exact, none has
// more label sets than it may, and what was folded is counted.
func TestMillionCalls(t *testing.T) {
	const groups, countries = 500, 100
	calls := 30_000
	switch {
	case *proof:
		calls = 1_000_000
	case testing.Short():
		t.Skip("runs without -short")
	}
	m := withEverything()
	tl := newTestLedger(t, withModel(m))
	tl.establish()
	want := map[string]float64{}
	overflow := map[string]int{}
	group := make([]string, groups)
	for i := range group {
		group[i] = fmt.Sprintf("group %03d", i)
	}
	batch := Batch{Account: tl.account, Server: start(), Items: make([]Item, 0, 10_000)}
	for i := range uint64(calls) {
		n := i * 0x9E3779B97F4A7C15 >> 20 // spread
		reason := enum.Reason(n / 50000 % 10)
		c := call.Call{
			Key: 1 + i, Session: 1 << 40 * (1 + i%1000), End: start().Add(time.Minute), Type: enum.CallType(1 + n/500000%3),
			Reason: reason, Outcome: reason.Outcome(), Party: enum.Party(1 + n/7%3), Group: group[n%groups],
			Country: string([]byte{'A' + byte(n/groups%countries/10), 'A' + byte(n/groups%countries%10)}), CallingCode: "1", VoiceGroupID: fmt.Sprint(n % groups),
			Agent: fmt.Sprint("agent ", n%900), SIPCode: fmt.Sprint(400 + n%100), Media: "none", Talk: int64(n % 700), Ring: int64(n % 60),
		}
		if i%10 == 0 {
			c.Tags = []string{fmt.Sprint("tag ", n%150)}
			want["itnio_call_tags_total"]++
		}
		batch.Items = append(batch.Items, Item{Call: c})
		for _, name := range []string{"itnio_calls_total", "itnio_call_ring_duration_seconds", "itnio_call_sip_responses_total", "itnio_agent_calls_total", "itnio_call_media_detected_total"} {
			want[name]++
		}
		want["itnio_agent_ring_seconds_total"] += float64(c.Ring)
		want["itnio_call_ring_duration_seconds sum"] += float64(c.Ring)
		if c.Answered() {
			want["itnio_call_duration_seconds"]++
			want["itnio_call_duration_seconds sum"] += float64(c.Talk)
			want["itnio_agent_talk_seconds_total"] += float64(c.Talk)
		}
		if len(batch.Items) == cap(batch.Items) {
			report, err := tl.Commit(&batch)
			require.NoError(t, err)
			require.Equal(t, len(batch.Items), report.Count(Counted))
			for label, n := range report.Overflow {
				overflow[label] += n
			}
			batch.Items = batch.Items[:0]
		}
	}

	got := map[string]float64{}
	all, _ := tl.Exposition()
	labelSets := 0
	for _, f := range all {
		require.LessOrEqual(t, len(f.Metrics), m.Limits.Series, f.Name)
		labelSets += len(f.Metrics)
		t.Logf("%-40s %6d label sets", f.Name, len(f.Metrics))
		for _, s := range f.Metrics {
			switch f.Type {
			case series.Histogram:
				got[f.Name] += float64(s.Hist.Count)
				got[f.Name+" sum"] += s.Hist.Sum
			case series.Counter:
				got[f.Name] += s.Value
			}
		}
	}
	require.Equal(t, want, got)
	t.Log("overflow: ", overflow)
	for _, label := range []string{families.LabelAgentGroup, families.LabelCountry, families.LabelAgent, families.LabelTag} {
		require.Positive(t, overflow[label], label)
	}
	require.GreaterOrEqual(t, overflow[families.LabelAgentGroup], calls*(groups-m.Limits.AgentGroup)/groups*99/100)

	text, zipped := expositionSize(t, tl.Ledger)
	t.Logf("%d label sets, %.1f MB as text, %.2f MB compressed, ledger %.1f MB", labelSets, float64(text)/1e6, float64(zipped)/1e6, float64(tl.Stats().SizeBytes)/1e6)
	crashed := tl.crash()
	require.Equal(t, exposed(tl.Ledger), exposed(crashed.Ledger))
}

// expositionSize is the size of the whole exposition, plain and compressed.
func expositionSize(t *testing.T, l *Ledger) (plain, zipped int64) {
	t.Helper()
	h, err := exposition.NewHandler(l, prometheus.NewRegistry(), exposition.Options{})
	require.NoError(t, err)
	for accept, size := range map[string]*int64{"identity": &plain, "gzip": &zipped} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		n, err := io.Copy(io.Discard, w.Result().Body)
		require.NoError(t, err)
		*size = n
	}
	return plain, zipped
}
