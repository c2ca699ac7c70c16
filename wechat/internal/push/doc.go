// Package push verifies, opens and answers what WeChat posts to us, the same way for
// official accounts and mini-programs.
//
// It owns signatures, the AES envelope, the limits of a body and the reading of both
// formats into wechat.Push. It does not own HTTP, storage or deduplication: the hook that
// uses it answers, stores and drops repetitions by DedupeKey.
//
// Rules:
//   - Nothing of a message is believed before its signature. For an encrypted message that
//     is msg_signature over the ciphertext; `signature` covers no body at all.
//   - An account in safe mode takes no plaintext, else whoever saw one signed URL could
//     send any body with it.
//   - Signatures and app ids are compared in constant time; a timestamp counts within five
//     minutes of the injected clock.
//   - Bodies end at 64 KiB and 32 levels; DOCTYPE and entities are refused; numbers are
//     read as text, so 19-digit ids and numbers in quotes survive.
//   - What we do not know is passed on, not refused.
package push
