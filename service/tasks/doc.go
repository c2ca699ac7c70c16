// Package tasks is the list of what staff do by hand: calls after a low score, visits that no channel can bring, parcels with a problem.
//
// It owns: the tasks, who does them until when, and what came of them. It does not decide when there is something to do: surveys and
// aftersale open tasks in the transaction of what happened, staff open some by hand.
//
// # Rules
//
//   - One task per source, for ever: opening it again has no effect.
//   - States: open -> taken -> closed, or open -> closed. Whoever closes says what came of it. A closed task stays closed.
//   - Taking is a conditional update: of two people who tap at once one gets the task. Managers may give a task to somebody, or
//     to a store, also when it is taken already; an account that does not exist gets none.
//   - Phone numbers stay masked for staff. Who has taken a task may see the number to call, and every look stands in the trail.
//   - The due day is a business day in the shop's zone; a task of a low score is due on the day of the answer.
//   - A person who takes an authorisation back in WeChat, or closes his account, makes a task, due in 15 days: what he told with it must go.
//     Who only changed what WeChat shows of him makes none, since names and pictures of WeChat are not kept here.
//   - Closing records a fact, to which those who opened the task react.
package tasks
