//go:build race

package collector

// raceDetector is whether this build has the race detector.
const raceDetector = true
