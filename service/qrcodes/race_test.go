//go:build race

package qrcodes_test

// raceDetector makes everything ten times slower; who looks for races needs fewer lives.
const raceDetector = true
