package sim

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// What a customer does with the phone. Each act that WeChat tells the product about
// returns its delivery, queued; callers hold Sim.mu.

// refusal is why the phone or the control API would not do something.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(code, message string) error { return &refusal{http.StatusConflict, code, message} }

var errNoQRCode = &refusal{http.StatusNotFound, "qrcode_unknown", "二维码不存在或已过期"}

// follow subscribes; a ticket makes it a follow by QR, with the scene in the event.
func (s *Sim) follow(u *customer, ticket, scene string) (*Delivery, error) {
	if u.followed {
		return nil, refuse("follower_already", "已经关注了")
	}
	if ticket != "" {
		q := s.seenQRCode(ticket)
		if q == nil {
			return nil, errNoQRCode
		}
		q.Scans++
		ticket, scene = q.Ticket, q.Scene
	}
	now := s.now()
	u.followed, u.followedAt, u.scene = true, now, scene
	u.interact(kindOA, windowFollow, now)
	extra := []pushField{text("EventKey", "")}
	if scene != "" {
		extra = []pushField{text("EventKey", "qrscene_"+scene), text("Ticket", ticket)}
	}
	s.receive(u, Message{App: kindOA, Mine: true, Kind: "event", Text: "关注了公众号"})
	return s.tell(u, "subscribe", true, extra), nil
}

func (s *Sim) unfollow(u *customer) (*Delivery, error) {
	if !u.followed {
		return nil, refuse("follower_not", "没有关注")
	}
	u.followed, u.scene = false, ""
	clear(u.windows[kindOA])
	s.dropTags(u)
	s.receive(u, Message{App: kindOA, Mine: true, Kind: "event", Text: "取消了关注"})
	return s.tell(u, "unsubscribe", false, []pushField{text("EventKey", "")}), nil
}

// scan follows by the QR, or tells SCAN of someone who follows already: the same
// scene, without the prefix.
func (s *Sim) scan(u *customer, ticket string) (*Delivery, error) {
	if !u.followed {
		return s.follow(u, ticket, "")
	}
	q := s.seenQRCode(ticket)
	if q == nil {
		return nil, errNoQRCode
	}
	q.Scans++
	u.interact(kindOA, windowScan, s.now())
	s.receive(u, Message{App: kindOA, Mine: true, Kind: "event", Text: "扫描了二维码"})
	return s.tell(u, "SCAN", true, []pushField{text("EventKey", q.Scene), text("Ticket", q.Ticket)}), nil
}

func (s *Sim) sendText(u *customer, kind appKind, content string) (*Delivery, error) {
	if kind == kindOA && !u.followed {
		return nil, refuse("follower_not", "没有关注，不能发消息")
	}
	u.interact(kind, windowMessage, s.now())
	s.receive(u, Message{App: kind, Mine: true, Kind: "text", Text: content})
	return s.emit(s.newPush(kind, u, "text", s.now(), true, []pushField{
		text("Content", content), number("MsgId", int64(s.ids.msgID())),
	})), nil
}

func (s *Sim) click(u *customer, key string) (*Delivery, error) {
	if !u.followed {
		return nil, refuse("follower_not", "没有关注，看不到菜单")
	}
	u.interact(kindOA, windowClick, s.now())
	s.receive(u, Message{App: kindOA, Mine: true, Kind: "event", Text: "点击菜单 " + key})
	return s.tell(u, "CLICK", true, []pushField{text("EventKey", key)}), nil
}

// tapMenu taps an entry of the menu. A click is answered in the chat; an address or a
// page of the mini-program opens, and the event tells of it.
func (s *Sim) tapMenu(u *customer, at []int) (*Delivery, error) {
	entry := s.menu.entry(at)
	switch {
	case !u.followed:
		return nil, refuse("follower_not", "没有关注，看不到菜单")
	case entry == nil:
		return nil, &refusal{http.StatusNotFound, "menu_entry_unknown", "菜单里没有这一项"}
	}
	open := func(event, what string) (*Delivery, error) {
		s.receive(u, Message{App: kindOA, Mine: true, Kind: "event", Text: "点开菜单「" + entry.Name + "」", URL: what})
		return s.tell(u, event, false, []pushField{text("EventKey", what), number("MenuId", s.menu.id)}), nil
	}
	switch entry.Type {
	case "click":
		return s.click(u, entry.Key)
	case "view":
		return open("VIEW", entry.URL)
	case "miniprogram":
		return open("view_miniprogram", entry.PagePath)
	}
	return nil, refuse("menu_entry_unsupported", "模拟器的手机不会用这种菜单："+entry.Type)
}

func (s *Sim) tell(u *customer, event string, answerable bool, extra []pushField) *Delivery {
	return s.emit(s.newPush(kindOA, u, event, s.now(), answerable, extra))
}

