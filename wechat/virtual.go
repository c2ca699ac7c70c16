package wechat

import "time"

// VirtualGoods is one item that is bought through a mini-program's virtual payment.
type VirtualGoods struct {
	OutTradeNo string // ours, 8..32 of [0-9A-Za-z_-|*@], used once
	ProductID  string // of the item in WeChat's console, whose price must be the same
	PriceFen   int64
	Attach     string // comes back in the push
}

// VirtualPayParams is what wx.requestVirtualPayment wants, letter for letter. SignData is handed on as it is: the signatures cover its bytes.
type VirtualPayParams struct {
	Mode      string `json:"mode"`
	SignData  string `json:"signData"`
	PaySig    string `json:"paySig"`
	Signature string `json:"signature"`
}

// VirtualStatus is the state of an order of virtual payment.
type VirtualStatus string

const (
	VirtualUnpaid       VirtualStatus = "unpaid"
	VirtualPaid         VirtualStatus = "paid" // and not delivered yet
	VirtualDelivered    VirtualStatus = "delivered"
	VirtualRefunded     VirtualStatus = "refunded"
	VirtualClosed       VirtualStatus = "closed"
	VirtualRefundFailed VirtualStatus = "refund_failed"
	VirtualUnknown      VirtualStatus = "unknown"
)

// VirtualOrder is a payment, or a refund, of virtual payment.
type VirtualOrder struct {
	OrderID   string // ours
	WxOrderID string // WeChat's
	Status    VirtualStatus
	Refund    bool  // it is a refund
	TotalFen  int64 // price
	PaidFen   int64 // what the payer spent
	LeftFen   int64 // of a payment: what was not refunded
	RefundFen int64 // of a refund
	At        time.Time
}

// VirtualRefund asks for money of a virtual payment to go back.
type VirtualRefund struct {
	OpenID    string
	OrderID   string // of the payment
	RefundID  string // ours, 8..32 of [0-9A-Za-z_-]
	LeftFen   int64  // what is left of the payment now, as its order says
	RefundFen int64
}

// Delivery is what the push xpay_goods_deliver_notify says: an item was paid for.
type Delivery struct {
	OpenID        string
	OutTradeNo    string
	TransactionID string // of WeChat Pay; empty when Apple took the money
	ProductID     string
}
