// Package admin is what the programs of staff call, below /admin/v1: one file per capability, each a function that declares its
// routes. Every route names the permission that it needs.
package admin
