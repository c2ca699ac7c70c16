// Package memberships sells the paid membership card and knows who is a member until when.
//
// It owns: plans, purchases of plans, codes that give a period, periods of membership, what each benefit gave, what the card really saved, and
// what goes back when a card is returned. It does not own money (payments), coupons or points: it asks those who do. Orders ask it for rates and
// tell it what a card took off; coupons and the mall ask it who may come sooner.
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
//   - A trial is one for a person, whichever of his accounts he comes with: account, unionid and phone number are each remembered, as hashes.
//     A second one that was paid all the same goes back. A plan may bound how many of its periods somebody has from today on; that is judged at
//     the purchase, and what was paid lawfully is given.
//   - What a plan gives decides how it may be paid (rules_channel.go): goods and services outside of the phone through WeChat Pay, rights that exist
//     online only through WeChat's virtual payment. The wrong channel is refused, with the platform's rule.
//   - Benefits with a cycle are granted once per (period, benefit, cycle). A cycle is a month of the period. What could not be
//     given when its cycle ended lapses. Free freight is used up one by one within its cycle, a birthday's gift comes once a year from the card of
//     the day and is caught up for a week.
//   - "Saved so far" is the sum of differences that were logged when they happened, once for each source, never an estimate: the member price
//     and the freight that orders tell of, discounts of coupons that the card gave, the worth of points that came on top. Refunds of orders take
//     them back in proportion to the goods' money. The estimate before buying is called one.
//   - A code is 80 random bits and a check character, kept as a hash, shown once, and gives one period. Wrong codes are counted before they are
//     looked up.
//   - Reminders come 30, 7 and 1 days before the last period ends and 3 days after, each once; a late run sends the nearest only. Days of grace keep
//     the member price and give nothing new.
//
// # Refunds
//
//   - What goes back is price x unused days / all days, rounded down, less what the card saved; today counts as used, a lifetime as ten
//     years. By a plan's policy of whole refunds all days count as unused. It is never more than
//     what other refunds left of the payment. Asked once, the figures are frozen.
//   - Until WeChat says that the payer has the money, the card holds and gives nothing new. A refund that never succeeds changes nothing;
//     one that staff closed at payments lets another be asked for.
//   - Then, in one transaction: the period ends with that day, or counts no more when its whole price is back or it has not begun; those
//     that have not begun are laid anew after it by the rules of purchases, so that there is no gap; what the card gave of points goes back
//     in proportion to the money; the member is told. Unused coupons of the card are taken back in reaction to the fact, which waits for those that an
//     order holds. Every move keeps its before and after.
//   - Money that somebody gave back elsewhere changes the card only when nothing of its price is left. What the plan does not promise, one of the
//     staff gives up to the limit of a day that payments counts for all refunds; beyond it a second person decides there (threat T11).
//
// The sources are rules.md b5 of the design notes and the complaints listed there.
package memberships
