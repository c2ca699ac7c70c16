// Package orders takes in the orders that were paid in the shop.
//
// It owns: one row per order of the shop's systems and of files of history, and what an order settles at once: the member it
// belongs to, the coupon it used, the points it earned, the member's figures. It does not own products, carts, stock,
// shipping or payment; the shop does. What may come a moment later (messages, visits, referral rewards) reacts
// to the fact Paid.
//
// # Rules
//
//   - An order is known by (source, number). The same content again gives the first result; other content under the same number
//     is refused. Which references named the member does not count as content, who he is does.
//   - goods + freight - discount = paid, in whole fen, none negative; where lines are given they add up to the goods.
//   - A paid order is a fact. When the coupon that came with it cannot be used, the order is stored all the same, and why the
//     coupon was not used is kept and answered.
//   - A coupon takes off no more than the discount that the shop states, and is judged by the instant of payment: an
//     order that reaches us late has used a coupon that was good when it was paid. One that the shop locked for the order gets what
//     was promised then. Several coupons are used in the order in which the shop names them, as far as they go together.
//   - What the buyer's paid card took off is a part of the discount, and no coupon takes it once more; freight that it spared is in no sum.
//     Both are told to the card, which counts them as saved, once, and takes them back with refunds.
//   - A refund of the whole order does with its coupons what their policies say; a partial one leaves them used.
//   - Points are what the shop's rules of earning say (package earning). Only orders of kind goods earn points, count in the member's
//     figures and count for repurchase.
//   - Refunds are known by (source, refund number), and together never exceed what was paid. What a refund gives back is goods first, unless
//     the shop names the freight in it. Points go back in proportion to the goods' money, down to the last one with the last fen;
//     what happens when the member has spent them is the shop's policy. A wholly refunded order leaves the member's figures.
//   - History from files earns no points and makes no fact; it fills in the member's figures, and uses up the coupons that it tells of.
//   - Everything about one order happens in one transaction. Locks: member, order, points, coupon, tier, facts.
package orders
