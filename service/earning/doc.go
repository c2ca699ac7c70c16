// Package earning says how many points an order or an action is worth, and why.
//
// It owns: the shop's rules of earning, which of them fired for which entry, what actions (check-in, survey, review, birthday)
// are worth, and who was rewarded for them. It does not own the ledger (points), nor orders: orders asks ForOrderTx, earns the
// points, and hands the entry back to FiredTx.
//
// # What an order earns
//
//   - Only orders of kind goods earn. What counts is the money paid for goods: freight, discounts and the part that a coupon paid are
//     left out, as are the SKUs and categories that the shop excludes. A discount lies on the lines in proportion to their money.
//   - Per line: money x ratio x tier x paid card x campaigns. All lines are added up exactly, bonuses join, caps cut, and only then is the
//     sum rounded down, once. Nothing is nothing: an order that is worth zero points writes no entry.
//   - The ratio is that of the base rule of highest priority that fits the line, and the shop's own ratio where none fits.
//   - Of the rules of one group the one of highest priority that fits a line fires for it; rules without a group all fire. A bonus
//     fires once per order, when it has won on a line.
//   - A rule fits by window, weekday and hour of the payment, by tier, by first order, by SKU or category (a category stands for those
//     below it, "tea" for "tea/green"), and by the least money that the goods it is about must come to.
//   - Two active rules that could fire at one moment for one line in one group must differ in priority; a rule that would not
//     is refused when it is switched on. So the outcome never hangs on which was edited last (rules.md b1).
//   - A rule's own caps cut what it adds; the shop's caps cut the whole, per order and per member and business day. The day of an order
//     is that of its payment. Points that were clawed back do not make room under a cap again.
//   - What is written down of an order is every step with its points, in the order of the formula; they add up to the entry. Points of a
//     step are the difference of the running sums, each rounded down, so no fraction is lost or made.
//   - A rule that was ever active is never edited, so that what is written down stays explained: end it and make another.
//
// # What an action earns
//
//   - One door, Action: the same member, action and key are rewarded once, for ever. Limits per day and year hold across keys.
//   - A check-in is one per member and business day, held by a unique key. Days in a row climb the ladder, after its top from the
//     bottom again; a day left out begins anew.
//   - There is no action for following, sharing, forwarding or inviting to follow, and must not be: WeChat forbids rewards for them.
package earning
