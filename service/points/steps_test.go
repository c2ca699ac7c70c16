//go:build !race

package points

// databaseSteps is the length of a random sequence on the database.
const databaseSteps = 50

// memorySteps is the length of a random sequence in memory.
const memorySteps = 1001

// SweepMembers is the size of the expiry that is killed: some batches of the sweep.
const SweepMembers = 1200
