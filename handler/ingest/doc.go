// Package ingest is what the systems of shops call, below /ingest/v1. Every request is signed with the shop's key; the
// source of what it tells is the name that belongs to the key, never something in the request.
package ingest
