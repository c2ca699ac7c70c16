// Package coupons keeps coupon templates and the coupons made from them.
//
// It owns: templates and their states, the stock, the limit per member, claiming, issuing, and the life of a coupon until an
// order has used it up. It does not decide who deserves a coupon (staff, the mall, memberships ask for it), and
// it does not know what an order is beyond a reference and an amount.
//
// # Rules
//
//   - A template goes draft -> active <-> paused -> ended. Only an active one gives coupons. A paused or ended one gives none,
//     and the coupons already held stay usable.
//   - Members claim when the template is claimable and within its claim window. Staff and events issue when it is
//     issuable, whatever the claim window. Both take from one stock and fill the same limit per member, which is for life.
//   - The limit is held by slots: a coupon fills one ordinal 1 .. limit of its member, unique in the schema. Nothing is counted
//     first and inserted then (linlinjava/litemall#581).
//   - The stock is held by one conditional UPDATE of the template's counter, made last, so that the lock on this
//     hottest of rows is held shortest. When it falls short the earliest commands of the batch win.
//   - One cause gives one coupon: the source of a coupon is unique for ever. A claim's source is made from the client's
//     idempotency key, so the coupon itself is the record of the key, and its terms never change: a repeated
//     key gives the very same answer, also after the template is sold out or has ended.
//   - Terms are copied into the coupon when it is given. Names and texts are read from the template.
//   - A coupon goes issued -> locked -> redeemed, or back from locked to issued. Every move is a conditional UPDATE on the
//     expected state whose affected rows decide (macrozheng/mall#1003).
//   - Expiry is judged when a coupon is read or locked. Nothing depends on a sweep.
//   - Spans are half-open. "n days" means the rest of the day of issue and n whole business days after it.
//   - A discount is rounded down and never exceeds the value of the goods that it applies to.
package coupons
