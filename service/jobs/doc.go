// Package jobs is the durable queue and the timetable.
//
// It owns: jobs that are inserted in the transaction of the business action and run later, at least once, and periodic
// tasks. It does not know what the jobs do; each capability registers its own workers.
//
// # Rules
//
//   - A job exists exactly when its transaction was committed.
//   - A process takes several due jobs by one conditional UPDATE that writes a token of its own and a lease; what carries the token
//     afterwards is taken. (No SKIP LOCKED: TiDB accepts it and locks nothing.) What it cannot begin soon it gives back.
//   - Tries that end while others are being written are settled in one transaction.
//   - A job whose lease has run out is taken again, so a worker that died delays a job and never loses it. It may then
//     run twice: workers must be idempotent. A worker that wakes after its lease finds that it may not complete the job.
//   - An error means another try, after a growing pause with jitter; after MaxAttempts the job is dead and keeps the reason.
//     A panic counts as an error.
//   - Dead jobs stay until somebody has them run again, after what they died of was mended (`huitou jobs retry`): the same row with all its
//     tries before it. It stands in the staff trail. Of two who ask at once one retries it.
//   - A Source is work without job rows: rows of its own that say when they are due, taken by the hundred. RunDue, Soonest and Run
//     treat it like jobs.
//   - Snooze puts a job off without counting a try; Cancel ends it for good.
//   - Who moves the clock (the demo does) stops the workers with Alone, moves from one due instant to the next (Next), and runs what is
//     due with RunDueEach, so that a month plays out in its order.
//
// The words are those of River (https://riverqueue.com), which does not run on MySQL.
package jobs
