// Package oa speaks to WeChat for an official account (公众号, a verified 服务号): template
// messages, customer-service texts, scene QR codes, followers, and the decoding of pushes.
//
// It owns the wire of these calls and their translation into the words of package wechat.
// It does not own whom to write to, how often, or what: that is the outbox's business.
package oa
