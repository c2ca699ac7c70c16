// Package followers compares the people who follow the official account, as we know them by events, with WeChat's own list: events get
// lost, and an account has followers from before.
//
// It owns the runs and how far they are. It does not own who follows: members does, and hears of what was missed as of an event.
//
// # A run
//
// WeChat names all followers in pages of ten thousand. Those of whom we did not know that they follow, or whose unionid we do not know, are
// asked about by the hundred: the following is noted with its own time and scene, so that a later event keeps its right; a unionid that
// belongs to another member lets the two be joined. Whether unionids are told at all depends on the account: after three hundred answers
// without one, the run asks no more for them.
//
// Those who follow as far as we know and are not in the list are asked about as well, and noted as gone only when WeChat says so: a list
// that is cut short costs nobody his following.
//
// Each step of a hundred is one transaction with the run's own counts, so that a run goes on where it was after a restart and counts
// nothing twice. A list that repeats itself ends the run as failed. A run begins every night and when staff ask for one; one at a time, and
// one that has not come to an end within a day is given up.
package followers
