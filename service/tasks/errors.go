package tasks

import "huitou/model/fault"

// Faults of tasks.
var (
	ErrUnknown = fault.New(fault.NotFound, "tasks.unknown", "没有这项任务", "there is no such task")
	ErrTaken   = fault.New(fault.Conflict, "tasks.taken", "这项任务已有人在跟进", "somebody else does this task already")
	ErrClosed  = fault.New(fault.Conflict, "tasks.closed", "这项任务已经办结", "this task is closed")
)
