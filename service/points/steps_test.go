//go:build !race

package points

// databaseSteps is the length of a random sequence on the database.
const databaseSteps = 50
