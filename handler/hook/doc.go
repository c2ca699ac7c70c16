// Package hook answers what WeChat posts to us: pushes of the official account and of the mini-program, notices of WeChat Pay.
//
// It owns the answers, which WeChat reads its own way: any 2xx means "never send this again", anything else means "send it
// again". So the order is always: bounded body, proof that it is WeChat's, store, answer; the work happens in jobs. Not
// stored means not acknowledged. It does not own ciphers, storage or what a callback means.
//
// These are plain Echo handlers outside of the typed routes: their authentication is the signature over the raw bytes, and our
// error documents would be shown to people as 「该公众号暂时无法提供服务」. Bodies, queries and openids are never logged.
package hook
