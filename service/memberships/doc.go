// Package memberships sells the paid membership card and knows who is a member until when.
//
// It owns: plans, purchases of plans, periods of membership, what each benefit gave in each cycle, and what the card
// really saved. It does not own money (payments), coupons or points: it asks coupons for the coupons of a cycle, and orders ask
// it for the points multiplier.
//
// # Rules
//
//   - A membership is a set of periods, half-open spans of the shop's days; the live periods of one member never overlap. The
//     day of purchase is the first day.
//   - A new period begins at the later of today and the end of the latest live period. So an early renewal loses no day, a
//     late one does not begin in the past, and a short purchase never shortens a long one.
//   - Months are calendar months. The ends of a chain of months return to the day of the month on which the chain began: 31
//     January -> 28 February -> 31 March. A month is never 30 days.
//   - The price is the plan's at the time of the order. A plan's terms never change; a better offer is a new plan.
//   - Activation is a step of its own, keyed by the payment: whatever repeats or races, one payment adds time once (T37).
//   - A lifetime has no end, so nothing can follow it. A payment that was under way when another one became a lifetime cannot be
//     delivered and goes back.
//   - Days can be given (GrantDaysTx) by whoever has a source for it, the points mall for one. They are a period like others, laid
//     after the last one, with a plan's multiplier and member price but without its coupons.
//   - Benefits with a cycle are granted once per (period, benefit, cycle). A cycle is a month of the period. What could not be
//     given when its cycle ended lapses.
//   - "Saved so far" is the sum of differences that were logged when they happened, never an estimate.
//
// The sources are rules.md b5 of the design notes and the complaints listed there.
package memberships
