// Package shipping tells WeChat that paid mini-program orders were delivered, because the money stays frozen until it knows
// (发货信息管理), that of virtual goods too.
//
// It owns: one row for each paid order, the calls about it, their retries and the list of those that people must look at. It does not own
// what was sold or when it leaves the shop: sellers say so, by the purpose of the payment. It does not own the payment either.
//
// # Rules
//
//   - A paid order gets its row in reaction to payments.Paid; an hourly sweep makes those that were missed. Orders of virtual
//     payment are delivered through that channel and have none.
//   - The seller is asked what to tell: how it is delivered, what it is, and whether it has left the shop. Goods that wait in the shop wait
//     here; after two days that is an alarm, since WeChat then reminds the shop as well.
//   - WeChat is asked first whether it wants to know at all. Where nothing is managed nothing is frozen.
//   - A second upload of one order is the only change that WeChat allows. So a call is stored before it leaves, and after one
//     without an answer, a time-out or a killed process, the order is looked up before anything is sent again. What WeChat knows already is
//     done.
//   - In the first seconds after a payment WeChat's index may not know the order: that, trouble and quotas are tried again with growing
//     pauses for two days. After that, and at once when WeChat says that the upload itself is wrong, the row is stuck: an alarm, and
//     staff decide when it is tried again.
//   - Money that went back needs no delivery.
//
// The sources are wechat.md §4.8 and rules.md b9 of the design notes.
package shipping
