package orders

import "huitou/model/fault"

var (
	// ErrConflict means that the number is known with other content.
	ErrConflict = fault.New(fault.Conflict, "orders.conflict", "该订单号已存在且内容不同", "the order number is known with other content")
	// ErrUnknown means that there is no such order.
	ErrUnknown = fault.New(fault.NotFound, "orders.unknown", "订单不存在", "there is no such order")
	// ErrRefundConflict means that the refund's number is known with other content.
	ErrRefundConflict = fault.New(fault.Conflict, "orders.refund_conflict",
		"该退款单号已存在且内容不同", "the refund number is known with other content")
	// ErrRefundTooLarge means that more would be given back than was paid; the details say how much is left.
	ErrRefundTooLarge = fault.New(fault.Conflict, "orders.refund_too_large",
		"退款金额超过剩余可退金额", "more would be refunded than is left of what was paid")
)
