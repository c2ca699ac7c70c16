package messages

import (
	"sync/atomic"
	"time"

	"huitou/model"
)

// lane is one channel's way out of this process.
type lane struct {
	channel model.MessageChannel
	// workers take batches at once; calls of one batch leave at once, up to calls.
	workers, batch, calls int
	// repeat is how long after the first attempt without an answer the platform drops a repetition; 0 where it does not.
	repeat time.Duration
	// reports tells whether the platform says later what became of an accepted message. Without, its answer is the last word.
	reports bool
	wake    func()

	// closed, in microseconds since 1970, is a hint of this process that the platform takes nothing before then, so that other
	// messages need not find out by a call each.
	closed atomic.Int64
}

func newLane(c model.MessageChannel) *lane {
	l := &lane{channel: c, workers: 1, batch: 32, calls: 8, reports: true, wake: func() {}}
	switch c {
	case model.ChannelOATemplate:
		l.workers, l.batch, l.calls, l.repeat = 2, 200, 16, unsureWindow
	case model.ChannelCustomerService:
		l.reports = false
	}
	return l
}

// closedUntil returns when the lane opens again; a time not after now means that it is open.
func (l *lane) closedUntil() time.Time { return time.UnixMicro(l.closed.Load()).UTC() }

// close closes the lane until an instant, and never opens it earlier.
func (l *lane) close(until time.Time) {
	for {
		old := l.closed.Load()
		if old >= until.UnixMicro() || l.closed.CompareAndSwap(old, until.UnixMicro()) {
			return
		}
	}
}
