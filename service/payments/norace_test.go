//go:build !race

package payments_test

// stormOrders is the number of orders in TestT14.
const stormOrders = 1000
