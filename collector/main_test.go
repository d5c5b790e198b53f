package collector

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain collects garbage less often: simulated hours make much of it that lives for a moment, and memory is not short.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
