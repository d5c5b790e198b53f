package reconcile

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
)

// TestMain lets the property tests try fewer sequences than the library's default of 100, unless -rapid.checks says how many.
func TestMain(m *testing.M) {
	checks := "20"
	if slices.Contains(os.Args[1:], "-test.short=true") {
		checks = "5"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(m.Run())
}
