package sim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// controlRoute is one line of the control API, and of its index.
type controlRoute struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Does   string `json:"does"`
	serve  func(*Sim, *http.Request) (any, error)
}

// controlRoutes is the control API. doc.go says what the bodies hold.
func controlRoutes() []controlRoute {
	return []controlRoute{
		{"GET", "/_sim", "this list", (*Sim).ctlIndex},
		{"GET", "/_sim/accounts", "appids, merchant and templates, without secrets", (*Sim).ctlAccounts},
		{"POST", "/_sim/users", "new customer {nickname?, phone?}", (*Sim).ctlCreateUser},
		{"GET", "/_sim/users", "customers", (*Sim).ctlUsers},
		{"GET", "/_sim/users/{user}", "one customer, by id, openid, unionid or phone", (*Sim).ctlUser},
		{"POST", "/_sim/users/{user}/traits", "{blocked?, unreachable?, risky?}: refuses templates; messages fail later; login answers 40226", (*Sim).ctlTraits},
		{"POST", "/_sim/users/{user}/login", "wx.login → {js_code}", (*Sim).ctlLogin},
		{"POST", "/_sim/users/{user}/phone", "getPhoneNumber {phone?} → {code}", (*Sim).ctlPhone},
		{"POST", "/_sim/users/{user}/authorize", "{url} of a page's 网页授权 → {code, location}: opens it and agrees", (*Sim).ctlAuthorize},
		{"POST", "/_sim/users/{user}/follow", "{ticket?, scene?}", (*Sim).ctlFollow},
		{"POST", "/_sim/users/{user}/unfollow", "{}", (*Sim).ctlUnfollow},
		{"POST", "/_sim/users/{user}/scan", "{ticket}: ticket or the address in the image", (*Sim).ctlScan},
		{"POST", "/_sim/users/{user}/send_text", "{content, app?}", (*Sim).ctlSendText},
		{"POST", "/_sim/users/{user}/click", "{key} of the menu", (*Sim).ctlClick},
		{"GET", "/_sim/menu", "the menu of the 服务号", (*Sim).ctlMenu},
		{"POST", "/_sim/users/{user}/menu", "{at:[button, entry?]}, counted from 0", (*Sim).ctlTapMenu},
		{"GET", "/_sim/users/{user}/subscriptions", "templates of subscribe messages and how often each may still be sent", (*Sim).ctlSubscriptions},
		{"POST", "/_sim/users/{user}/subscribe", "{app?, choices:[{template, accept}], scene?}: answers the question whether notices may be sent", (*Sim).ctlSubscribe},
		{"POST", "/_sim/users/{user}/unsubscribe", "{app?, template}: switches a template off in the settings", (*Sim).ctlTakeBack},
		{"POST", "/_sim/users/{user}/open", "{url} of a mini-program code or link → {page, query, scene}", (*Sim).ctlOpen},
		{"POST", "/_sim/users/{user}/enter_session", "{from?}: opens the mini-program's customer service", (*Sim).ctlEnterSession},
		{"POST", "/_sim/users/{user}/push", "{app?, event, fields?}: any event, known or not", (*Sim).ctlPush},
		{"POST", "/_sim/sms", "{phone, from?, text} → {received}: a text message", (*Sim).ctlSMS},
		{"GET", "/_sim/doors", "mini-program codes and links, newest first", (*Sim).ctlDoors},
		{"POST", "/_sim/users/{user}/pay", "wx.requestPayment parameters + {outcome?: success|cancel|fail}, or {prepay_id, unsigned:true}", (*Sim).ctlPay},
		{"GET", "/_sim/users/{user}/inbox", "messages on the phone; ?after=seq", (*Sim).ctlInbox},
		{"GET", "/_sim/qrcodes", "scene QRs, newest first", (*Sim).ctlQRCodes},
		{"GET", "/_sim/orders", "orders, newest first; ?user=", (*Sim).ctlOrders},
		{"GET", "/_sim/refunds", "refunds of all orders", (*Sim).ctlRefunds},
		{"POST", "/_sim/refunds/{out_refund_no}/result", "{status: SUCCESS|ABNORMAL|CLOSED}", (*Sim).ctlRefundResult},
		{"GET", "/_sim/bills/{day}", "what a day's bill says, 2026-01-02", (*Sim).ctlBill},
		{"POST", "/_sim/bills/{day}/changes", "spoil it: {act: drop|amount|status|foreign, number, fen?, status?}", (*Sim).ctlChangeBill},
		{"DELETE", "/_sim/bills/{day}/changes", "as it was", (*Sim).ctlRestoreBill},
		{"POST", "/_sim/certificates/rotate", "a new platform certificate; the old one still verifies", (*Sim).ctlRotateCertificate},
		{"GET", "/_sim/deliveries", "pushes and notifications, newest first; ?limit=", (*Sim).ctlDeliveries},
		{"GET", "/_sim/deliveries/{id}", "one of them; waits for its first try", (*Sim).ctlDelivery},
		{"POST", "/_sim/verify_url", "{app}: the console's GET check of the callback address", (*Sim).ctlVerifyURL},
		{"GET", "/_sim/journal", "exchanges; ?after=seq&limit=&app=", (*Sim).ctlJournal},
		{"GET", "/_sim/faults", "faults set", (*Sim).ctlFaults},
		{"POST", "/_sim/faults", "{kind, app?, endpoint?, nth?, times?, delay_ms?, status?, code?, message?, stuck?}", (*Sim).ctlAddFault},
		{"DELETE", "/_sim/faults", "remove all", (*Sim).ctlClearFaults},
		{"DELETE", "/_sim/faults/{id}", "remove one", (*Sim).ctlRemoveFault},
		{"GET", "/_sim/settings", "push base, modes, pace", (*Sim).ctlSettings},
		{"POST", "/_sim/settings", "change some of them", (*Sim).ctlChangeSettings},
		{"POST", "/_sim/templates", "new template {for?: template|oa_subscribe|mini_subscribe, name?, title, fields:[{key,label,enum?}]}", (*Sim).ctlAddTemplate},
		{"GET", "/_sim/clock", "this WeChat's time, and the last journey", (*Sim).ctlClock},
		{"POST", "/_sim/clock", "{advance_ms} or {to}: moves the clock forward, where it can be moved", (*Sim).ctlTravel},
		{"POST", "/_sim/reset", "forget everything but accounts and settings", (*Sim).ctlReset},
	}
}

