//go:build !race

package process

// Racing is whether tests run with the race detector.
const Racing = false
