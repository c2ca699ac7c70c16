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
//   - An account with encryption, safe mode or compatible, takes no plaintext, else whoever saw
//     one signed URL could send any body with it. Compatible mode sends the ciphertext beside
//     the plaintext, and only the ciphertext is read.
//   - Signatures and app ids are compared in constant time.
//   - A timestamp counts within five minutes of the injected clock (reliability.md T18). That
//     a retry of WeChat may repeat its first parameters (wechat.md §3.1) does not speak
//     against it: the last retry comes fifteen seconds after the first try. And a warning would
//     not do: the vault forgets what had its effect after 90 days, so an old push would
//     have its effect again. A refusal is not the end of a genuine push: WeChat sends it
//     again, and a wrong clock of ours shows as a count of stale ones and as an error in the log.
//   - Bodies end at 64 KiB, 32 levels and 2,000 elements; DOCTYPE and entities are refused; numbers are
//     read as text, so 19-digit ids and numbers in quotes survive.
//   - What we do not know is passed on, not refused.
package push