func (s *Sim) controlHandler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range controlRoutes() {
		mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
			out, err := route.serve(s, r)
			status := http.StatusOK
			if err != nil {
				why := asRefusal(err)
				status, out = why.status, map[string]string{"error": why.code, "message": why.message}
			}
			a := jsonAnswer(status, "application/json; charset=utf-8", out)
			a.header.Set("Cache-Control", "no-store")
			a.write(w, r)
		})
	}
	s.mountPage(mux)
	// Another site's page in the same browser may not move this WeChat about.
	return http.NewCrossOriginProtection().Handler(mux)
}

// readControl reads a JSON object, refusing unknown fields; an empty body is {}.
func readControl(r *http.Request, into any) error {
	d := strictDecoder(r.Body)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return &refusal{http.StatusBadRequest, "body_invalid", "请求体有误：" + err.Error()}
	}
	return nil
}

// acting runs an act of the customer in the path and waits for its push.
func (s *Sim) acting(r *http.Request, act func(*customer) (*Delivery, error)) (any, error) {
	wait, err := waitOf(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	u, err := s.named(r)
	var d *Delivery
	if err == nil {
		d, err = act(u)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.outcome(r.Context(), d, wait)
}

type outcomeBody struct {
	Delivery *Delivery `json:"delivery"`
	// Replies are what the phone received in answer.
	Replies []Message `json:"replies"`
}

func (s *Sim) outcome(ctx context.Context, d *Delivery, wait time.Duration) (outcomeBody, error) {
	view := s.await(ctx, d, wait)
	out := outcomeBody{Delivery: &view, Replies: []Message{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, isPush := d.carrier.(*accountPush); isPush {
		out.Replies = append(out.Replies, p.replies...)
	}
	return out, nil
}

// named is the customer of the path. s.mu is held.
func (s *Sim) named(r *http.Request) (*customer, error) {
	if u := s.people[r.PathValue("user")]; u != nil {
		return u, nil
	}
	return nil, &refusal{http.StatusNotFound, "user_unknown", "没有这位顾客"}
}

// waitOf reads ?wait_ms=, 0 to 15000.
func waitOf(r *http.Request) (time.Duration, error) {
	raw := r.URL.Query().Get("wait_ms")
	if raw == "" {
		return waitBound, nil
	}
	ms, err := strconv.Atoi(raw)
	if err != nil || ms < 0 || ms > 15_000 {
		return 0, &refusal{http.StatusBadRequest, "wait_invalid", "wait_ms 须为 0 到 15000"}
	}
	return time.Duration(ms) * time.Millisecond, nil
}

func queryInt(r *http.Request, key string, fallback, most uint64) (uint64, error) {
	raw := r.URL.Query().Get(key)
	if raw == "" {
		return fallback, nil
	}
	n, err := strconv.ParseUint(raw, 10, 64)
	if err != nil {
		return 0, &refusal{http.StatusBadRequest, key + "_invalid", key + " 须为非负整数"}
	}
	return min(n, most), nil
}
