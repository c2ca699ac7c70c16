// Package callbacks is the vault: every authentic callback of WeChat is stored here, as it was, before it is answered.
//
// It owns: the raw bodies with their verdict, dropping repeated deliveries, handing each callback to the one
// capability that reacts to it, and replay. It does not own signatures and ciphers (wechat/oa, wechat/mini, wechat/pay), nor
// HTTP (handler/hook), nor what a callback means.
//
// # Rules
//
//   - Only what was proven to come from WeChat gets in. A forged message leaves no trace here, so nobody can fill the vault.
//   - Not stored means not acknowledged: WeChat then sends it again.
//   - One delivery or fifteen, one row: the key is a hash of the decrypted body within the app. MsgId, or openid and time,
//     would take two real events of one second for one (chanjarster/weixin-java-tools#66, binarywang/WxJava#2705).
//   - A repeated delivery gets the answer that the first one got.
//   - Work happens in a job, at least once. A reaction makes its effect happen once by calling Once inside the effect's own
//     transaction.
//   - Others may watch pushes beside the one reaction; what they note comes to the same however often they are told.
//   - States: received -> done | failed(reason) | ignored (nobody reacts to it); kept is for notices of WeChat Pay, which
//     service/payments processes itself. Failed and ignored ones can be replayed; done ones cannot, since they had their effect.
//   - Staff see what came, when, about whom (by openid) and what became of it. The body is what a person wrote or where he is: it needs a
//     permission of its own, and each look stands in the staff trail.
//   - Many are replayed by topic, or by why they could not be read, and time: at most ReplayMost at once, the oldest first, by a job that
//     goes on where it was when the program ends. What another replays meanwhile is left out.
//   - What no key opened when it came is opened by a replay once the missing key is configured. It is then like any other: its dedupe key is
//     that of its body, and a copy that was stored meanwhile wins.
//   - Retention: bodies hold openids and what people wrote. Done and ignored callbacks of accounts are deleted after 90 days,
//     far beyond the minutes for which WeChat repeats them; failed ones wait for staff. Notices of WeChat Pay stay: they
//     are evidence of money.
package callbacks
