package shipping

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/jobs"
	"huitou/service/payments"
	"huitou/wechat"
)

// Faults of this package.
var (
	ErrUnknown  = fault.New(fault.NotFound, "shipping.unknown", "发货记录不存在", "there is no such shipping")
	ErrNotStuck = fault.New(fault.Conflict, "shipping.not_stuck", "该记录无需重试", "the shipping is not stuck")
)

// Centre is WeChat's order centre; wechat/mini's client is one.
type Centre interface {
	// TradeManaged reports whether WeChat wants to be told about deliveries.
	TradeManaged(ctx context.Context) (bool, error)
	// UploadShipping tells about one. What WeChat knows already is no error.
	UploadShipping(ctx context.Context, in wechat.Shipping) error
	// ShippingOrder looks an order up by its transaction.
	ShippingOrder(ctx context.Context, transactionID, mchID, outTradeNo string) (wechat.ShippingOrder, error)
	Carriers(ctx context.Context) ([]wechat.Carrier, error)
}

// Parcel is what a seller says about the delivery of a paid order.
type Parcel struct {
	// Ready means that it is delivered, has left the shop, or waits at the counter.
	Ready bool
	// Off says why nothing is delivered any more; empty when something is.
	Off      string
	Mode     wechat.ShippingMode
	ItemDesc string // what it is, for the payer; cut to 120 characters
	// For express: the carrier in the shop's words, its number, and the receiver's phone number with its middle hidden.
	Carrier, Tracking, Contact string
}

// Seller says what a paid order of one purpose is. It joins the transaction.
type Seller func(ctx context.Context, tx *db.Tx, o model.PayOrder) (Parcel, error)

// Deps is what the service needs.
type Deps struct {
	DB       *db.DB
	Payments *payments.Service
	Centre   Centre
	Sellers  map[string]Seller // by the purpose of the payment
	Queue    *jobs.Queue
	Log      *slog.Logger
}

// Service tells WeChat about deliveries.
type Service struct {
	db       *db.DB
	payments *payments.Service
	centre   Centre
	sellers  map[string]Seller
	queue    *jobs.Queue
	log      *slog.Logger

	mu       sync.Mutex // guards what WeChat told about itself lately
	managed  bool
	managedT time.Time
	carriers []wechat.Carrier
	carrierT time.Time
}

// New returns the service and registers its workers with the queue. cmd subscribes OnPaid to payments.Paid and OnSettled to
// WeChat's pushes.
func New(d Deps) *Service {
	s := &Service{db: d.DB, payments: d.Payments, centre: d.Centre, sellers: d.Sellers, queue: d.Queue, log: d.Log}
	jobs.Handle(s.queue, jobTell, s.tell)
	s.queue.Every("shipping.sweep", jobs.Interval(time.Hour), s.Sweep)
	return s
}
