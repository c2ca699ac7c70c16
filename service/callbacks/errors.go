package callbacks

import "huitou/model/fault"

// Faults of replaying.
var (
	ErrUnknown       = fault.New(fault.NotFound, "callbacks.unknown", "没有这条回调", "there is no such callback")
	ErrWaiting       = fault.New(fault.Conflict, "callbacks.waiting", "该回调正在等待处理", "the callback is waiting to be processed")
	ErrDone          = fault.New(fault.Conflict, "callbacks.done", "该回调已处理,不能重放", "the callback has had its effect and cannot be replayed")
	ErrKept          = fault.New(fault.Conflict, "callbacks.kept", "微信支付的通知由支付处理,这里只存证,不能重放", "notices of WeChat Pay are processed by payments; here they are only kept and cannot be replayed")
	ErrNothing       = fault.New(fault.Conflict, "callbacks.nothing", "这段时间里没有符合条件的回调可重放", "no callback of this kind and time can be replayed")
	ErrReplayUnknown = fault.New(fault.NotFound, "callbacks.replay_unknown", "没有这次批量重放", "there is no such replay")
)
