// Package tags keeps the words that staff put on members, and keeps them in step with the tags of the official account.
//
// It owns: tags, which member has which, and the comparison with WeChat. It does not own who a member is or whether he
// follows (members), nor what a tag is good for: coupons and others ask who has one. Shoppers never see a tag.
//
// # Rules
//
//   - Of the tags in use no two have one name. A name has 1 to 30 bytes, as many as WeChat allows. An ended tag is on nobody, and its name is free.
//   - Staff tag and untag up to a thousand members a call. Doing it again changes nothing. Every call that changes something stands in
//     the staff trail, with the members.
//   - A shared tag is kept in step with one of the official account; WeChat allows a hundred. Others stay here.
//
// # The comparison with WeChat
//
// It runs every night and when staff ask for it, one at a time, in turns, and can break off anywhere: each step is recorded when WeChat has
// taken it, and repeating one does no harm. For each shared tag and each member who follows it holds three things against each other:
// what stands here, what stood there at the last meeting, and what stands there now. Who differs from the last meeting has changed something:
//
//	here  last  there
//	 yes   yes   no     taken away there: it is taken away here, once WeChat has confirmed that the member still follows
//	 yes   no    no     put on here: it is put on there
//	 no    yes   yes    taken away here: it is taken away there
//	 no    no    yes    put on there: it is put on here; but when it was also taken away here in between, our word counts
//
// A person who ceases to follow loses his tags there. That is no wish of anybody: our side keeps the tag, and puts it on there again when
// he follows again. Followers whom we do not know as members are counted and left alone.
//
// The tags themselves meet first. One that is new on one side is made on the other; two of one name become one, and everybody whom
// either side has tagged has it. A new name goes over to the other side, and when both sides have renamed a tag, or the name that WeChat
// gave is taken here, ours counts. A tag that was deleted there stays here and is not shared any more, because knowledge of members
// must not vanish by a click elsewhere; one that was ended here is deleted there. The platform's own tags (ids below 100) are left alone, and
// so is a tag there that has the name of one that is not shared here.
//
// What WeChat refuses for one tag (too many tags, a name) is written on that tag for staff to read, and the others go on. What it refuses
// for one member (he has twenty tags) is counted, and tried again the next time.
package tags
