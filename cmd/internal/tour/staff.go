package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

type rates struct {
	From         string  `json:"from"`
	To           string  `json:"to"`
	Buyers       int64   `json:"buyers"`
	RepeatBuyers int64   `json:"repeat_buyers"`
	UserRate     float64 `json:"user_rate"`
	Orders       int64   `json:"orders"`
	RepeatOrders int64   `json:"repeat_orders"`
	OrderRate    float64 `json:"order_rate"`
}

func (t *tour) staffSignIn(ctx context.Context) error {
	var session struct {
		Token string `json:"token"`
		Name  string `json:"name"`
	}
	in := request{method: http.MethodPost, path: "/admin/v1/sessions", body: map[string]string{"name": t.StaffName, "password": t.StaffPassword}, want: http.StatusCreated}
	if _, err := t.shop.call(ctx, in, &session); err != nil {
		return err
	}
	t.staff = session.Token
	t.say("%s 已登录", session.Name)
	var refused *Refused
	if _, err := t.shop.call(ctx, request{method: http.MethodGet, path: "/admin/v1/reports/repurchase"}, nil); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		return fmt.Errorf("the report without a session: %v, want 401", err)
	}
	var err error
	t.before, err = t.rates(ctx)
	return err
}

func (t *tour) rates(ctx context.Context) (r rates, err error) {
	from, to := month(t.shop.now())
	_, err = t.shop.call(ctx, t.asStaff(http.MethodGet, fmt.Sprintf("/reports/repurchase?from=%s&to=%s", from, to), nil), &r)
	if err == nil {
		t.say("近 30 天用户复购率 %s(%d/%d 人),订单复购率 %s(%d/%d 单)",
			percent(r.UserRate), r.RepeatBuyers, r.Buyers, percent(r.OrderRate), r.RepeatOrders, r.Orders)
	}
	return r, err
}

func (t *tour) ratesAfter(ctx context.Context) (err error) {
	if t.after, err = t.rates(ctx); err != nil {
		return err
	}
	b, a := t.before, t.after
	// Others may be buying too, so at least.
	if a.Buyers < b.Buyers+1 || a.RepeatBuyers < b.RepeatBuyers+1 || a.Orders < b.Orders+2 || a.RepeatOrders < b.RepeatOrders+1 {
		return fmt.Errorf("the figures were %+v and are %+v; want one more buyer who bought twice", b, a)
	}
	if want := float64(a.RepeatBuyers) / float64(a.Buyers); a.UserRate != want {
		return fmt.Errorf("the user rate is %v, want %v", a.UserRate, want)
	}
	if want := float64(a.RepeatOrders) / float64(a.Orders); a.OrderRate != want {
		return fmt.Errorf("the order rate is %v, want %v", a.OrderRate, want)
	}
	t.say("之前:用户 %s,订单 %s → 之后:用户 %s,订单 %s", percent(b.UserRate), percent(b.OrderRate), percent(a.UserRate), percent(a.OrderRate))
	return nil
}

// issue gives the member a coupon that staff may give and of which he has not had all.
func (t *tour) issue(ctx context.Context) error {
	id, err := t.pickIssuable(ctx)
	if err != nil {
		return err
	}
	in := t.asStaff(http.MethodPost, "/coupon-templates/"+id+"/issues", map[string]any{"member_id": t.memberID, "reason": "老客关怀"})
	in.key, in.want = t.key("issue"), http.StatusCreated
	var issued struct {
		ID string `json:"id"`
	}
	if _, err := t.shop.call(ctx, in, &issued); err != nil {
		return err
	}
	var held struct {
		Coupons []coupon `json:"coupons"`
	}
	if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/me/coupons", nil), &held); err != nil {
		return err
	}
	for _, c := range held.Coupons {
		if c.ID == issued.ID && c.State == "issued" {
			t.coupon = c
			t.say("会员收到「%s」,券码 %s", c.Name, c.Code)
			return nil
		}
	}
	return fmt.Errorf("coupon %s was issued, but the shopper holds %+v", issued.ID, held.Coupons)
}

func (t *tour) pickIssuable(ctx context.Context) (id string, err error) {
	var list struct {
		Templates []struct {
			template
			Issuable  bool   `json:"issuable"`
			State     string `json:"state"`
			PerMember int64  `json:"per_member"`
		} `json:"templates"`
	}
	if _, err := t.shop.call(ctx, t.asStaff(http.MethodGet, "/coupon-templates?limit=100", nil), &list); err != nil {
		return "", err
	}
	for _, x := range list.Templates {
		if x.Issuable && x.State == "active" && x.Kind == "amount" && (x.ID != t.template.ID || x.PerMember != 1) {
			return x.ID, nil
		}
	}
	return "", errors.New("there is no coupon that staff may issue")
}

// setUpCoupon, setUpGift and setUpPlan give an empty shop what the round needs.
func (t *tour) setUpCoupon(ctx context.Context) error {
	in := t.asStaff(http.MethodPost, "/coupon-templates", map[string]any{
		"name": "新客立减券", "kind": "amount", "amount_fen": 1000, "threshold_fen": 5000, "total": -1, "per_member": 2, "use_days": 30, "claimable": true, "issuable": true,
	})
	in.key, in.want = t.key("new-coupon"), http.StatusCreated
	var made struct {
		ID string `json:"id"`
	}
	if _, err := t.shop.call(ctx, in, &made); err != nil {
		return err
	}
	t.say("店里还没有可领的券,员工新建了一张")
	_, err := t.shop.call(ctx, t.asStaff(http.MethodPost, "/coupon-templates/"+made.ID+"/activate", nil), nil)
	return err
}

func (t *tour) setUpGift(ctx context.Context) error {
	in := t.asStaff(http.MethodPost, "/gifts", map[string]any{"name": "帆布袋", "kind": "pickup", "points": 50, "stock": 100, "per_member": 1})
	in.key, in.want = t.key("new-gift"), http.StatusCreated
	t.say("积分商城还是空的,员工上架了一件礼品")
	_, err := t.shop.call(ctx, in, nil)
	return err
}

func (t *tour) setUpPlan(ctx context.Context) error {
	in := t.asStaff(http.MethodPost, "/membership-plans", map[string]any{
		"name": "年卡", "price_fen": 9900, "list_price_fen": 19900, "unit": "months", "length": 12, "points_multiplier_bp": 20000, "percent_off_bp": 500, "on_sale": true,
	})
	in.key, in.want = t.key("new-plan"), http.StatusCreated
	t.say("还没有会员卡在售,员工新建了一种")
	_, err := t.shop.call(ctx, in, nil)
	return err
}
