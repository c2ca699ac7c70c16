// Package web is the thin glue between HTTP and the services: typed routes on huma, who may call them, faults as RFC 9457
// problem documents, idempotency keys, limits and headers.
//
// It owns how a request becomes a command and a fault becomes an answer. It does not own any route: those are
// declared in handler/api, handler/admin, handler/ingest and handler/hook, one file per capability.
//
// # Rules
//
//   - Default deny: every route names a Policy. A route without one does not start (it panics when it is declared).
//   - The actor comes from the session, never from the request's body, path or query.
//   - Unknown fields, wrong types and values out of range are refused before a handler runs; the same declaration
//     makes the OpenAPI document, so the two cannot drift.
//   - An error that is not a fault is logged with a request id and shown as "internal" without its text.
package web
