package payments

import (
	"context"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/wechat"
)

// MaxAmount is the hard upper bound of one order, a million yuan; Deps.Cap may only lower it.
const MaxAmount model.Fen = 100_000_000

// PrepayLife is how long WeChat honours a prepay id (wechat.md §4.1).
const PrepayLife = 2 * time.Hour

// Gateway is WeChat Pay as this package needs it; wechat/pay's client is one.
type Gateway interface {
	Prepay(ctx context.Context, in wechat.Prepay) (prepayID string, err error)
	Params(prepayID string) (wechat.PayParams, error)
	Query(ctx context.Context, outTradeNo string) (wechat.Transaction, error)
	// Close ends an order at WeChat. A paid order is refused with the code ORDER_PAID.
	Close(ctx context.Context, outTradeNo string) error
}

// Refunds is how WeChat Pay gives money back; wechat/pay's client is one. Acceptance is not success: the answer's status says how far it is.
type Refunds interface {
	Refund(ctx context.Context, in wechat.RefundRequest) (wechat.Refund, error)
	// QueryRefund asks by our number; an unknown one is refused with the code RESOURCE_NOT_EXISTS.
	QueryRefund(ctx context.Context, outRefundNo string) (wechat.Refund, error)
}

// Deps is what the service needs.
type Deps struct {
	DB      *db.DB
	Gateway Gateway
	// Refunds may be nil where nothing goes back; refunds wait then.
	Refunds Refunds
	// Virtual is virtual payment; nil means that it is not offered.
	Virtual VirtualGateway
	Queue   *jobs.Queue
	Facts   *facts.Log
	Log     *slog.Logger

	// AppID is the app in which people pay, MchID the merchant that is paid. Each order keeps those of its day, so
	// that a change of settings does not disown payments that are under way.
	AppID, MchID string
	// NotifyURL is the public https address of the notices, without a query.
	NotifyURL string
	// RefundNotifyURL is that of notices about refunds.
	RefundNotifyURL string
	// Payer returns the member's openid in the app AppID, as members.ShopperTx does; a fault of the kind NotFound means
	// that there is none.
	Payer func(ctx context.Context, tx *db.Tx, m model.MemberID) (openID string, err error)
	// Cap is the largest amount of one order; 0 means MaxAmount.
	Cap model.Fen
	// RefundAlone is how much one member of staff may give back on one day without a second person; 0 means 500 yuan.
	RefundAlone model.Fen
	// PayWithin is how long an order can be paid, at least a minute; 0 means 30 minutes.
	PayWithin time.Duration
}

// Service takes payments.
type Service struct {
	db       *db.DB
	channels map[model.PayChannel]Channel
	gateway  Gateway // of the bills' account
	refunds  Refunds
	queue    *jobs.Queue
	facts    *facts.Log
	log      *slog.Logger

	appID, mchID, offerID string
	refundNotifyURL       string
	payer                 func(ctx context.Context, tx *db.Tx, m model.MemberID) (string, error)
	cap, refundAlone      model.Fen
	payWithin             time.Duration

	applying *db.Group[uint32, statement, applied]
}

// New returns the service and registers its workers with the queue.
func New(d Deps) *Service {
	s := &Service{
		db: d.DB, queue: d.Queue, facts: d.Facts, log: d.Log,
		gateway: d.Gateway, appID: d.AppID, mchID: d.MchID, refundNotifyURL: d.RefundNotifyURL, payer: d.Payer,
		cap: d.Cap, refundAlone: d.RefundAlone, payWithin: d.PayWithin,
	}
	if s.refunds = d.Refunds; s.refunds == nil {
		s.refunds = noRefunds{}
	}
	s.channels = map[model.PayChannel]Channel{model.ChannelJSAPI: jsapi{d.Gateway, s.refunds, d.NotifyURL}}
	if d.Virtual != nil {
		s.channels[model.ChannelVirtual], s.offerID = virtual{d.Virtual}, d.Virtual.OfferID()
	}
	if s.cap <= 0 || s.cap > MaxAmount {
		s.cap = MaxAmount
	}
	if s.refundAlone <= 0 {
		s.refundAlone = defaultAlone
	}
	if s.payWithin == 0 {
		s.payWithin = 30 * time.Minute
	}
	s.payWithin = max(s.payWithin, time.Minute)
	s.applying = db.NewGroup(d.DB, applyMost, s.applyTogether)
	s.register()
	return s
}

// Paid is the fact that an order was paid, recorded in the transaction that credits it: once for each order, and only after
// every check. Whoever sold something gives it now.
type Paid struct {
	PayOrder      model.PayOrderID `json:"pay_order"`
	Number        string           `json:"number"`
	Purpose       string           `json:"purpose"`
	Ref           string           `json:"ref"`
	Member        model.MemberID   `json:"member"`
	Amount        model.Fen        `json:"amount_fen"`
	TransactionID string           `json:"transaction_id"`
	PaidAt        time.Time        `json:"paid_at"`
}

// FactName names the kind of fact.
func (Paid) FactName() string { return "payments.paid" }

// FactKey names this one.
func (p Paid) FactKey() string { return payKey(p.PayOrder) + ":paid" }

// noRefunds stands in where nobody can give money back.
type noRefunds struct{}

func (noRefunds) Refund(context.Context, wechat.RefundRequest) (r wechat.Refund, err error) {
	return r, ErrGateway
}
func (noRefunds) QueryRefund(context.Context, string) (r wechat.Refund, err error) {
	return r, ErrGateway
}
