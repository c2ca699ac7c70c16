// Package aftersale follows a sale up: the QR code on the parcel, the follow, the visits.
//
// It owns: parcel codes with their scans, the welcome that a follower sees, and the visits after an order. It does not own
// who follows (members), what is sent (messages) or the order itself (orders). For now it plans the first visit only.
//
// # Rules
//
//   - One code per order. Its scene is "p_" and a random token of 100 bits; nothing about order or member can be read
//     from it, and nobody can guess another one.
//   - WeChat's temporary picture lives 30 days at most, the token for ever: asking for the code again makes a new picture
//     of the same scene. Permanent pictures are not used, an account can make 100,000 of them in all.
//   - A new follower who scans comes as subscribe, an old one as SCAN. Both mean the same here.
//   - Whose parcel: a scan belongs to the order's member when WeChat's ids say so (same openid or unionid). When the
//     member has no identity in the official account yet and nothing speaks against it, the scan gives him the
//     scanner's: who holds the parcel is taken for its receiver. It speaks against it that the scanner is another member, or that
//     the member has another unionid.
//   - A scan by somebody else (a gift, a neighbour, a photo on the net) counts as a scan and, when he follows, as his own
//     follow. It never shows him the order, binds nothing to the member and starts no visit. When that was the
//     same person under two members, staff join them later.
//   - The passive welcome says nothing of the order, since at that moment nobody has been told apart yet.
//   - Visits: at most three per order, by the schema. The first is planned once per order, at the first scan by the
//     order's member; its message is a service notice with the order and how to use the goods. It never advertises, and
//     nothing is given for following, which WeChat punishes. An order that was wholly refunded gets no visit.
//   - Unfollowing stops messages and loses nothing.
package aftersale
