package check

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

//nolint:gochecknoglobals // a flag of the test binary
var update = flag.Bool("update", false, "write deploy/kubernetes")

const plainDir = "../kubernetes/"

// TestPlainManifests compares deploy/kubernetes with what the chart makes. Rules and dashboards are not in it: kubectl makes ConfigMaps of the files
// themselves (docs/kubernetes.md).
func TestPlainManifests(t *testing.T) {
	r, err := render(loadChart(t), release{name: "itnio-exporter", namespace: "monitoring", values: readYAML(t, plainDir+"values.yaml")})
	require.NoError(t, err)
	want := map[string]*bytes.Buffer{}
	for _, m := range r.manifests {
		file := "exporter.yaml"
		if m.template == "servicemonitor.yaml" {
			file = "servicemonitor.yaml" // needs the operator's definitions
		}
		b, ok := want[file]
		if !ok {
			b = bytes.NewBufferString("# Made from deploy/helm and values.yaml: make manifests.\n")
			want[file] = b
		}
		b.WriteString("---\n")
		b.Write(m.text)
	}
	require.Len(t, want, 2)
	for file, b := range want {
		require.NotContains(t, b.String(), "Helm")
		if *update {
			require.NoError(t, os.WriteFile(plainDir+file, b.Bytes(), 0o644))
		}
		have, err := os.ReadFile(plainDir + file)
		require.NoError(t, err)
		require.Equal(t, b.String(), string(have), "run: make manifests")
	}
}
