// Package payments takes money through WeChat Pay and knows at any moment what is proven about it.
//
// It owns: orders at WeChat Pay, the prepay calls for them, the judgement on every statement of WeChat about an order, and the
// list of breaks, where what WeChat says and what we know do not agree. It does not own what is paid for: who sells
// something opens an order with a purpose and a ref, and gives the thing when the fact Paid arrives. It does not own the
// wire either: signatures and encryption are wechat/pay's.
//
// # Rules
//
//   - An order is stored, number and all, before WeChat is called. The price is ours; no client states one.
//   - Notice and query are two ways into one Apply, and what a bill tells goes there by a query. It locks the order's row, compares
//     merchant, app, state, currency, amount and payer, credits at most once, and records its verdict on every statement. What does not agree never credits;
//     it opens a break for people to look at.
//   - An order's state only moves forward. Money that comes after an order was closed does not revive it, because what was
//     set aside for it may be gone: the order becomes refund_due, with a break.
//   - The answer to a prepay call proves nothing, nor does the shopper's word. Only a signed statement of SUCCESS does.
//     A statement of REFUND about an order that we did not credit is a break and no credit: somebody gave money back
//     elsewhere.
//   - Notices may get lost, so orders are polled 5 s, 30 s, 2 min and 10 min after the first prepay call; when an order's time
//     is over WeChat is asked, the order is closed there, asked for once more, and only then closed here (a payment may win the race).
//   - No call to WeChat is made inside a transaction.
//
// # Channels
//
//   - WeChat takes money in two ways: WeChat Pay inside of WeChat (JSAPI), for goods and services outside of the phone, and virtual
//     payment, which its rules want for rights that exist online only. Who sells something says which is allowed; an order keeps its own.
//     The rules of this package are the same for both.
//   - With virtual payment the client makes the order, so it cannot be closed at WeChat: it is closed here, and what is paid later goes
//     back. The push that something was paid is not signed by the account that takes the money, so it only makes us ask.
//   - What can be seen of virtual payment without an account is its signatures, which follow the published example. Its calls, the
//     code of an unknown order, and how a refund ends are taken from the documentation and were never run against WeChat.
//
// # Refunds
//
//   - A refund reserves its amount by one conditional statement on the order's row, so what is going back and what is back together
//     never exceed what was paid, whoever asks at once. It has a natural key, and one refund for it for ever.
//   - A refund is given to WeChat by a job, under a number that is stored before the first call and kept for every retry. Only when
//     WeChat closed a number there is a next one, at most two by themselves; then people decide.
//   - An accepted refund is not a successful one. Notices, queries and bills are ways into one ApplyRefund, which locks the order's row
//     and compares merchant, order, transaction and amounts; what does not agree moves nothing and opens a break.
//   - PROCESSING is asked about until it ends. ABNORMAL, and what WeChat refuses, is left to staff: the payer's account cannot take the
//     money. An empty merchant account and wrong settings are alarms, and the refund is tried on.
//   - Two numbers of one order leave a minute apart, because WeChat wants it so; refunds that come faster wait.
//   - What must go back (paid after the close, cannot be delivered) goes back by itself, with an alarm.
//   - The fact Refunded is recorded once for each refund, when the money is back. An order's state does not change by refunds; its
//     sums say how much went back.
//
// # Bills
//
//   - Every morning after 10:00 in China the bill of the day before is held against our books, missed days of three months included. A bill
//     is believed only when its file has the hash that WeChat signed, and its lines add up to its totals.
//   - Each payment and refund falls into one of five buckets: matched, ours only, theirs only, amount differs, state differs. A bill is a
//     morning's view: what ended later is ahead of it and agrees.
//   - A bill credits nothing. What does not agree is asked about, and the signed answer goes through Apply or ApplyRefund; what then
//     still does not agree is a break, which staff close with a note.
//   - A day may be run any number of times: the same bill and the same books give the same answer, and no break opens twice.
//
// The sources are rules.md b10 and wechat.md §4 and §7.4 of the design notes.
package payments
