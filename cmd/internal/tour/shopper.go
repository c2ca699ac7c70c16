package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

type simUser struct {
	ID      string `json:"id"`
	UnionID string `json:"unionid"`
}

type template struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Kind         string `json:"kind"`
	AmountFen    int64  `json:"amount_fen"`
	ThresholdFen int64  `json:"threshold_fen"`
	Claimable    bool   `json:"claimable"`
	UseDays      int64  `json:"use_days"`
}

type coupon struct {
	ID           string `json:"id"`
	Code         string `json:"code"`
	Name         string `json:"name"`
	State        string `json:"state"`
	Template     string `json:"template"`
	AmountFen    int64  `json:"amount_fen"`
	ThresholdFen int64  `json:"threshold_fen"`
}

type gift struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Points     int64  `json:"points"`
	Redeemable bool   `json:"redeemable"`
	Reason     string `json:"reason"`
	Stock      int64  `json:"stock"`
}

func (t *tour) login(ctx context.Context) error {
	t.phone = newPhone()
	if _, err := t.sim.call(ctx, request{method: http.MethodPost, path: "/_sim/users", body: map[string]string{"nickname": "林晓" + t.suffix[:3], "phone": t.phone}}, &t.user); err != nil {
		return err
	}
	var login struct {
		Code string `json:"js_code"`
	}
	if _, err := t.sim.call(ctx, request{method: http.MethodPost, path: "/_sim/users/" + t.user.ID + "/login"}, &login); err != nil {
		return err
	}
	var session struct {
		Token string `json:"token"`
		New   bool   `json:"new"`
	}
	in := request{method: http.MethodPost, path: "/api/v1/sessions", body: map[string]string{"code": login.Code}, want: http.StatusCreated}
	if _, err := t.shop.call(ctx, in, &session); err != nil {
		return err
	}
	if session.Token == "" || !session.New {
		return fmt.Errorf("a first login gave token %t, new %t", session.Token != "", session.New)
	}
	t.token = session.Token
	var again *Refused
	if _, err := t.shop.call(ctx, in, nil); !errors.As(err, &again) || again.Status >= 500 || again.Status < 400 {
		return fmt.Errorf("the same code a second time: %v, want a refusal", err)
	}
	t.say("会话已建立;同一个 code 第二次被拒绝(%s)", again.Code)
	return nil
}

func (t *tour) bindPhone(ctx context.Context) error {
	var code struct {
		Code string `json:"code"`
	}
	if _, err := t.sim.call(ctx, request{method: http.MethodPost, path: "/_sim/users/" + t.user.ID + "/phone"}, &code); err != nil {
		return err
	}
	var bound struct {
		Phone string `json:"phone"`
	}
	if _, err := t.shop.call(ctx, t.asShopper(http.MethodPost, "/me/phone", map[string]string{"code": code.Code}), &bound); err != nil {
		return err
	}
	if want := t.phone[:3] + "****" + t.phone[7:]; bound.Phone != want {
		return fmt.Errorf("the phone is shown as %q, want %q", bound.Phone, want)
	}
	t.say("手机号 %s", bound.Phone)
	return nil
}

// claim takes the claimable coupon that takes most off; a shop without one gets one first.
func (t *tour) claim(ctx context.Context) error {
	if err := t.pickTemplate(ctx); err != nil {
		return err
	}
	in := t.asShopper(http.MethodPost, "/coupon-templates/"+t.template.ID+"/claims", nil)
	in.key, in.want = t.key("claim"), http.StatusCreated
	if _, err := t.shop.call(ctx, in, &t.coupon); err != nil {
		return err
	}
	if t.coupon.State != "issued" || t.coupon.Code == "" {
		return fmt.Errorf("the coupon is %+v", t.coupon)
	}
	var twin coupon
	head, err := t.shop.call(ctx, in, &twin)
	if err != nil {
		return fmt.Errorf("the second tap: %w", err)
	}
	if twin.ID != t.coupon.ID || head.Get("Idempotency-Replayed") != "true" {
		return fmt.Errorf("the second tap gave coupon %s (replayed %q), the first %s", twin.ID, head.Get("Idempotency-Replayed"), t.coupon.ID)
	}
	t.say("「%s」满 %s 减 %s,券码 %s", t.coupon.Name, yuan(t.coupon.ThresholdFen), yuan(t.coupon.AmountFen), t.coupon.Code)
	return nil
}

