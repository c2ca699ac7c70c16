// Package qrcodes keeps the QR codes of stores, of staff and of campaigns: how people came to the shop.
//
// It owns: the codes, their pictures in the official account and in the mini-program, and the figures of each: who scanned, whose
// follow came by it, who is gone again. It does not own codes on parcels (aftersale), who follows (members), or what a person
// sees after a scan (replies asks Source).
//
// # Codes
//
//   - A scene is "q_" and a random token of 100 bits, 22 characters of digits and letters. It fits the account's scenes (64) and the
//     mini-program's (32), so that one scene serves both. Nothing can be read from it, and nobody can guess another one.
//   - A store's code names the store by its number, a campaign's the campaign, a staff member's the account of somebody who works
//     here. One store, person or campaign may have several codes: on the door, on the table.
//   - Staff make temporary codes of themselves. Whoever manages codes makes all of them.
//   - A temporary picture lives a second to 30 days. Once it is over, asking for it again makes a new one of the same scene.
//     Staff renew it before, so that what is printed today lives its full time.
//   - A permanent picture lives for ever and cannot be deleted; an account has 100,000 of them in all. Each is counted here before WeChat is
//     asked, and when none is left WeChat is not asked. What WeChat refused is given back; what it did not answer stays counted,
//     because the picture may have been made.
//   - Pictures of the mini-program are unlimited, and are asked for each time somebody wants to see one.
//   - WeChat deletes no code, so one is stopped: it gets no picture any more and is no source for anybody who scans it; follows that come
//     later are not credited to it. Scans are still counted, because they tell that it still hangs somewhere.
//
// # Figures
//
//   - A scan is a push of WeChat with the code's scene: of a follower (SCAN), or of one who thereby follows (subscribe). The dedupe key of
//     the push counts it once, however often and on how many instances it is told.
//   - A scan of the mini-program's picture is told by the mini-program itself, in the session of whoever holds the phone. It counts once a
//     day for a person and a code, so that reloading a page, or somebody who plays with the address, moves no figure far.
//   - People are told apart by their openid: two members who turn out to be one person have counted as two scanners, and their merge changes
//     no figure.
//   - A follow is credited once in a person's life, to the code of the first one ever. A follow without a code, or by a parcel's, before, leaves
//     nothing to credit. Whoever left and comes back by a code is its return, not its follow. A follow that WeChat's list brought to light
//     afterwards is credited like any other; it has no scan.
//   - Lost are those of a code's follows who do not follow now, on the day of their follow; whoever comes back, by whatever way, is
//     lost no longer.
//   - Days are Shanghai's, by WeChat's time of the event. The figures of the days sum up to the code's, and both equal the rows.
package qrcodes
