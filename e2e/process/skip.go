package process

import "testing"

// SkipShort skips a test with -short. .ci/run uses -short under the race detector, to which it matters little what a test compares and
// much what runs at the same time: the test runs there.
func SkipShort(t testing.TB) {
	t.Helper()
	if testing.Short() && !Racing {
		t.Skip("runs without -short, and under the race detector")
	}
}
