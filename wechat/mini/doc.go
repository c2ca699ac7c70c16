// Package mini speaks to WeChat for a mini-program: login codes, phone codes, codes to scan, the order
// centre, and the decoding of pushes.
//
// It owns the wire of these calls and their translation into the words of package wechat.
// It does not own sessions, members or consent, and stores nothing but the access token.
package mini
