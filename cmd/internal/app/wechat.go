package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"huitou/handler/hook"
	"huitou/model/db"
	"huitou/service/callbacks"
	"huitou/service/followers"
	"huitou/service/payments"
	"huitou/service/replies"
	"huitou/service/shipping"
	"huitou/service/tags"
	"huitou/service/tokens"
	"huitou/wechat"
	"huitou/wechat/mini"
	"huitou/wechat/oa"
	"huitou/wechat/pay"
)

// platform is WeChat as the services see it.
type platform struct {
	mini      miniProgram
	oa        officialAccount
	pay       merchant
	virtual   payments.VirtualGateway // nil = not offered
	oaCodec   codec
	miniCodec codec
}

// codec opens pushes for the hooks and reads stored ones for the vault.
type codec interface {
	hook.Codec
	callbacks.Reader
}

type miniProgram interface {
	Code2Session(ctx context.Context, code string) (wechat.Session, error)
	PhoneNumber(ctx context.Context, code string) (wechat.Phone, error)
	SendSubscribe(ctx context.Context, m wechat.SubscribeMessage) (msgID string, err error)
	MiniCode(ctx context.Context, in wechat.MiniCode) (wechat.Image, error)
	shipping.Centre
}

type officialAccount interface {
	SendTemplate(ctx context.Context, m wechat.TemplateMessage) (msgID string, err error)
	SendSubscribe(ctx context.Context, m wechat.SubscribeMessage) (msgID string, err error)
	SendText(ctx context.Context, m wechat.CustomText) error
	CreateQR(ctx context.Context, scene string, ttl time.Duration) (wechat.QRCode, error)
	UserInfo(ctx context.Context, openID string) (wechat.Follower, error)
	tags.Account
	followers.Account
	replies.Account
}

type merchant interface {
	Prepay(ctx context.Context, in wechat.Prepay) (prepayID string, err error)
	Params(prepayID string) (wechat.PayParams, error)
	Query(ctx context.Context, outTradeNo string) (wechat.Transaction, error)
	Close(ctx context.Context, outTradeNo string) error
	Refund(ctx context.Context, in wechat.RefundRequest) (wechat.Refund, error)
	QueryRefund(ctx context.Context, outRefundNo string) (wechat.Refund, error)
	TradeBill(ctx context.Context, day string) (wechat.Bill, error)
	hook.Notices
}

// maxBill bounds a day's bill as it comes over the wire, packed: millions of lines.
const maxBill = 64 << 20

// newPlatform makes the adapters. Without an official account in the settings, as in the tools that work on a data folder, every
// call answers errOffline: nothing may leave the machine.
func newPlatform(s Settings, d *db.DB) (platform, error) {
	if s.OA.AppID == "" {
		return platform{mini: offline{}, oa: offline{}, pay: offline{}}, nil
	}
	images := ""
	if s.Simulator != nil {
		images = s.Simulator.String()
	}
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: s.Simulator})
	var (
		p    platform
		errs []error
	)
	keep := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	force := func(app string) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) { return tokens.Budget{DB: d}.Spend(ctx, app) }
	}
	m, err := mini.New(mini.Config{AppID: s.Mini.AppID, Secret: s.Mini.Secret, HTTP: client, KV: s.KV, Now: s.Now, Log: s.Log, Force: force(s.Mini.AppID)})
	keep("mini-program", err)
	o, err := oa.New(oa.Config{AppID: s.OA.AppID, Secret: s.OA.Secret, HTTP: client, KV: s.KV, Now: s.Now, Log: s.Log, Images: images, Force: force(s.OA.AppID)})
	keep("official account", err)
	w, err := pay.New(pay.Config{
		AppID: s.Mini.AppID, MchID: s.Merchant.MchID, CertSerial: s.Merchant.SerialNo, PrivateKey: s.Merchant.PrivateKey,
		APIv3Key: s.Merchant.APIv3Key, PublicKeys: s.Merchant.publicKeys(), FetchCertificates: s.Merchant.FetchCertificates,
		HTTP: client, Files: wechat.NewHTTPClient(wechat.HTTPOptions{Target: s.Simulator, Timeout: time.Minute, MaxBody: maxBill}), Now: s.Now, Log: s.Log,
	})
	keep("WeChat Pay", err)
	oc, err := oa.NewCallback(oa.CallbackConfig{
		AppID: s.OA.AppID, Token: s.OA.Token, AESKeys: keys(s.OA), Mode: oa.Mode(s.OA.Mode), Format: format(s.OA.Format), Now: s.Now,
	})
	keep("callbacks of the official account", err)
	mc, err := mini.NewCallback(mini.CallbackConfig{
		AppID: s.Mini.AppID, Token: s.Mini.Token, AESKeys: keys(s.Mini), Mode: mini.Mode(s.Mini.Mode), Format: format(s.Mini.Format), Now: s.Now,
	})
	keep("callbacks of the mini-program", err)
	p = platform{mini: m, oa: o, pay: w, oaCodec: oc, miniCodec: mc}
	if s.Virtual.OfferID != "" && m != nil {
		v, err := mini.NewVirtual(m, mini.VirtualConfig(s.Virtual))
		keep("virtual payment", err)
		p.virtual = v
	}
	return p, errors.Join(errs...)
}

