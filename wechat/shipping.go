package wechat

import "time"

// ShippingMode says how goods reach the payer; the numbers are WeChat's logistics_type.
type ShippingMode int

const (
	ShippedByExpress ShippingMode = 1
	ShippedInCity    ShippingMode = 2
	ShippedVirtually ShippingMode = 3 // cards, credit: nothing is carried
	ShippedByPickup  ShippingMode = 4
)

// Shipping tells WeChat that a paid order was delivered; without it the money of a trading
// mini-program stays frozen. Name the order by TransactionID, or by MchID and OutTradeNo.
type Shipping struct {
	TransactionID string
	MchID         string
	OutTradeNo    string
	Mode          ShippingMode // express needs TrackingNo and ExpressCompany
	ItemDesc      string       // what was sold; cut to 120 characters
	PayerOpenID   string

	TrackingNo     string
	ExpressCompany string // WeChat's id of the carrier, as Carriers tells
	// Contact is the receiver's phone number with the middle digits hidden, 138****1234. 顺丰 wants one.
	Contact string
}

// Carrier is one that WeChat knows.
type Carrier struct{ ID, Name string }

// ShippingState is the state of a paid order in WeChat's order centre.
type ShippingState string

const (
	ShippingWaits     ShippingState = "waiting"
	ShippingSent      ShippingState = "shipped"
	ShippingConfirmed ShippingState = "confirmed"
	ShippingDone      ShippingState = "done"
	ShippingRefunded  ShippingState = "refunded"
	ShippingPending   ShippingState = "pending" // money not settled yet
	ShippingUnknown   ShippingState = "unknown"
)

// ShippingOrder is what the order centre knows about a payment.
type ShippingOrder struct {
	TransactionID string
	OutTradeNo    string
	MchID         string
	State         ShippingState
	PayerOpenID   string
	PaidFen       int64
	PaidAt        time.Time
	Disputed      bool
}
