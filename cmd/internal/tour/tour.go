package tour

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/random"
)

// ShopKey signs the orders of the shop's own system.
type ShopKey struct{ ID, Secret string }

// Options say what to tour. A running demo tells everything but URL by itself.
type Options struct {
	// URL is the shop's address.
	URL string
	// Simulator is the address of the simulator's control API.
	Simulator string
	// StaffName and StaffPassword sign a member of staff in who may set the shop up.
	StaffName, StaffPassword string
	// Shop is the key of the shop's own system.
	Shop ShopKey
	// Source is the name under which that system's orders are kept.
	Source string
	// Out gets a line for each step and what came back.
	Out io.Writer
}

// patience bounds waiting for what happens a moment later.
const patience = 20 * time.Second

// Run plays the round and returns what was not right at the first step that failed.
func Run(ctx context.Context, o Options) error {
	t := &tour{Options: o, shop: newClient(o.URL), suffix: random.ID()[:8]}
	if err := t.discover(ctx); err != nil {
		return err
	}
	t.sim = newClient(t.Simulator)
	if err := t.setWatch(ctx); err != nil {
		return err
	}
	for i, s := range t.steps() {
		fmt.Fprintf(o.Out, "%2d  %s\n", i+1, s.name)
		started := time.Now()
		if err := s.play(ctx); err != nil {
			fmt.Fprintf(o.Out, "    ✗ %v\n", err)
			return fmt.Errorf("step %d (%s): %w", i+1, s.name, err)
		}
		fmt.Fprintf(o.Out, "    ✓ %s\n", time.Since(started).Round(time.Millisecond))
	}
	fmt.Fprintln(o.Out, "一圈走完,每一步都对 · the whole round is right")
	return nil
}

type step struct {
	name string
	play func(ctx context.Context) error
}

// tour is what the round has learnt so far.
type tour struct {
	Options
	shop, sim client
	suffix    string // makes numbers of this round its own

	user  simUser
	phone string
	token string // the shopper's session
	staff string // the staff's session

	before, after rates
	template      template
	coupon        coupon
	gift          gift
	order         string // number of the first order
	earned        int64
	plan          plan
	membership    string
	memberID      int64
	ticket        string
}

func (t *tour) steps() []step {
	return []step{
		{"员工登录,查看两种复购率 · staff sign in and see both repurchase rates", t.staffSignIn},
		{"顾客用微信登录小程序 · code login", t.login},
		{"绑定手机号 · phone", t.bindPhone},
		{"领取优惠券,连点两下只得一张 · claim a coupon, a double tap gives one", t.claim},
		{"店铺系统推送已付款订单,用掉优惠券 · a signed order arrives and uses the coupon", t.firstOrder},
		{"积分到账 · points are credited", t.points},
		{"积分兑换礼品 · redeem a gift", t.redeem},
		{"购买付费会员卡:下单、支付、签名通知、开通 · buy the card, pay, notify, active", t.membershipCard},
		{"包裹码:生成、扫码关注、收到加密推送并回复欢迎语 · parcel QR, scan, welcome", t.parcel},
		{"售后回访模板消息送达并回执 · the template message is delivered and reported", t.message},
		{"员工给这位会员发一张券 · staff issue a coupon to that member", t.issue},
		{"顾客回来再次下单 · the shopper comes back", t.secondOrder},
		{"两种复购率都变了 · both repurchase rates moved", t.ratesAfter},
	}
}

// say prints what came back.
func (t *tour) say(format string, args ...any) { fmt.Fprintf(t.Out, "    "+format+"\n", args...) }

// discover waits until the shop is ready, and asks a demo for the rest.
func (t *tour) discover(ctx context.Context) error {
	if _, err := t.shop.call(ctx, request{method: http.MethodGet, path: "/readyz"}, nil); err != nil {
		return fmt.Errorf("the shop is not ready: %w", err)
	}
	if t.Simulator != "" {
		if t.StaffName == "" || t.StaffPassword == "" || t.Shop.ID == "" || t.Shop.Secret == "" {
			return errors.New("with a simulator's address, the staff's sign-in and the shop system's key must be given too")
		}
		return nil
	}
	var d struct {
		Simulator     string `json:"simulator"`
		StaffName     string `json:"staff_name"`
		StaffPassword string `json:"staff_password"`
		IngestKey     string `json:"ingest_key"`
		IngestSecret  string `json:"ingest_secret"`
	}
	if _, err := t.shop.call(ctx, request{method: http.MethodGet, path: "/demo.json"}, &d); err != nil {
		return fmt.Errorf("this is no demo, so say where its simulator is and how to sign in (see --help): %w", err)
	}
	t.Simulator, t.StaffName, t.StaffPassword, t.Shop = d.Simulator, d.StaffName, d.StaffPassword, ShopKey{d.IngestKey, d.IngestSecret}
	return nil
}

// setWatch asks the simulated WeChat, which lives by the same clock as the shop, for the time.
func (t *tour) setWatch(ctx context.Context) error {
	var clock struct {
		Now time.Time `json:"now"`
	}
	if _, err := t.sim.call(ctx, request{method: http.MethodGet, path: "/_sim/clock"}, &clock); err != nil {
		return fmt.Errorf("ask for the time: %w", err)
	}
	t.shop.ahead = time.Until(clock.Now)
	return nil
}

// eventually repeats check until it returns nil; then, or when patience ends, it returns what check said last.
func eventually(ctx context.Context, check func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// key makes an idempotency key of this round.
func (t *tour) key(what string) string { return "tour-" + what + "-" + t.suffix }

// newPhone invents a number with a prefix that no operator has.
func newPhone() string { return fmt.Sprintf("154%08d", rand.IntN(100_000_000)) }

func (t *tour) asShopper(method, path string, body any) request {
	return request{method: method, path: "/api/v1" + path, token: t.token, body: body}
}

func (t *tour) asStaff(method, path string, body any) request {
	return request{method: method, path: "/admin/v1" + path, token: t.staff, body: body}
}

// month is the window of the rates: the 30 business days that end with today.
func month(now time.Time) (from, to model.Day) {
	to = model.DayOf(now, model.Shanghai).AddDays(1)
	return to.AddDays(-30), to
}

func yuan(fen int64) string { return model.Fen(fen).String() + " 元" }

func percent(rate float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.2f", rate*100), ".00") + " %"
}
