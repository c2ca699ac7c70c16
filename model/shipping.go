package model

import "time"

// ShippingState is how far WeChat knows that a paid order was delivered.
//
//	waiting --(the seller has delivered)--> queued --> sending --> shipped
//	   |                                       |          |
//	   +-------(nothing to tell)---------------+----------+-----> unneeded
//	                                           +----------+-----> stuck --(staff)--> queued
type ShippingState string

const (
	ShippingWaiting  ShippingState = "waiting"  // the goods have not left the shop
	ShippingQueued   ShippingState = "queued"   // to be told
	ShippingSending  ShippingState = "sending"  // a call left the house; WeChat may know or not
	ShippingShipped  ShippingState = "shipped"  // WeChat knows
	ShippingUnneeded ShippingState = "unneeded" // the money went back, or WeChat does not ask for it
	ShippingStuck    ShippingState = "stuck"    // people must look at it
)

// Shipping is what WeChat has to be told about the delivery of one paid order.
type Shipping struct {
	ID         ShippingID
	PayOrderID PayOrderID
	// TransactionID is WeChat's number of the payment.
	TransactionID string
	State         ShippingState
	Mode          int    // WeChat's logistics_type; 0 = not known yet
	ItemDesc      string // what was sold, at most 120 characters
	Carrier       string // of express, in our words
	Tracking      string
	Tries         int
	Code          int64  // WeChat's last refusal; 0 = none
	Problem       string // why it is not done
	PaidAt        time.Time
	CreatedAt     time.Time
	ReadyAt       *time.Time // since when it can be told; two days later it becomes an alarm
	SentAt        *time.Time // of the last call
	ShippedAt     *time.Time // when we learned that WeChat knows
	SettledAt     *time.Time // when WeChat let the money go
	AlarmedAt     *time.Time
	StaffID       StaffID // who had it tried again
	Note          string
}

// TableName names the table.
func (Shipping) TableName() string { return "shippings" }
