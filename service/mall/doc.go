// Package mall exchanges points, or points and money, for gifts.
//
// It owns gifts, their stock, pools of codes and limits, redemptions, and handing gifts out: at the counter, by a carrier, as a
// code, a coupon or days of membership. It does not own points (package points holds, takes and returns them), money (package
// payments), coupons, nor memberships and tiers (cmd hands in how days are given and who stands high enough).
//
// # Rules
//
//   - One redemption is one transaction: points are spent, the slots and the redemption are written, what is given at once is
//     given, and the stock is taken last by one conditional UPDATE whose affected rows decide.
//   - Shoppers of one gift share a transaction (db.Group). Each is decided for himself, in order of arrival; when the
//     stock ends within a batch the earliest get it.
//   - The limits per member, for life, per business day and per week from Monday, are kept by slot rows (gift, member, span,
//     ordinal), never by counting. A redemption that is taken back gives its slots back.
//   - The accounts of all members of a batch are locked first, in the order of their ids, so that nothing of one member is
//     decided twice at once, on any instance. Where days of membership are given, the members' own rows come before them.
//   - For every gift with a stock: stock = initial stock + moves by staff - redemptions that live.
//
// # States
//
//	awaiting_payment --(paid)--> confirmed --> picked_up | shipped --> completed | fulfilled
//	       |                         |
//	       |                         +--(staff)--> cancelled, or refunded when money was paid
//	       +--(time over, member, staff)--> cancelled
//
// Every move is a compare-and-set on the state, so of two at once exactly one takes place. Without a cash part a redemption begins
// as confirmed; a coupon or days are given at once, which makes it fulfilled.
//
// # Points and money
//
// With a cash part the points are held, and the stock and the slots taken, until the payment is here: then the hold is captured and the
// gift given. When nobody pays in time, or the member gives up, the points go back to their own lots, and stock and slots with
// them. The hold decides between the two, under the lock of the account. Money that comes too late, or for a coupon or days that
// cannot be given any more, is due to go back, and so is what staff take back; nothing is ever kept of one side only. It goes back by itself (package payments). What staff refund of a
// payment without taking the redemption back is a kindness: the gift stays given, so the mall does not react to payments.Refunded.
//
// # What is given
//
//   - A gift for pick-up has a random code of ten digits, also as the content of a QR code.
//   - Goods need an address. The redemption keeps it as it was, sealed; lists never show it, and only staff who send goods see
//     it. Goods that nobody confirmed count as arrived 15 days after they were sent.
//   - The stock of a gift of codes is its pool. A code is reserved when the redemption is confirmed and shown once, to its member
//     (T33); from then on it cannot be taken back. Codes are stored sealed, and nothing lists them. Only a repetition of the
//     very same request shows a code again, since its answer may have got lost.
package mall
