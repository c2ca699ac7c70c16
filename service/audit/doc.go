// Package audit keeps the staff trail and holds what must never be untrue.
//
// It owns: the append-only, hash-chained trail of what staff changed, and the type Invariant with the run over all of them
// (`huitou audit`). It does not own the invariants themselves: each capability states its own beside its tables.
//
// The trail's entries form one chain: each hash covers the entry and the hash before it, so a changed, removed or inserted
// row breaks the chain at a place that Verify names. Appending takes a lock on the chain's head, which is the last
// lock of a staff action; staff actions are rare, so this one row is no bottleneck.
package audit
