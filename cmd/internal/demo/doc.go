// Package demo makes a whole shop on one machine: an embedded database filled from an invented shop, a simulated WeChat in the same
// process, and the accounts with which people look around.
//
// It owns: how the invented shop (package demoshop) is put into the services, and the demo's lifecycle. It does not own the shop's
// figures (demoshop) nor any rule of the services, which it uses like everybody else.
package demo
