package callbacks

import "huitou/model/fault"

// Faults of replaying.
var (
	ErrUnknown = fault.New(fault.NotFound, "callbacks.unknown", "没有这条回调", "there is no such callback")
	ErrWaiting = fault.New(fault.Conflict, "callbacks.waiting", "该回调正在等待处理", "the callback is waiting to be processed")
	ErrDone    = fault.New(fault.Conflict, "callbacks.done", "该回调已处理,不能重放", "the callback has had its effect and cannot be replayed")
)
