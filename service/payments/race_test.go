//go:build race

package payments_test

// stormOrders is smaller under the race detector, which slows the embedded SQLite down tenfold; the interleavings that it
// looks for do not need the full number.
const stormOrders = 150
