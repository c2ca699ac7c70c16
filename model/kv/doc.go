// Package kv keeps hints: cached tokens, rate counters, leases.
//
// It owns a small key-value store with two implementations that pass one suite
// (kvtest): Redis, shared by all instances, and memory, for one process.
//
// It does not own any truth. Whatever stands here may vanish at any instant (a
// FLUSHALL, an eviction, a restart, a dead server) and the product is then slower,
// never wrong. Sessions, limits that must survive and ledgers belong in the database.
//
// Rules:
//   - Every entry has a life of at least one millisecond; there is no entry without end.
//   - A key that holds something else than our string (wrong type, not a number for a
//     counter) counts as absent and is overwritten.
//   - A store that cannot answer says ErrUnavailable within its time-out (50 ms unless
//     configured); after a few such answers in a row it says so at once, without asking,
//     for a short while. Callers treat ErrUnavailable as a miss and go to the truth.
//   - A lease is a hint too: it saves work that would be harmless done twice. It never
//     guards anything that must happen once.
//   - A value about one member carries the member's id inside, and the reader compares it:
//     a mixed-up answer must read as a miss, not as another person's data.
package kv
