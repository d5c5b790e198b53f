//go:build !race

package cli

// racing is whether tests run with the race detector.
const racing = false
