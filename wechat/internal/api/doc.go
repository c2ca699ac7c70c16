// Package api makes the calls of api.weixin.qq.com for the adapters mini and oa: one
// generic request, decoded into our own errors, and the access token it needs.
//
// It owns the shape of a call (bounded, redacted, errcode first), the token's life, and
// the one repetition after a refused token. It does not own any endpoint: paths, requests
// and answers belong to the adapters.
//
// Rules of the token (stable_token, normal mode):
//   - One token per app for all instances, cached in kv with a local copy for the time kv
//     is away; taken anew a little before its end.
//   - Within a process one flight asks WeChat; across processes a lease in kv does. Both
//     only save calls: normal mode returns the same token to everyone.
//   - A token that WeChat refuses is removed by compare-and-delete, so that however many
//     calls fail at once, the one that came late does not remove the successor.
//   - When WeChat hands out the refused token once more, a forced refresh is due: at most
//     one a minute and ten a day over all instances, else the token is used as it is.
package api
