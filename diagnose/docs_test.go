package diagnose

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every check has its place on the page that findings lead to, in the same section and order.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/doctor.md")
	require.NoError(t, err)
	var documented []string
	for _, m := range regexp.MustCompile(`(?m)^###? ([a-z-]+)$`).FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, m[1])
	}
	checks := []string{"configuration", "config-file", "config-keys", "config-settings"}
	for _, s := range sections() {
		checks = append(checks, s.name)
		for _, c := range s.checks {
			checks = append(checks, c.id)
		}
	}
	checks = append(checks, "prometheus")
	for _, c := range prometheusChecks() {
		checks = append(checks, c.id)
	}
	require.Equal(t, checks, documented)
}

// The JSON has the fields that are documented.
func TestJSON(t *testing.T) {
	f := wrong("a", "b", "c")
	f.ID, f.Title, f.Docs = "clock-skew", "T", "docs/doctor.md#clock-skew"
	g := good("d")
	g.ID, g.Title, g.Docs = "clock-calls", "U", "docs/doctor.md#clock-calls"
	r := Report{Version: FormatVersion, Exporter: "1.0.0", Sections: []Section{{"clock", "accounts[0]", []Finding{f, g}}}, Requests: map[string]int{"accounts[0]": 3}}
	r.judge()
	b, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"version":1,"exporter":"1.0.0","result":"wrong","sections":[{"name":"clock","account":"accounts[0]","checks":[
		{"id":"clock-skew","title":"T","result":"wrong","seen":"a","means":"b","do":"c","docs":"docs/doctor.md#clock-skew"},
		{"id":"clock-calls","title":"U","result":"good","seen":"d","docs":"docs/doctor.md#clock-calls"}]}],"requests":{"accounts[0]":3}}`, string(b))
}
