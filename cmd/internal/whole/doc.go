// Package whole holds the tests of the whole program: everything that runs, on a real database, behind real sockets, with a
// simulated WeChat on the other side.
//
// It owns: what must hold of the program and of no single room: the tour, the matrix of who may call what, bad input at every
// address, callbacks over HTTP, secrets that must not get out, stopping and being killed. It has no code but tests. A rule of one
// room is tested in that room.
package whole
