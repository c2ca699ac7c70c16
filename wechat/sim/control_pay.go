package sim

import (
	"net/http"
	"slices"
	"time"
)

// ctlPay answers 200 {errMsg:"requestPayment:ok"} when the customer paid. A refusal
// carries the errMsg the mini-program would see as its message.
func (s *Sim) ctlPay(r *http.Request) (any, error) {
	var in paymentRequest
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	wait, err := waitOf(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	u, err := s.named(r)
	var o *order
	var d *Delivery
	if err == nil {
		o, d, err = s.requestPayment(u, in)
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	paid := o.body(s.now())
	s.mu.Unlock()
	view := s.await(r.Context(), d, wait)
	return map[string]any{"errMsg": "requestPayment:ok", "order": paid, "delivery": view, "pay_sign_checked": !in.Unsigned}, nil
}

type orderBody struct {
	OutTradeNo    string     `json:"out_trade_no"`
	PrepayID      string     `json:"prepay_id"`
	TransactionID string     `json:"transaction_id,omitempty"`
	User          string     `json:"user"`
	Description   string     `json:"description"`
	Total         int64      `json:"total"`
	State         tradeState `json:"state"`
	Payable       bool       `json:"payable"`
	CreatedAt     time.Time  `json:"created_at"`
	PaidAt        time.Time  `json:"paid_at,omitzero"`
	Refunded      int64      `json:"refunded"`
	OrderState    int        `json:"shipping_state"` // 1 waiting, 2 shipped, 3 confirmed
}

func (o *order) body(now time.Time) orderBody {
	b := orderBody{
		OutTradeNo: o.number, PrepayID: o.prepayID, TransactionID: o.transactionID, User: o.user.ID,
		Description: o.description, Total: o.total, State: o.state, CreatedAt: o.createdAt, PaidAt: o.paidAt,
		Payable:    o.state == tradeNotPay && now.Sub(o.prepayAt) < prepayLife && now.Before(o.expiresAt),
		OrderState: o.shipping.state,
	}
	for _, r := range o.refunds {
		if r.status == refundSuccess {
			b.Refunded += r.amount
		}
	}
	return b
}

func (s *Sim) ctlOrders(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	orders := []orderBody{}
	user := r.URL.Query().Get("user")
	for _, o := range slices.Backward(s.orderList) {
		if user != "" && o.user.ID != user {
			continue
		}
		if orders = append(orders, o.body(s.now())); len(orders) == 200 {
			break
		}
	}
	return map[string]any{"orders": orders}, nil
}

func (s *Sim) ctlRefunds(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refunds := []refundBody{}
	for _, o := range s.orderList {
		for _, r := range o.refunds {
			refunds = append(refunds, s.refundBody(r))
		}
	}
	return map[string]any{"refunds": refunds}, nil
}

func (s *Sim) ctlRefundResult(r *http.Request) (any, error) {
	var in struct {
		Status refundStatus `json:"status"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	wait, err := waitOf(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	settled, d, err := s.finishRefund(r.PathValue("out_refund_no"), in.Status)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	out := map[string]any{"refund": s.refundBody(settled)}
	s.mu.Unlock()
	if d != nil { // no notify_url, no notification
		out["delivery"] = s.await(r.Context(), d, wait)
	}
	return out, nil
}

func (s *Sim) ctlQRCodes(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	codes := []qrcode{}
	for _, q := range slices.Backward(s.qrcodes) {
		if s.liveQRCode(q.Ticket) != nil {
			codes = append(codes, *q)
		}
		if len(codes) == 200 {
			break
		}
	}
	return map[string]any{"qrcodes": codes}, nil
}

func (s *Sim) ctlDeliveries(r *http.Request) (any, error) {
	limit, err := queryInt(r, "limit", 50, 500)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Delivery{}
	for _, d := range slices.Backward(s.deliveries) {
		if uint64(len(out)) == limit {
			break
		}
		out = append(out, d.view())
	}
	return map[string]any{"deliveries": out}, nil
}

func (s *Sim) ctlDelivery(r *http.Request) (any, error) {
	wait, err := waitOf(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	i := slices.IndexFunc(s.deliveries, func(d *Delivery) bool { return d.ID == r.PathValue("id") })
	if i < 0 {
		s.mu.Unlock()
		return nil, &refusal{http.StatusNotFound, "delivery_unknown", "没有这次推送"}
	}
	d := s.deliveries[i]
	s.mu.Unlock()
	return s.outcome(r.Context(), d, wait)
}
