package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"huitou/cmd/internal/app"
	"huitou/handler/web"
	"huitou/model"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/qrcodes"
	"huitou/wechat"
	"huitou/wechat/sim"
)

// Earning are the demo shop's rules: one point a yuan, at once, for a year.
var Earning = orders.Rules{PointsPerYuan: 1, Expiry: model.ExpiryRule{Mode: model.ExpireAfterDays, N: 365}}

// UseSim makes a simulated WeChat, reached at an address, the one that these settings talk to.
func UseSim(s *app.Settings, a sim.Accounts, at *url.URL) error {
	account := func(id, secret, token, key, format string) app.Account {
		return app.Account{AppID: id, Secret: wechat.Secret(secret), Token: wechat.Secret(token), AESKey: wechat.Secret(key), Mode: "safe", Format: format}
	}
	s.OA = account(a.OA.AppID, a.OA.Secret, a.OA.Token, a.OA.EncodingAESKey, "xml")
	s.Mini = account(a.Mini.AppID, a.Mini.Secret, a.Mini.Token, a.Mini.EncodingAESKey, "json")
	s.Merchant = app.Merchant{
		MchID: a.Merchant.MchID, SerialNo: a.Merchant.SerialNo, APIv3Key: wechat.Secret(a.Merchant.APIv3Key), PublicKeyID: a.Platform.PublicKeyID,
	}
	if err := s.Merchant.UseKeys([]byte(a.Merchant.PrivateKeyPEM), []byte(a.Platform.PublicKeyPEM)); err != nil {
		return err
	}
	s.Simulator, s.Templates, s.Menu, s.MiniPage = at, Templates(a), menu(a), qrcodes.MiniPage{Unchecked: true}
	return nil
}

// Templates joins our messages with the templates of the simulated accounts: the template message of the official account first, then,
// where there is one of the same name, the notices that people agree to one by one.
func Templates(a sim.Accounts) map[string]messages.Template {
	lists := map[model.MessageChannel][]sim.Template{
		model.ChannelOATemplate: a.Templates, model.ChannelOASubscribe: a.OASubscribe, model.ChannelMiniSubscribe: a.MiniSubscribe,
	}
	join := func(p model.MessagePurpose, name string, fields map[string]string, cut ...string) messages.Template {
		t := messages.Template{Purpose: p, Forms: map[model.MessageChannel]messages.Form{}}
		for c, list := range lists {
			for _, known := range list {
				if known.Name == name {
					t.Forms[c] = messages.Form{ID: known.ID, Fields: fields, Cut: cut}
				}
			}
		}
		return t
	}
	ending := map[string]string{"thing1": "plan", "date2": "until", "thing3": "hint"}
	return map[string]messages.Template{
		// The visit is asked for by scanning the card in the parcel, so it is a service and comes at any hour.
		"visit1": join(model.PurposeService, "visit", map[string]string{
			"character_string1": "number", "thing2": "goods", "time3": "paid_at", "thing4": "advice"}, "thing2", "thing4"),
		"tier.ending": join(model.PurposeCare, "tier", map[string]string{
			"thing1": "level", "time2": "until", "thing3": "advice"}, "thing1", "thing3"),
		"membership.activated": join(model.PurposeService, "membership", map[string]string{
			"thing1": "plan", "amount2": "price", "time3": "at", "thing4": "until"}, "thing1", "thing4"),
		"membership.renewed": join(model.PurposeService, "membership", map[string]string{
			"thing1": "plan", "amount2": "price", "time3": "at", "thing4": "until"}, "thing1", "thing4"),
		"membership.ending":   join(model.PurposeCare, "membership_ending", ending, "thing1", "thing3"),
		"membership.ended":    join(model.PurposeCare, "membership_ending", ending, "thing1", "thing3"),
		"membership.refunded": join(model.PurposeService, "membership_refund", map[string]string{"thing1": "plan", "amount2": "amount", "time3": "at"}, "thing1"),
		"coupons.expiring": join(model.PurposeCare, "coupon_expiring", map[string]string{
			"thing1": "name", "number2": "count", "time3": "until", "thing4": "hint"}, "thing1", "thing4"),
		messages.CodeTemplate: {Forms: map[model.MessageChannel]messages.Form{model.ChannelSMS: {
			ID: "demo-code", Fields: map[string]string{"1": "code", "2": "minutes"}, Text: "您的验证码是{code},{minutes}分钟内有效,请勿告诉他人。",
		}}},
	}
}

// menu is the official account's in the demo: one button for each kind of thing, all of them useful.
func menu(a sim.Accounts) []wechat.MenuButton {
	return []wechat.MenuButton{
		{Name: "我的", Buttons: []wechat.MenuButton{
			{Type: wechat.MenuClick, Name: "我的积分", Key: "points"},
			{Type: wechat.MenuClick, Name: "我的订单", Key: "orders"},
		}},
		{Type: wechat.MenuProgram, Name: "领券", AppID: a.Mini.AppID, Page: "pages/coupons/index", URL: "https://shop.example.com/coupons"},
		{Type: wechat.MenuClick, Name: "联系客服", Key: "service"},
	}
}

// RunSim serves a simulated WeChat until ctx ends.
func RunSim(ctx context.Context, s *sim.Sim, api, control net.Listener) error {
	g, ctx := errgroup.WithContext(ctx)
	page := s.Control()
	if loopback(control.Addr().String()) {
		page = LocalOnly(page)
	}
	servers := map[net.Listener]*http.Server{api: web.HTTP(s.API()), control: web.HTTP(page)}
	for l, srv := range servers {
		g.Go(func() error {
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		for _, srv := range servers {
			if srv.Shutdown(stop) != nil {
				srv.Close()
			}
		}
		return nil
	})
	return g.Wait()
}
