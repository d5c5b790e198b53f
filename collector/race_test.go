//go:build race

package collector

// raceDetector makes everything several times slower: simulations of days leave it to those of faults, which go the same ways.
const raceDetector = true