func keys(a Account) []wechat.Secret {
	out := []wechat.Secret{a.AESKey}
	if a.PreviousAESKey != "" {
		out = append(out, a.PreviousAESKey)
	}
	return out
}

func format(s string) wechat.Format { return wechat.Format(strings.ToLower(s)) }

var errOffline = errors.New("this command does not talk to WeChat")

// offline stands in for WeChat where there is none.
type offline struct{}

func (offline) Code2Session(context.Context, string) (s wechat.Session, err error) {
	return s, errOffline
}
func (offline) PhoneNumber(context.Context, string) (p wechat.Phone, err error) { return p, errOffline }
func (offline) SendTemplate(context.Context, wechat.TemplateMessage) (string, error) {
	return "", errOffline
}
func (offline) SendSubscribe(context.Context, wechat.SubscribeMessage) (string, error) {
	return "", errOffline
}
func (offline) Menu(context.Context) ([]wechat.MenuButton, bool, error) {
	return nil, false, errOffline
}
func (offline) CreateMenu(context.Context, []wechat.MenuButton) error { return errOffline }
func (offline) SendText(context.Context, wechat.CustomText) error     { return errOffline }
func (offline) CreateQR(context.Context, string, time.Duration) (q wechat.QRCode, err error) {
	return q, errOffline
}
func (offline) MiniCode(context.Context, wechat.MiniCode) (i wechat.Image, err error) {
	return i, errOffline
}
func (offline) UserInfo(context.Context, string) (f wechat.Follower, err error) { return f, errOffline }
func (offline) Prepay(context.Context, wechat.Prepay) (string, error)           { return "", errOffline }
func (offline) Params(string) (p wechat.PayParams, err error)                   { return p, errOffline }
func (offline) Query(context.Context, string) (t wechat.Transaction, err error) { return t, errOffline }
func (offline) TradeBill(context.Context, string) (b wechat.Bill, err error)    { return b, errOffline }
func (offline) TradeManaged(context.Context) (bool, error)                      { return false, errOffline }
func (offline) UploadShipping(context.Context, wechat.Shipping) error           { return errOffline }
func (offline) ShippingOrder(context.Context, string, string, string) (o wechat.ShippingOrder, err error) {
	return o, errOffline
}
func (offline) Carriers(context.Context) ([]wechat.Carrier, error) { return nil, errOffline }
func (offline) Close(context.Context, string) error                { return errOffline }
func (offline) Refund(context.Context, wechat.RefundRequest) (r wechat.Refund, err error) {
	return r, errOffline
}
func (offline) QueryRefund(context.Context, string) (r wechat.Refund, err error) {
	return r, errOffline
}
func (offline) ParseNotice(context.Context, http.Header, []byte) (n wechat.PayNotice, err error) {
	return n, errOffline
}
