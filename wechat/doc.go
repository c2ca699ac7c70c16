// Package wechat is our own vocabulary for WeChat: what the rest of the program says and
// hears, in plain structs and typed errors.
//
// It owns the words (logins, messages, QR codes, pushes, payments), the classification of
// WeChat's error codes, the value limits of template fields, and the HTTP client through
// which every call leaves.
//
// It does not own any call: the adapters in mini, oa and pay make them and translate into
// these words, and nothing above them sees an SDK type. It knows no database, no member,
// no business rule; amounts and identities in a notice are compared by the service that
// owns the order.
//
// Rules:
//   - Openids, unionids, tickets and order numbers are case-sensitive opaque strings.
//   - Money is int64 in fen.
//   - Instants are time.Time; WeChat's own strings (+08:00, Unix seconds) end here.
//   - Errors and logs carry no token, no secret, no session key and no URL with a query.
//   - Nothing in here reads the clock.
package wechat
