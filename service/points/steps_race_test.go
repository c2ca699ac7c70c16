//go:build race

package points

// databaseSteps is shorter here: SQLite is Go code too, and thirty times slower under the race detector. One goroutine
// runs these sequences; what the detector is for is in race_test.go.
const databaseSteps = 5

// memorySteps is the length of a random sequence in memory.
const memorySteps = 50

// SweepMembers is the size of the expiry that is killed: some batches of the sweep.
const SweepMembers = 450
