//go:build race

package messages_test

// propertyRounds is how many cases a property test looks at: the race detector makes each ten times as slow, and finds its races in few.
const propertyRounds = "20"
