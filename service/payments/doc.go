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
//   - Notice, query and bill are three ways into one Apply. It locks the order's row, compares merchant, app, state, currency,
//     amount and payer, credits at most once, and records its verdict on every statement. What does not agree never credits;
//     it opens a break for people to look at.
//   - An order's state only moves forward. Money that comes after an order was closed does not revive it, because what was
//     set aside for it may be gone: the order becomes refund_due, with a break.
//   - The answer to a prepay call proves nothing, nor does the shopper's word. Only a signed statement of SUCCESS does.
//     A statement of REFUND about an order that we did not credit is a break and no credit: somebody gave money back
//     elsewhere.
//   - Notices may get lost, so orders are polled 5 s, 30 s, 2 min and 10 min after the first prepay call; when an order's time
//     is over it is closed at WeChat, asked for once more, and only then closed here (a payment may win the race).
//   - No call to WeChat is made inside a transaction.
//
// The sources are rules.md b10 and wechat.md §4 and §7.4 of the design notes.
package payments
