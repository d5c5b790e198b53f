package check

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
	"itnio_exporter/config"
)

// kind is the values that a finished call gives to all labels but agent group and country.
type kind map[string]string

// kinds are the label values of a centre with outgoing and incoming calls and without a dialler.
func kinds() []kind {
	var all []kind
	for _, k := range []struct{ callType, outcome, reason, party, codes string }{
		{"outgoing", "answered", "outgoing_hung_up", "customer agent", "200"},
		{"outgoing", "no_answer", "outgoing_not_answered", "none", "480 487"},
		{"outgoing", "busy", "busy", "none", "486"},
		{"outgoing", "failed", "call_failed", "none", "503"},
		{"outgoing", "no_service", "no_service", "none", "404"},
		{"outgoing", "unreachable", "out_of_service_area", "none", "480"},
		{"incoming", "answered", "incoming_hung_up", "customer agent", "200"},
		{"incoming", "no_answer", "incoming_not_answered", "none", "487"},
	} {
		for _, party := range strings.Fields(k.party) {
			for _, code := range strings.Fields(k.codes) {
				all = append(all, kind{
					"call_type": k.callType, "outcome": k.outcome, "hangup_reason": k.reason, "hangup_party": party, "code": code,
					"answered": fmt.Sprint(k.outcome == "answered"),
				})
			}
		}
	}
	return all
}

// labelSets is how many label sets a family has if every group calls, and is called from, every country.
func labelSets(f families.Family, groups, countries, limit int) int {
	seen := map[string]bool{}
	n := 1
	for _, k := range kinds() {
		if f.Name == "itnio_call_duration_seconds" && k["answered"] != "true" {
			continue // talk time
		}
		key := ""
		for _, l := range f.Labels {
			key += k[l] + "|"
		}
		seen[key] = true
	}
	if slices.Contains(f.Labels, families.LabelAgentGroup) {
		n *= groups
	}
	if slices.Contains(f.Labels, families.LabelCountry) {
		n *= countries
	}
	return min(len(seen)*n, limit)
}

func sizingTable(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(path, []byte("accounts: [{name: a, base_url: 'https://example.org', api_key: k, api_secret: s}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(path, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	valid, err := loaded.Validate()
	if err != nil {
		t.Fatal(err)
	}
	m := valid.Metrics()
	columns := []string{"itnio_calls_total", "itnio_call_duration_seconds", "itnio_call_ring_duration_seconds", "itnio_call_sip_responses_total"}
	var b strings.Builder
	b.WriteString("| agent groups × countries | calls | talk histogram | ring histogram | SIP codes | others | all | `sample_limit` |\n|---|---|---|---|---|---|---|---|\n")
	for _, groups := range []int{5, 50, 500} {
		for _, countries := range []int{10, 50, 200} {
			cells, rest, all := make([]int, len(columns)), 0, 0
			for _, f := range families.New(m).Families {
				n := labelSets(f, groups, countries, m.Limits.Series)
				if f.Type == series.Histogram {
					n *= len(f.Bounds) + 3 // +Inf, _sum, _count
				}
				all += n
				if i := slices.Index(columns, f.Name); i >= 0 {
					cells[i] = n
				} else {
					rest += n
				}
			}
			fmt.Fprintf(&b, "| %d × %d | %d | %d | %d | %d | %d | %d | %d |\n", groups, countries, cells[0], cells[1], cells[2], cells[3], rest, all, (all*3/2/1000+1)*1000)
		}
	}
	return b.String()
}

// TestSizingIsUpToDate: the table in docs/sizing.md is what the metric model gives.
func TestSizingIsUpToDate(t *testing.T) {
	const file = "../../docs/sizing.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), "| agent groups × countries |")
	if !ok {
		t.Fatalf("%s has no table", file)
	}
	_, after, ok := strings.Cut(rest, "\n\n")
	if !ok {
		t.Fatalf("%s ends with its table", file)
	}
	want := before + sizingTable(t) + "\n" + after
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s is not up to date (UPDATE=1 go test -run Sizing .):\n%s", file, sizingTable(t))
	}
}
