// Package surveys asks members a few questions and counts what they say.
//
// It owns: the questions, whom they were put to, the one answer to each invitation and the reward for it. It does not decide who is
// asked, when or by which message: aftersale invites with a visit.
//
// # Rules
//
//   - A survey has 1 to 10 questions: a score (0–10, counted as NPS, or 1–5 stars), a choice of one option, or a text. They
//     change in drafts only, so that all answers are to the same questions; a change of a survey in use is a new survey.
//   - One invitation per source, one answer per invitation, by the schema. It is answered through the unguessable link of the message
//     (256 random bits, kept as a hash) or in the member's own session; both doors lead to the same invitation, so the second answer is
//     refused, whoever's it is. Other people's invitations look as if they did not exist (T9, T33).
//   - An invitation can be answered until it expires, also when the survey was closed meanwhile: who was asked may speak.
//   - The reward is promised by the invitation and given for any complete answer, in its transaction, once by its unique source. It never
//     depends on what was answered, nor on following, sharing or praise: the platform forbids paying for follows and shares
//     (诱导关注、诱导分享), the law paying for praise (好评返现). Nothing in a survey can say such a condition, and a text that promises one is
//     refused at set-up with the name of the rule.
//   - A coupon that cannot be given any more (sold out, ended, limit) does not undo the answer: it is kept, the reason is stored, and staff
//     get a task.
//   - A low score (at most 6 of 10, at most 2 of 5 stars, unless the question says otherwise) opens a task for staff, due on the same business
//     day, in the same transaction. So does an option that is marked as a problem with the parcel.
//   - Results: the number of answers to every score and option, the average, and for 0–10 the NPS: the share of 9 and 10 less the share of 0
//     to 6, in hundredths of a percent.
package surveys
