// Package aftersale follows a sale up: the QR code on the parcel, the follow, at most three visits.
//
// It owns: parcel codes with their scans, the sheets on which they are printed, plans of visits with their versions, the visits after an order
// and what became of each, and the answer to why somebody did or did not get a message. It does not own who follows (members), what is sent
// and the limits on that (messages), the order itself (orders), what is asked (surveys) or what staff do by hand (tasks).
//
// # Parcels
//
//   - One code per order. Its scene is "p_" and a random token of 100 bits; nothing about order or member can be read
//     from it, and nobody can guess another one.
//   - WeChat's temporary picture lives 30 days at most, the token for ever: asking for the code again makes a new picture
//     of the same scene. Permanent pictures are not used, an account can make 100,000 of them in all.
//   - What is printed is therefore a link with the token. Its page shows a fresh picture to everybody who opens it: one call to WeChat in 29
//     days, by one of all processes; the others wait for it, or show the old one while it works. After a refusal nobody asks for 15 seconds.
//   - A sheet is up to 5,000 cards in one document: made as a job, a thousand codes in a transaction, drawn from its rows whenever somebody asks for
//     the file. A sheet of links needs no WeChat and can be printed for ever. One of the account's own codes needs a call for each card, goes on after
//     a kill or a used-up quota where it stopped, and can be printed for three weeks, for its codes die after 30 days.
//   - A sheet of the mini-program's codes has up to 1,000 cards, a call for each as well. Only WeChat draws these codes, so that the pictures are
//     stored, each in a transaction of its own as soon as it is there, and put away 30 days after the sheet was asked for; the codes work for ever.
//     A page that WeChat does not know fails the sheet; more than 5,000 calls a minute let it wait.
//   - An order that cannot have a card is listed with its reason and keeps no other from being printed. Words that break a rule of the platform,
//     have letters that cannot be printed, or do not fit are refused before anything is made.
//   - A new follower who scans comes as subscribe, an old one as SCAN. Both mean the same here.
//   - Whose parcel: a scan belongs to the order's member when WeChat's ids say so (same openid or unionid). When the
//     member has no identity in the official account yet and nothing speaks against it, the scanner's is held for him: who holds
//     the parcel is taken for its receiver, for 60 days from when its code was made. It speaks against it that the scanner is another
//     member, or that the member has another unionid. It is a guess, for a parcel can be opened by a neighbour and a card found in a bin: visits
//     go to the scanner, but he is shown no order and no points and is not signed in as the member until something proves him; see package
//     members.
//   - A scan by somebody else (a gift, a neighbour, a photo on the net) counts as a scan and, when he follows, as his own
//     follow. It never shows him the order, binds nothing to the member and starts no visit. When that was the
//     same person under two members, staff join them later.
//   - In the mini-program the same scene is told by whoever is signed in there: by the order's member it is a scan like any other and the
//     trigger of visits, by anybody else it counts once a day and binds, shows and begins nothing.
//   - What a scanner sees at once (replies) says nothing of the order, since at that moment nobody has been told apart yet.
//
// # Plans
//
//   - A plan begins at one trigger: the order was paid, the shop says that it is completed, or its member scanned the parcel. One plan at a
//     time is active for a trigger, by the schema.
//   - It has one to three visits, each with a delay from the trigger, hours of the day in Shanghai, channels in their order, a purpose, words
//     with variables, perhaps a survey with a reward, and a share of the orders that get it.
//   - A change is a new version. A visit keeps the version under which it was planned.
//   - Words that break a rule of the platform are refused when the plan is made, naming the rule. A reward is for an answer, whatever it
//     says; nothing can be given for following, sharing or praise.
//   - Every shop begins with one plan, made by a migration: one visit, at once, at the scan.
//
// # Visits
//
//   - An order has one plan, that of its first trigger, and at most three visits, by the schema. Triggers that come later begin nothing.
//   - A visit is planned for the first moment of its hours after its delay. It is made by a job, or at once when it is due at the trigger. The
//     last look happens in the transaction that makes it, under the member's lock.
//   - What is looked at, in this order: the stop conditions of the plan (order refunded, wholly or in part; unfollowed; staff have a complaint
//     of his to solve; bought again), plan paused or ended, later than the plan allows, not in the sample, outside its hours (then it waits, as
//     due, for the next), and the cooling period: no visit about another of his orders within so many days. Each reason is stored.
//   - A refund stops visits at once; the other conditions count when a visit's time comes.
//   - The sample is fixed by the order's id and the visit's number: a larger share adds orders and takes none away.
//   - The message is the outbox's, with its consents, quiet hours, caps and do-not-contact. What the outbox suppresses is a skipped visit with
//     the outbox's reason, and does not count for the cooling. With staff as last channel a visit that nobody can have seen becomes a task,
//     unless the member wants no contact. One whose end is unknown is not repeated by any way.
//   - States: planned -> due -> skipped(reason) | sent -> delivered | blocked | failed -> responded -> closed, and assigned -> done(result) by
//     staff. A visit without a survey ends as delivered. With one it is closed by the answer, or when the time to answer is over; while staff
//     have trouble from that answer to solve it is responded.
//   - Unfollowing stops messages and loses nothing.
package aftersale
