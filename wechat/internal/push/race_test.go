//go:build race

package push

// raceDetector tells that everything takes ten times as long.
const raceDetector = true