func (t *tour) pickTemplate(ctx context.Context) error {
	for try := 0; ; try++ {
		var list struct {
			Templates []template `json:"templates"`
		}
		if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/coupon-templates", nil), &list); err != nil {
			return err
		}
		for _, x := range list.Templates {
			if x.Claimable && x.Kind == "amount" && x.AmountFen > t.template.AmountFen {
				t.template = x
			}
		}
		if t.template.ID != "" {
			return nil
		}
		if try > 0 {
			return errors.New("the coupon that was just set up cannot be claimed")
		}
		if err := t.setUpCoupon(ctx); err != nil {
			return fmt.Errorf("set a coupon up: %w", err)
		}
	}
}

func (t *tour) points(ctx context.Context) error {
	var balance struct {
		Active   int64 `json:"active"`
		Pending  int64 `json:"pending"`
		Expiring []struct {
			Points    int64     `json:"points"`
			ExpiresAt time.Time `json:"expires_at"`
		} `json:"expiring"`
	}
	if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/me/points", nil), &balance); err != nil {
		return err
	}
	if balance.Active != t.earned {
		return fmt.Errorf("the balance is %d active and %d pending, want %d", balance.Active, balance.Pending, t.earned)
	}
	var statement struct {
		Entries []struct {
			Points  int64  `json:"points"`
			Balance int64  `json:"balance"`
			Title   string `json:"title"`
		} `json:"entries"`
	}
	if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/me/points/entries", nil), &statement); err != nil {
		return err
	}
	if len(statement.Entries) != 1 || statement.Entries[0].Points != t.earned {
		return fmt.Errorf("the statement is %+v, want one entry of %d", statement.Entries, t.earned)
	}
	t.say("可用积分 %d(%s)", balance.Active, statement.Entries[0].Title)
	for _, lot := range balance.Expiring {
		t.say("其中 %d 分在 %s 到期", lot.Points, lot.ExpiresAt.Local().Format(time.DateOnly))
	}
	return nil
}

func (t *tour) redeem(ctx context.Context) error {
	in := t.asShopper(http.MethodPost, "/gifts/"+t.gift.ID+"/redemptions", nil)
	in.key, in.want = t.key("gift"), http.StatusCreated
	var got struct {
		ID     string `json:"id"`
		State  string `json:"state"`
		Points int64  `json:"points"`
		Code   string `json:"code"`
		Coupon string `json:"coupon"`
	}
	if _, err := t.shop.call(ctx, in, &got); err != nil {
		return err
	}
	if got.Points != t.gift.Points || (got.Code == "" && got.Coupon == "") {
		return fmt.Errorf("the redemption is %+v", got)
	}
	var balance struct {
		Active int64 `json:"active"`
	}
	if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/me/points", nil), &balance); err != nil {
		return err
	}
	if want := t.earned - t.gift.Points; balance.Active != want {
		return fmt.Errorf("the balance is %d after the redemption, want %d", balance.Active, want)
	}
	how := "券已到账"
	if got.Code != "" {
		how = "取货码 " + got.Code
	}
	t.say("「%s」用 %d 积分,%s,余 %d", t.gift.Name, got.Points, how, balance.Active)
	return nil
}

// pickGift takes the cheapest gift that can be had; a shop without one gets one first.
func (t *tour) pickGift(ctx context.Context) error {
	for try := 0; ; try++ {
		var list struct {
			Gifts []gift `json:"gifts"`
		}
		if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/gifts", nil), &list); err != nil {
			return err
		}
		for _, g := range list.Gifts {
			// Not enough points yet is the reason that the coming order takes away.
			if (g.Redeemable || g.Reason == "points.insufficient") && g.Stock != 0 && (t.gift.ID == "" || g.Points < t.gift.Points) {
				t.gift = g
			}
		}
		if t.gift.ID != "" {
			return nil
		}
		if try > 0 {
			return errors.New("the gift that was just set up cannot be had")
		}
		if err := t.setUpGift(ctx); err != nil {
			return fmt.Errorf("set a gift up: %w", err)
		}
	}
}
