// Package merges makes one member of two who turn out to be one person, and two of one who turn out to be two.
//
// It owns the merges, the requests that wait for staff, and the order of things. It does not know what is moved: every capability
// brings its parts (package moves), each with its rule in a sentence, and cmd hands them in. All parts run in one transaction under the
// locks of both members, taken in the order of their ids, so that a merge is there as a whole or not at all.
//
// # Evidence
//
// A number that a shopper proved and another member has, or a unionid that leads to another member than the openid does, joins the two by
// itself where nothing speaks against it. What speaks against it: both have been in the mini-program, they have two unionids, staff
// have split the two before, points of the one are set aside, or both have a card and one of them is for life. Then a request waits for
// staff. Staff ask for a merge with a reason, and somebody else decides; what the program asked for needs one person. Two
// members who have both been in the mini-program are never merged: WeChat Pay must know whose openid pays.
//
// The survivor is who is signed in at that moment, else who has been in the mini-program, else who was first; staff choose.
//
// # Afterwards
//
// The emptied member cannot act: his sessions are over, his member number, phone number and unionid lead to the survivor, and whoever
// holds his id from before asks members.Heir. Rows that were being written for him while the merge was made follow ten seconds, and once
// more five minutes, later.
//
// Members can be merged in chains. A chain is split from its end: who has gone into another one cannot give anybody back.
//
// # The split
//
// Every row that moved goes back as it is now: a coupon that was used meanwhile comes back used, an order with its refunds. What hangs on such
// a row (a visit on an order, a period of membership on the order that paid it) goes along. What came into being in between is the
// survivor's, since it was he who acted: his orders, what they earned, coupons he claimed, gifts he redeemed. Points go back as far as they
// remain. A coupon that came over and was used for an order of the survivor stays with it. After a split the program does not
// join the two again by itself.
package merges
