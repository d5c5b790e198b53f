package reconcile

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
)

// TestMain lets the property tests try fewer sequences than the library's default of 100, and the same ones in each run, so that a
// failure is one of the change. -rapid.checks says how many instead, and -rapid.seed which ones: 0 is other ones each time.
func TestMain(m *testing.M) {
	checks := "20"
	if slices.Contains(os.Args[1:], "-test.short=true") {
		checks = "5"
	}
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.seed": "1"} {
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}
