//go:build !race

package messages_test

// propertyRounds is how many cases a property test looks at.
const propertyRounds = "100"
