package reconcile

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain lets the property tests try fewer sequences than the library's default of 100, unless -rapid.checks says how many.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "30"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(m.Run())
}
