// Package rooms holds the rules of the house as tests: which room may import which, that every row struct fits both migrated schemas,
// that the codes of faults and the description of the HTTP API change knowingly only.
package rooms
