// Command loadgen drives load against the real program on loopback, records every acknowledgement and checks the database
// afterwards: what was promised must be there, once, and nothing else.
//
// It owns: the load, the record of what the server answered, the comparison with the database, and the plain way of doing the
// same work as a yardstick. It does not own any rule; those are the services' (their invariants are checked too).
//
// Client, server and database share one machine, so the client is kept small: it writes its requests by hand on
// connections that stay open, and reads of an answer only what it records. Waiting times are kept one by one and sorted, not put
// into buckets.
package main
