package orders

import "huitou/model/fault"

var (
	// ErrConflict means that the number is known with other content.
	ErrConflict = fault.New(fault.Conflict, "orders.conflict", "该订单号已存在且内容不同", "the order number is known with other content")
	// ErrUnknown means that there is no such order.
	ErrUnknown = fault.New(fault.NotFound, "orders.unknown", "订单不存在", "there is no such order")
)
