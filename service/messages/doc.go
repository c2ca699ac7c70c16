// Package messages is the outbox of everything that people are sent.
//
// It owns: one row per message from the moment it is decided until its end is known, the calls that send it by one channel after the
// other, their attempts and the platforms' delivery reports; what people agreed to, what they do not want, and how much they
// get; the templates' set-up and the guard against texts that the platform forbids. It does not decide who deserves a message, nor
// what it says: memberships, aftersale and others enqueue in the transaction of the thing that happened.
//
// # Rules
//
//   - At most one visible message per key. Enqueueing a key again has no effect.
//   - What a message says is frozen when it is queued, and so is the order of its channels; delivery never reads today's state.
//     Where the member can be reached, and whether he wants it, is read at the last moment, because that may have changed.
//   - States: queued -> suppressed(reason) | sending -> accepted(msg id) -> delivered | blocked | failed(code). A refusal
//     that may pass goes back to queued; one that will not gives the turn to the next channel, and so does a report that
//     nobody saw it. Without another channel the message ends as the last one that was tried did; dead when it was refused
//     again and again. messages.Ended tells the end.
//   - Nothing leaves the process inside a transaction. The attempt is stored and committed, then the call leaves, then its
//     answer is stored. A process that dies in between leaves a row in sending, and nobody knows whether the person saw it.
//   - WeChat drops a repetition of a template message with the same client message id for ten minutes (wechat.md §3.5; the window
//     is not documented as a promise). So such a row is sent again only within nine minutes of the first attempt that had no
//     answer, with the same id, and is unknown afterwards. The other channels drop no repetition: there an attempt without an
//     answer is unknown at once. What is unknown is never sent again, by no channel (threat T45).
//   - A message says itself when it is due; a worker that takes it moves that on, which is its lease. Each channel has a lane of its
//     own, so that a slow platform holds up no other, and service goes before care before marketing.
//   - Staff may have a failed or dead message sent again once its cause is mended (threat T46): the same row and key, from its first
//     channel on, with its attempts counted on. Never one that a platform took or may have taken, nor one that is past its time or 30 days
//     old; and only when some channel could send it as far as can be seen from here. A visit that went to staff instead stays with them.
//   - Error classes (wechat.md §3.10): busy and unreachable are tried again; a refused token too, the adapter has
//     refreshed it by then; a recipient who does not follow is marked as such; the daily quota closes the lane until 00:05 of
//     the next day in Shanghai, limits by the minute until the next minute (T48); faults of templates, data and settings end the
//     channel with the code.
//   - Reports may come before the acceptance was stored; they are kept and matched then. What is not reported within 72 hours is unknown
//     (no_report), until a report comes after all.
//   - Subscribe messages are paid with consents: one row each, given by the person in the app, spent before the call, given back when
//     the message was certainly not taken. A platform that says that there is none (43101) knows better, and clears them.
//     Customer-service messages are paid with windows that the person opened by an act of his.
//   - Care and marketing wait during quiet hours and stop at the caps per day and week, whoever sends; what a member caused himself
//     (service) does not. Do-not-contact stops what it covers. Each reason is stored.
//   - Texts are checked against the platform's field limits when a template is set up and before they leave. Only fields that the
//     set-up names are cut.
//   - A text that the platform forbids (selling in a notice; a reward for following, sharing or praise) is stored as suppressed and
//     names the rule.
//
// # Locks
//
// Messages by id, then the counts of days, then consents and windows.
package messages
