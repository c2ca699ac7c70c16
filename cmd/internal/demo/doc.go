// Package demo makes a whole shop on one machine: an embedded database filled from an invented shop, a simulated WeChat in the same
// process, and the accounts with which people look around.
//
// It owns: how the invented shop (package demoshop) is put into the services, and the demo's lifecycle. It does not own the shop's
// figures (demoshop) nor any rule of the services, which it uses like everybody else.
//
// # Time travel
//
// The shop and its WeChat live by one Clock, which people move forward on the simulator's page; huitou serve has none. A journey stops
// at every instant at which something is due and runs it, so that thirty days play out as they would have, in their order. Only
// periodic tasks that come more often are gathered: they run once in a stretch of an hour at least, of three hours in a journey of
// thirty days, of twelve at most. Whoever signs requests to the shop by the time must ask the simulator's /_sim/clock for it.
package demo
