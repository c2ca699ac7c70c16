// Package api is what the mini-program calls, below /api/v1: one file per capability, each a function that declares its
// routes. The shopper is always the one of the session; nothing in a request can name another member.
package api
