// Package replies is what a person sees at once in the official account's chat: the welcome, the answer to what he writes, the answer
// to a tap on the menu; and the menu itself.
//
// It owns: the rules of replies with their versions, choosing among them, what they say, how often each was the one, and the menu as the
// settings want it against the menu that WeChat has. It does not own what a follow or a scan does (aftersale), which codes there are
// (qrcodes, aftersale), wishes to be left alone (messages), nor messages that come later (messages).
//
// # Which reply
//
//   - A follow or a scan: the rules for that very code; else those for its kind (parcel, store, staff, campaign); else the plain ones. A
//     scan by somebody who follows already has a plain answer only when staff made one.
//   - A text: a wish to be left alone, or to hear from us again, is always confirmed by words of our own. Else a keyword that is the whole
//     text; else an order number, when a rule shows orders; else the longest keyword that stands in it; else a rule for anything.
//   - Texts and keywords are compared in Unicode's compatible form, without case and without space around them: "ＣＤ " is "cd". What a
//     voice was recognised as counts as a text.
//   - A tap: the rules with the entry's key.
//   - Of several rules the higher priority counts, then the older one. Rules that are off, or outside their hours, are not there.
//   - The answer to anything comes once a day to a person, so that a talk with staff is not disturbed. Which persons had it is a hint in kv:
//     without kv the answer stays out, after a loss of kv it may come twice.
//
// # What it says
//
//   - A text of at most 2,048 bytes, also with its names filled in ({shop}, {store}, {staff}); a picture; one article; the handing over to
//     customer service; or what the writer himself has: the state of his orders, his points.
//   - Only the writer's own orders are shown, found through his openid. The number of somebody else's order and one that nobody has are
//     answered with the same words after the same look-up. A person has ten look-ups a minute; without kv they are not counted, since a
//     look-up tells nothing that is not his.
//   - Texts that promise something for following, sharing or praise are refused, naming the rule.
//   - Links lead to the shop's own host, to hosts that the settings name, to articles on mp.weixin.qq.com (of any account: the address does not tell whose) or into the shop's own
//     mini-program. All else is refused: a link here speaks in the shop's name, and who gets hold of a staff account must not be able to
//     lead every new follower away.
//
// # In time
//
// A reply has a second and a half, see handler/hook. Choosing works on a copy of the rules in memory that is at most two seconds old while
// the database answers, and at most ten minutes old while it does not; one caller at a time renews it and waits 400 ms at most. Where
// somebody came from and what he has are read for 800 ms at most; then a follower gets the plain welcome and a question a word of regret.
//
// # Hits
//
// A hit is a push that a rule was the one for, noted by a job from the stored push, so that nothing is written while somebody waits. It says
// how often a rule was right, not that the person saw the answer. Each push counts once.
package replies
