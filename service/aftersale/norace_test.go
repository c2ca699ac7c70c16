//go:build !race

package aftersale_test

const raceDetector = false
