// Package tour plays one shopper's whole round against a running Huitou, over HTTP only, as the kinds of user would: a shopper in the
// mini-program, the shop's own system, a customer who follows the official account, and staff.
//
// It owns the round and what must be true after each step. It knows the public addresses and the simulator's control API and nothing
// of the program's inside, so that passing it means something.
package tour
