// Package points keeps the ledger of loyalty points.
//
// It owns earning, spending, holding, giving back and expiring, the balance and the statement. It does not decide
// who deserves points or what they buy: orders, the mall and campaigns ask for it and bring a Source.
//
// # The ledger
//
// An entry is one immutable line of one member, numbered without gaps. Its Source and Reason are unique for ever, so that one
// business fact moves points once, however often it is told: the repetition returns the entry already written, and the same
// Source with another amount or member is refused. A mistake is corrected by a further entry.
//
// An earning entry makes a lot, whose points become active together (at once, or at ActiveFrom) and expire together (at
// ExpiresAt, or never). Every other entry has consumption links: from which lot it took how much, or gave back. Spending takes
// the lot that expires soonest first, then the oldest; what is given back goes to the very same lots with their own
// end. When that end has passed meanwhile, the points come back and expire in the same transaction, with an entry for each, unless
// the return gives days of grace.
//
// Whether a lot can be spent is judged at the instant of the action, not by a job: before a command reads an account, every
// lot of it that is due becomes active or expires (settling). The job does the same for members who do nothing.
//
// Points that an order gave can be pending until a given instant or until the order is completed; the end of their life is counted
// from when they become active (model.ExpiryRule).
//
// # Returned orders
//
// A clawback takes back what an order gave, in the proportion that is returned: first from the lot that the order made, then, as its
// policy says, not at all, from active points as far as they go, or beyond them as a debt. Points that are still pending of other
// orders are never taken. A debt is written as an advance, which makes a lot that the clawback empties at once, so that no balance goes
// below zero. Points that become active, by whatever way, pay the debt before anything else, with an entry.
//
// # Merged accounts
//
// Merging moves every lot, with its own beginning and end, and the debt by pairs of entries with one Source, which returns, clawbacks and
// completions of older business follow. Nothing is earned in an account that went into another one. A split moves back what remains of
// the lots that came over and what is left of their debt; what was spent in between stays spent, and what was earned in between stays.
//
// # The cache
//
// The account is a cache: active and pending points, held points, totals. It changes in the transaction of the entry,
// under the lock of its row, by an UPDATE that repeats what it was decided on in its WHERE clause. Accounts are locked in the
// order of member ids, before anything else.
//
// For every account, at every instant:
//
//	active + pending = sum of all entries = earned - spent - expired - held + debt
//	debt             = advances - their payments, and active = 0 while there is one
//	active           = sum of what remains in active lots; pending likewise
//	remaining        = granted - sum of the links of that lot
package points