// paymentRequest is what a mini-program passes to wx.requestPayment, and what the
// customer then does.
type paymentRequest struct {
	AppID     string `json:"appId"`
	TimeStamp string `json:"timeStamp"`
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"`
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`

	Outcome string `json:"outcome"` // success (default), cancel or fail
	// PrepayID pays without the parameters, for people at the simulator's page.
	PrepayID string `json:"prepay_id"`
	// Unsigned must be true with PrepayID alone: nothing checks the product's paySign.
	Unsigned bool `json:"unsigned"`
}

// requestPayment is the phone's pay sheet. It refuses what a real one refuses:
// parameters that do not verify with the merchant's public key, another customer's
// order, a prepay_id older than two hours, an order that is over.
func (s *Sim) requestPayment(u *customer, in paymentRequest) (*order, *Delivery, error) {
	prepayID := in.PrepayID
	if !in.Unsigned {
		id, err := s.checkPaySign(in)
		if err != nil {
			return nil, nil, err
		}
		prepayID = id
	}
	o := s.prepays[prepayID]
	switch now := s.now(); {
	case o == nil:
		return nil, nil, &refusal{http.StatusNotFound, "prepay_unknown", "requestPayment:fail 支付单不存在"}
	case !in.Unsigned && in.AppID != o.appID:
		return o, nil, refuse("appid_mismatch", "requestPayment:fail appId 与下单时不一致")
	case o.user != u:
		return o, nil, refuse("payer_mismatch", "requestPayment:fail 下单账号与支付账号不一致，请核实后再支付")
	case o.state == tradeClosed:
		return o, nil, refuse("order_closed", "requestPayment:fail 订单已关闭")
	case o.state != tradeNotPay:
		return o, nil, refuse("order_paid", "requestPayment:fail 该订单已支付")
	case o.prepayID != prepayID || now.Sub(o.prepayAt) >= prepayLife:
		return o, nil, refuse("prepay_expired", "requestPayment:fail 预支付会话已过期")
	case !now.Before(o.expiresAt):
		return o, nil, refuse("order_expired", "requestPayment:fail 订单已过支付时限")
	}
	switch in.Outcome {
	case "cancel":
		return o, nil, refuse("cancelled", "requestPayment:fail cancel")
	case "fail":
		return o, nil, refuse("failed", "requestPayment:fail 支付失败：银行卡余额不足")
	case "", "success":
		return o, s.pay(o), nil
	}
	return o, nil, &refusal{http.StatusBadRequest, "outcome_unknown", "outcome 须为 success、cancel 或 fail"}
}

// checkPaySign verifies over the parameters as passed, so a product that signs a
// bare prepay_id or another appId is caught here.
func (s *Sim) checkPaySign(in paymentRequest) (prepayID string, err error) {
	const prefix = "prepay_id="
	bad := func(message string) (string, error) {
		return "", &refusal{http.StatusUnprocessableEntity, "pay_sign_invalid", "requestPayment:fail " + message}
	}
	switch {
	case in.SignType != "RSA":
		return bad("signType 须为 RSA")
	case len(in.Package) <= len(prefix) || in.Package[:len(prefix)] != prefix:
		return bad("package 须为 prepay_id=…")
	case in.PrepayID != "" && in.PrepayID != in.Package[len(prefix):]:
		return bad("prepay_id 与 package 不一致")
	}
	if _, err := strconv.ParseInt(in.TimeStamp, 10, 64); err != nil || in.NonceStr == "" || len(in.NonceStr) > 32 {
		return bad("timeStamp 或 nonceStr 有误")
	}
	message := signedLines(in.AppID, in.TimeStamp, in.NonceStr, in.Package)
	if err := verifyRSA(s.acc.merchantKey, message, in.PaySign); err != nil {
		return bad("支付验证签名失败")
	}
	return in.Package[len(prefix):], nil
}

func (s *Sim) pay(o *order) *Delivery {
	now := s.now()
	o.state, o.paidAt, o.transactionID = tradeSuccess, now, s.ids.transactionID(now)
	o.shipping.state = shippingWait
	s.transactions[o.transactionID] = o
	o.user.interact(kindOA, windowPaid, now)
	s.receive(o.user, Message{
		App: kindPay, Kind: "payment", Title: "支付成功", Text: yuan(o.total) + " " + o.description, MsgID: o.transactionID,
	})
	d := s.newNotice(o.notifyURL, "TRANSACTION.SUCCESS", o, nil, now)
	if f := struck(s.strike([]faultKind{faultReordered}, kindPay, d.Event), faultReordered); f != nil {
		s.hold(d, o, now.Add(orDefault(f.DelayMS, 10*60*1000)))
		return d
	}
	s.dispatch(d, now)
	return d
}

// finishRefund settles a refund by hand.
func (s *Sim) finishRefund(number string, status refundStatus) (*refund, *Delivery, error) {
	r := s.refunds[number]
	switch {
	case r == nil:
		return nil, nil, &refusal{http.StatusNotFound, "refund_unknown", "退款单不存在"}
	case r.status != refundProcessing:
		return nil, nil, refuse("refund_settled", "退款已有结果："+string(r.status))
	case status != refundSuccess && status != refundAbnormal && status != refundClosed:
		return nil, nil, &refusal{http.StatusBadRequest, "status_unknown", "status 须为 SUCCESS、ABNORMAL 或 CLOSED"}
	}
	return r, s.settleRefund(r, status, s.now()), nil
}

// waitBound is how long a control call waits for its push unless it says otherwise:
// the platform's own patience and a little more, in real time.
const waitBound = pushTimeout + time.Second

func asRefusal(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	return &refusal{http.StatusInternalServerError, "internal", err.Error()}
}
