package messages

import "huitou/model/fault"

// ErrInvalid means that a message could not be stored: a fault of the program that enqueues it.
var ErrInvalid = fault.New(fault.Internal, "messages.invalid", "消息内容有误", "the message is not valid")

// Faults that staff see.
var (
	ErrUnknown     = fault.New(fault.NotFound, "messages.unknown", "没有这条消息", "there is no such message")
	ErrNoSMS       = fault.New(fault.Unavailable, "messages.no_sms", "短信服务未开通", "no provider of text messages is set up")
	ErrNoMember    = fault.New(fault.NotFound, "messages.member_unknown", "没有这位会员", "there is no such member")
	ErrNoForm      = fault.New(fault.NotFound, "messages.no_form", "该消息没有配置这种订阅渠道", "the message is not set up for this channel of consents")
	ErrStopInvalid = fault.New(fault.Invalid, "messages.stop_invalid", "勿扰设置有误", "the do-not-contact is not valid")
	ErrStopUnknown = fault.New(fault.NotFound, "messages.stop_unknown", "没有这条勿扰记录", "there is no such do-not-contact")

	ErrNotFailed = fault.New(fault.Conflict, "messages.not_failed", "只能重发失败的消息", "only a message that failed can be sent again")
	ErrMaybeSeen = fault.New(fault.Conflict, "messages.maybe_seen", "会员可能已收到该消息,不能重发", "the member may have seen the message; it is never sent again")
	ErrTooLate   = fault.New(fault.Conflict, "messages.too_late", "该消息已过时,不能重发", "the message is of no use any more and is not sent again")
	ErrNotMended = fault.New(fault.Conflict, "messages.not_mended", "失败的原因还没有排除,各渠道仍无法发送", "what stood in the way is still there: no channel could send the message")
	ErrNothing   = fault.New(fault.Conflict, "messages.nothing", "没有符合条件的失败消息", "no failed message fits")
)
