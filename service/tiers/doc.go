// Package tiers keeps the free levels of members: earned by buying, kept by buying again.
//
// It owns the levels, the scheme by which they are earned and kept, where each member stands, and how he got there. It does
// not own the metric: orders and the points ledger sum it, and cmd hands their sums in. It does not give the gift of a
// level either: it records the fact Reached, and cmd lists who reacts.
//
// # The ladder
//
// Levels are ordered by their thresholds; the lowest has threshold 0 and everybody stands on it at least. One scheme holds for all:
// the metric (goods money net of refunds, or points earned), its window (the last 12 months, or the calendar year), for how
// many months a level is valid, and what happens at its end. Both metrics are sums of what was earned, never a balance:
// spending points demotes nobody (DivanteLtd/open-loyalty#131).
//
// Once there, a level only gets better: its threshold may fall, its multiplier rise, its texts and gift change. It
// cannot be deleted, because the history names it.
//
// # Up
//
// An order that lifts the metric to a threshold lifts the member in its own transaction, and starts a new time of validity. The
// order itself still earns points at the level before it. What lifts the metric by other ways (imported history, points
// for actions, a threshold that fell) counts at the next nightly evaluation.
//
// The first time that a member reaches a level by the metric is recorded once for ever, for each level that he passes, and so is
// the gift: going down and up again brings no second one. A level that staff gave brings none. Whoever adds
// gifts to a ladder that has members already gives them to those who reach the level afterwards.
//
// # Down
//
// Only the nightly evaluation moves down. A level is valid for the rest of the day on which it was earned and the scheme's months after it; in a
// calendar-year scheme the end is put off to the end of that year. At the end, the metric of the window before the end decides: the threshold
// met keeps the level for another time; else the member has the grace days, in which what he buys is added to that
// window; then the scheme says whether he keeps it, goes one step down, or to what the metric supports. From WarnDays
// before the end until the end of the grace, members who have not met the threshold yet get one message with what is missing.
//
// A refund lowers the metric at once and moves nobody at once. When what was refunded since takes away the very money that
// earned the level, the next evaluation takes the level, with the reason refund; a member who has bought
// enough otherwise keeps it.
//
// # By hand
//
// Staff may fix a level until a day, up or down. Until then no rule moves the member. Then the level is treated as one whose time
// is over.
//
// # Locks
//
// A member's row is locked after his account, order, points and coupons, and before facts and messages. The nightly evaluation
// locks its own row, then members in the order of their ids.
package tiers
