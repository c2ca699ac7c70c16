package tasks

import "huitou/model/fault"

// Faults of tasks.
var (
	ErrUnknown  = fault.New(fault.NotFound, "tasks.unknown", "没有这项任务", "there is no such task")
	ErrTaken    = fault.New(fault.Conflict, "tasks.taken", "这项任务已有人在跟进", "somebody else does this task already")
	ErrNotTaken = fault.New(fault.Conflict, "tasks.not_taken", "请先领取这项任务", "take the task first")
	ErrNoPhone  = fault.New(fault.Conflict, "tasks.no_phone", "该会员没有留下手机号", "the member has told no phone number")
	ErrClosed   = fault.New(fault.Conflict, "tasks.closed", "这项任务已经办结", "this task is closed")
)
