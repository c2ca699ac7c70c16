// Package analytics answers how well customers come back. It reads only.
//
// It owns the definitions of the figures, and says with each figure for which days, in which zone and as of which instant it holds. It does
// not own orders (service/orders) or members, and no other package imports it but handlers and commands.
//
// # Which orders count
//
// An effective order is a purchase of goods that was paid and not wholly refunded. Orders for a membership or for points are not
// purchases. An order worth nothing (a zero-value order that was paid with a coupon, say) is one: the customer came back. A
// partly refunded order still counts. A window is half-open days in the shop's zone: [from 00:00, to 00:00).
//
// # The two repurchase rates
//
// They answer different questions and give different answers on the same data, so both are always shown, each by its name.
//
//   - User rate (用户复购率): of the customers who bought in the window, the share who bought twice or more in the window. Ten customers, five
//     of whom bought again: 50 %.
//   - Order rate (订单复购率): of the orders in the window, the share that was its customer's second or later in the window. A hundred trades,
//     twenty people bought a second time and ten of these a third time: 20 + 10 = 30 repeat orders, 30 %.
//
// "Second or later" is counted within the window, so repeat orders = orders − buyers. Counted over the customer's whole life the
// second example would depend on what happened before the window; it gives 30 % on its own only in this reading. What came
// before the window does not make an order a repeat order.
//
// A window without orders has the rate 0, never "not a number".
//
// # Numbers of a coupon
//
// Everything is counted from the rows of coupons and orders when it is asked for; an index holds all that is read of the coupons. A coupon that
// was passed on counts once, under the channel by which its first owner had it. Order value is what was paid less what was given back. A
// buyer is new when no effective order of his was paid before his first one with this coupon.
//
// # Points liability
//
// Outstanding are the points that members can spend now or later: what remains in lots whose end has not come, and what is held. They are
// told by the month of the last instant at which they can be spent. Their cost is outstanding x the shop's rate, rounded down
// once. Breakage is the points that ended unused, also those that the ledger's sweep has not reached yet.
package analytics
