//go:build !race

package whole

const raceDetector = false
