package messages

import "huitou/model/fault"

// ErrInvalid means that a message could not be stored: a fault of the program that enqueues it.
var ErrInvalid = fault.New(fault.Internal, "messages.invalid", "消息内容有误", "the message is not valid")
