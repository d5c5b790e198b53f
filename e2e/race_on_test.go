//go:build race

package e2e

// racing is whether tests run, and the exporter is built, with the race detector.
const racing = true
