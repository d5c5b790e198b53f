// Package e2e tests the exporter as its users run it: the real binary as a process, real HTTP to a simulated API, and,
// where there is one, a real Prometheus. The expected values are computed here from the simulated calls and the
// documents, with none of the exporter's code.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"itnio_exporter/e2e/process"
)

// binaryVariable is the environment variable that names the exporter to test. Without it the tests build one.
const binaryVariable = "ITNIO_EXPORTER_E2E_BINARY"

//nolint:gochecknoglobals // flags of tests are
var (
	proof  = flag.Bool("proof", false, "run the long proofs")
	update = flag.Bool("update", false, "rewrite the golden files")
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // of the tests, which parse many pages, not of the exporter
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("32") // tests spend most of their time waiting
	}
	if _, err := findPrometheus(); err != nil {
		// go test shows this with -v, without package arguments, and when a test fails.
		fmt.Fprintln(os.Stderr, "skipping the tests with a real Prometheus:", err)
	}
	status, err := withBinary(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// withBinary builds the exporter, runs the tests and removes the binary.
func withBinary(run func() int) (int, error) {
	if os.Getenv(binaryVariable) != "" {
		return run(), nil
	}
	dir, err := os.MkdirTemp("", "itnio_exporter-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "itnio_exporter.exe") // Windows requires the suffix, others ignore it
	args := []string{"build", "-ldflags=-w", "-o", binary}
	if process.Racing {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "itnio_exporter")...).CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the exporter: %w\n%s", err, out)
	}
	if err := os.Setenv(binaryVariable, binary); err != nil {
		return 1, err
	}
	return run(), nil
}

// scale picks a value by how long the tests may take: with -short, by default, with -proof.
func scale[T any](short, usual, long T) T {
	switch {
	case *proof:
		return long
	case testing.Short():
		return short
	}
	return usual
}

// skipUnderRaceDetector skips a test whose point is exact numbers: it is slow under the race detector and finds no more there.
func skipUnderRaceDetector(t *testing.T) {
	t.Helper()
	if process.Racing {
		t.Skip("runs without the race detector")
	}
}
