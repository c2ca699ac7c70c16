package followers

import "huitou/model/fault"

// The faults of runs.
var (
	// ErrRunning means that a run is under way.
	ErrRunning = fault.New(fault.Conflict, "followers.running", "粉丝正在同步,请稍后查看结果", "the followers are being compared already")

	// ErrNever means that there was no run yet.
	ErrNever = fault.New(fault.NotFound, "followers.never", "还没有同步过粉丝", "there was no run yet")
)
