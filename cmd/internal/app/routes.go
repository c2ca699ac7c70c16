package app

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
	swagger "github.com/swaggo/files/v2"

	"huitou/handler/admin"
	"huitou/handler/api"
	"huitou/handler/console"
	"huitou/handler/hook"
	"huitou/handler/ingest"
	"huitou/handler/ops"
	"huitou/handler/web"
	"huitou/service/jobs"
)

// Addresses that are also configured with WeChat.
const (
	oaPush        = "/wechat/oa"
	miniPush      = "/wechat/mini"
	payNotices    = "/wechat/pay/notices/payment"
	refundNotices = "/wechat/pay/notices/refund"
)

func (a *App) build() error {
	p, err := newPlatform(a.Settings, a.DB)
	if err != nil {
		return fmt.Errorf("make the adapters for WeChat: %w", err)
	}
	a.Queue = jobs.New(a.DB, a.Settings.Log)
	a.Services = newServices(a.Settings, a.DB, a.Queue, p)
	react(a.Services, a.DB, a.Queue)

	s := a.Settings
	a.Echo = web.Server{TrustedProxies: s.TrustedProxies, Log: s.Log, Now: s.Now}.New()
	a.refusals = ops.NewRefusals()
	a.Health = &ops.Health{Checks: map[string]func(context.Context) error{"database": a.DB.Ping, "schema": a.DB.CheckSchema}}
	a.Health.Routes(a.Echo)
	a.Routes = web.NewRoutes(a.Echo, s.Version, web.Auth{Member: a.Members.Authenticate, Staff: a.Staff.Authenticate, Shops: s.Shops}, s.Now, s.Log)
	a.declare()
	console.Routes(a.Echo, console.Deps{Coupons: a.Coupons, Members: a.Members, Staff: a.Staff, Tasks: a.Tasks, Visits: a.Aftersale, Now: s.Now,
		Allow: a.Routes.AllowStaff, AllowLookUp: a.Routes.AllowLookUp})
	a.guests()
	web.Docs(a.Echo, "/docs", http.FS(swagger.FS))
	if p.oaCodec != nil {
		a.hooks(p)
	}
	return nil
}

// declare lists every typed route, audience by audience.
func (a *App) declare() {
	shoppers := a.Routes.Under("/api/v1")
	api.Sessions(shoppers, a.Members)
	api.Me(shoppers, a.Members)
	api.Coupons(shoppers, a.Coupons)
	api.CouponChannels(shoppers, a.Coupons)
	api.Quotes(shoppers, a.Coupons)
	api.Points(shoppers, a.Points)
	api.CheckIns(shoppers, a.Earning)
	api.Gifts(shoppers, a.Mall)
	api.Memberships(shoppers, a.Memberships)
	api.Tiers(shoppers, a.Tiers)
	api.Refunds(shoppers, a.Payments)
	api.Surveys(shoppers, a.Surveys)
	api.Scans(shoppers, a.QRCodes, a.Aftersale)

	people := a.Routes.Under("/admin/v1")
	admin.Sessions(people, a.Staff)
	admin.Members(people, a.Members)
	admin.Coupons(people, a.Coupons)
	admin.CouponChannels(people, a.Coupons)
	admin.CouponRuns(people, a.Coupons)
	admin.CouponNumbers(people, a.Analytics)
	admin.Verifications(people, a.Coupons, a.Members)
	admin.Earning(people, a.Earning, a.Orders.Purchases)
	admin.Gifts(people, a.Mall)
	admin.Merges(people, a.Merges)
	admin.Followers(people, a.Followers)
	admin.Points(people, a.Points, a.Members)
	admin.Orders(people, a.Orders)
	admin.Memberships(people, a.Memberships)
	admin.MembershipCards(people, a.Memberships)
	admin.Bills(people, a.Bills)
	admin.Shippings(people, a.Shipping)
	admin.Tiers(people, a.Tiers)
	admin.Tags(people, a.Tags, a.Members)
	admin.QRCodes(people, a.QRCodes)
	admin.Messages(people, a.Messages)
	admin.Parcels(people, a.Aftersale)
	admin.ParcelSheets(people, a.Aftersale)
	admin.Replies(people, a.Replies)
	admin.Menu(people, a.Replies)
	admin.Visits(people, a.Aftersale)
	admin.Why(people, a.Aftersale)
	admin.Surveys(people, a.Surveys)
	admin.Tasks(people, a.Tasks)
	admin.Callbacks(people, a.Callbacks)
	admin.Payments(people, a.Payments)
	admin.Refunds(people, a.Payments)
	admin.Reports(people, a.Analytics)
	admin.PointsLiability(people, a.Analytics)

	shops := a.Routes.Under("/ingest/v1")
	ingest.Orders(shops, a.Orders)
	ingest.CouponLocks(shops, a.Coupons, a.Members)
	ingest.Completions(shops, a.Orders)
	ingest.Refunds(shops, a.Orders)
	ingest.Actions(shops, a.Earning, a.Members.Find)
}

// hooks adds the addresses that WeChat calls.
func (a *App) hooks(p platform) {
	s := a.Settings
	official := hook.OA(hook.OADeps{AppID: s.OA.AppID, Codec: p.oaCodec, Vault: a.Callbacks, Reply: a.Replies.Reply, Counts: a.counts("oa"), Log: s.Log})
	program := hook.Mini(hook.MiniDeps{AppID: s.Mini.AppID, Codec: p.miniCodec, Vault: a.Callbacks, Counts: a.counts("mini"), Log: s.Log})
	both := []string{http.MethodGet, http.MethodPost}
	a.Echo.Match(both, oaPush, official)
	a.Echo.Match(both, miniPush, program)
	money := hook.Pay(hook.PayDeps{MchID: s.Merchant.MchID, Notices: p.pay, Vault: a.Callbacks, Payments: a.Payments, Refused: a.refusals.Of("pay"), Log: s.Log})
	a.Echo.POST(payNotices, money)
	a.Echo.POST(refundNotices, money)
}

// counts are the figures of one channel's callbacks.
func (a *App) counts(channel string) hook.Counts {
	return hook.Counts{Refused: a.refusals.Of(channel), Unreadable: a.refusals.Unreadable(channel)}
}

// opsHandler is the listener of those who run Huitou.
func (a *App) opsHandler() (http.Handler, error) {
	metrics, err := ops.Metrics(a.refusals)
	if err != nil {
		return nil, fmt.Errorf("make the metrics: %w", err)
	}
	e := web.Server{Log: a.Settings.Log, Now: a.Settings.Now}.New()
	a.Health.Routes(e)
	e.GET("/metrics", echo.WrapHandler(metrics))
	return e, nil
}
