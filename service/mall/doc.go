// Package mall exchanges points for gifts.
//
// It owns gifts, their stock and limits, redemptions, and handing gifts out at the counter. It does not own points (package
// points takes and returns them) nor coupons (package coupons issues them).
//
// # Rules
//
//   - One redemption is one transaction: points are spent, the slot and the redemption are written, the coupon is issued, and the
//     stock is taken last by one conditional UPDATE whose affected rows decide.
//   - Shoppers of one gift share a transaction (db.Group). Each is decided for himself, in order of arrival; when the
//     stock ends within a batch the earliest get it.
//   - The limit per member is for life and is kept by slot rows (gift, member, ordinal), never by counting. A cancelled
//     redemption gives its slot back.
//   - The accounts of all members of a batch are locked first, in the order of their ids, so that nothing of one member is
//     decided twice at once, on any instance.
//   - A gift for pick-up has a random code of ten digits. Handing out and cancelling are compare-and-sets on the state
//     confirmed, so of two at once exactly one takes place.
//   - For every gift with a stock: stock = initial stock + moves by staff - redemptions that are not cancelled.
package mall
