// Package members knows the shop's customers: by what they are known, how they sign in, and their figures.
//
// It owns: members and their identities, phone numbers, birthdays, sessions of the mini-program, who follows the official account, and
// the figures of orders (first, last, count, total). It does not own orders, points, coupons or messages, which all
// name a member by id; and it does not decide that two members are one person: package merges does. Evidence of that is told to Kin,
// or refused with ErrAmbiguous where an order names two members at once.
//
// # Identities
//
// A member is known by any of: an openid in one of our apps, the unionid that joins a person's openids, a phone number, a
// number in a shop's own system or a file (source, external). Each identity belongs to at most one member: the schema says so by
// unique keys, and Ensure decides races by inserting.
//
// An openid can also be held for a member, on the guess that it is his, because its owner has scanned the code on his parcel. Messages for the
// member go there, and nothing is proved by it: it attaches no unionid, phone or number, and ProvedTx, by which people are shown what is
// theirs, does not know it. It becomes the member's own when the unionid that came with it turns out to be his (he signed in and
// proved his phone), and goes to whoever else turns out to have that unionid, or is named with the openid by a shop's system (T9).
//
// # Phone numbers
//
// A number is kept twice: encrypted (AES-256-GCM with a random nonce, bound to its member) and as a keyed hash (HMAC-SHA256 of
// the E.164 form) by which it is found. Both keys derive from the one that New gets. Outside of this package a number is
// shown masked only, 138****0000; logs carry ids, never numbers, openids or tokens (T24, T34). A member keeps the number that he
// has when an order names another one; only BindPhone, where WeChat vouches for the number, replaces it.
//
// Where the phone button is no way, a code of six digits proves a number: it lives five minutes, is tried five times at most, and is asked for
// once a minute, five times an hour and ten times a day at most, by each member and for each number, ten times as often from one
// address. The answer is the same whether or not somebody has the number (T33). Only the newest code of a member counts; it is kept as a
// keyed hash.
//
// # Two members, one person
//
// When a member goes into another one, his openids and numbers of shops' systems become the other's; phone number and unionid do where the
// other has none, and else stay with the emptied row, by which they and his member number lead to the other one from now on. The emptied
// row keeps nothing else: every session of it ends, it is no longer counted or selected, and whoever locks it gets ErrMerged. A split gives
// back what moved, unless the survivor has proved another number since, and ends every session of the survivor, because nobody can
// tell any more whose hands they are in (T23).
//
// # Birthdays
//
// A member tells his birthday once, since gifts hang on it; the same date again is no change, and staff correct a slip with a reason
// that the trail keeps. Month and day stand openly, because a night's work finds members by them; the year is optional and sealed.
// Who was born on 29 February has his birthday on the 28th in common years. Every change is the fact BirthdaySet.
//
// # Sessions
//
// A session is an opaque random token of 256 bits; the database keeps its SHA-256. It ends 30 days after sign-in, after 7 idle
// days and at sign-out. What was found is believed for one second, so an end counts on every instance within a second (T23).
// Authenticate is on the way of every request of a flash sale: concurrent look-ups share one query, and the note of the
// last use is written once an hour at most, many in one transaction.
package members
