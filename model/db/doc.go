// Package db opens MySQL or SQLite and gives the services one way to use them.
//
// It owns: the unit of work (Do, Read, Snapshot), bounded retry of what a database asks to be tried again,
// migrations, the checks of what durability rests on, keyset pages, idempotency records, and the grouping of concurrent
// commands on one hot row (Group). It does not know a single business word.
//
// # The unit of work
//
// One business action is one transaction. The exported command of a service calls Do; its Tx twin takes the *Tx.
// A Tx carries the one clock reading of the action. Do runs the whole closure again, at most 5 times, when the
// database reports a deadlock (1213), a lock wait (1205, which rolls back only its statement and therefore must never
// be swallowed), a changed snapshot (1020) or a busy file; so a closure must not have effects outside the
// database. A connection lost during COMMIT leaves the outcome unknown: Do then returns ErrUnknownOutcome, and the
// caller's idempotency key tells at the next try what happened.
package db
