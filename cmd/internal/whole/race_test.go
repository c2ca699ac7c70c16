//go:build race

package whole

// raceDetector tells that everything takes ten times as long.
const raceDetector = true
