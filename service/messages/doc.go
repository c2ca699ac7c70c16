// Package messages is the outbox of everything that people are sent.
//
// It owns: one row per message from the moment it is decided until its end is known, the calls that send it, their attempts
// and WeChat's delivery reports. It does not decide who deserves a message, nor what it says: memberships and
// aftersale enqueue in the transaction of the thing that happened.
//
// # Rules
//
//   - At most one visible message per key. Enqueueing a key again has no effect.
//   - What a message says is frozen when it is queued; delivery never reads today's state. Whether the member still follows
//     is read at the last moment, because that may have changed.
//   - States: queued -> suppressed(reason) | sending -> accepted(msg id) -> delivered | blocked | failed(code). A refusal
//     that may pass goes back to queued; one that will not is failed.
//   - Nothing leaves the process inside a transaction. The attempt is stored and committed, then the call leaves, then its
//     answer is stored. A process that dies in between leaves a row in sending, and nobody knows whether the person saw it.
//   - WeChat drops a repetition with the same client message id for ten minutes (wechat.md §3.5; the window is not
//     documented as a promise). So such a row is sent again only within nine minutes of the first attempt that
//     had no answer, with the same id, and is unknown afterwards: never sent again blindly (threat T45). Nine and not ten
//     leaves room for the call itself.
//   - Error classes (wechat.md §3.10): busy and unreachable are tried again; a refused token too, the adapter has
//     refreshed it by then; a recipient who does not follow is marked as such and never tried again; the
//     daily quota parks messages until 00:05 of the next day in Shanghai (T48); faults of templates, data and settings end the
//     message with the code.
//   - Reports may come before the acceptance was stored; they are kept and matched then.
package messages
