//go:build !race

package qrcodes_test

const raceDetector = false
