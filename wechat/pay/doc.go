// Package pay speaks APIv3 of WeChat Pay on the official SDK: orders paid inside WeChat
// (JSAPI), queries, refunds, and the notices WeChat Pay posts to us.
//
// It owns signing, verifying, decrypting and the translation into the words of package
// wechat. It does not own orders: whether a notice's merchant, amount, currency and payer
// are those of an order is decided by the service that owns it.
//
// Rules:
//   - Every 2xx answer and every notice is verified over its raw bytes with a key known by
//     its serial. Error answers come unverified and are hints.
//   - Keys that sign may be several: the WeChat Pay public keys (the first is the one we ask
//     for) and, while a merchant moves away from them, platform certificates. During the move
//     WeChat Pay signs notices with either, so both are believed. Certificates are asked for,
//     and asked for again when a serial is unknown, at most once a minute.
//   - All timestamps are compared with, and made from, the injected clock. The SDK reads the
//     wall clock, so its validator and its credential are replaced by ours; signing,
//     verifying and the services are the SDK's.
//   - A repeated call keeps its number: prepay by out_trade_no, refund by out_refund_no.
//   - No error text carries a header, a body or a key.
package pay
