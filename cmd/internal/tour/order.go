package tour

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"huitou/model/random"
)

type ingested struct {
	ID           int64 `json:"id"`
	Fresh        bool  `json:"fresh"`
	PointsEarned int64 `json:"points_earned"`
	Coupon       struct {
		Used        bool   `json:"used"`
		Reason      string `json:"reason"`
		DiscountFen int64  `json:"discount_fen"`
	} `json:"coupon"`
}

// order sends a paid order of the shop's own system that uses a coupon.
func (t *tour) send(ctx context.Context, number string, goodsFen int64, c coupon) (out ingested, err error) {
	body := map[string]any{
		"number": number, "member": map[string]string{"phone": t.phone}, "paid_at": t.shop.now().UTC().Format(time.RFC3339),
		"goods_fen": goodsFen, "discount_fen": c.AmountFen, "paid_fen": goodsFen - c.AmountFen, "coupon_code": c.Code,
		"lines": []map[string]any{{"sku": "TOUR-1", "name": "礼盒装明前龙井", "category": "茶叶", "quantity": 1, "price_fen": goodsFen}},
	}
	in := request{method: http.MethodPost, path: "/ingest/v1/orders", shop: &t.Shop, body: body, want: http.StatusCreated}
	if _, err := t.shop.call(ctx, in, &out); err != nil {
		return out, err
	}
	if !out.Fresh || !out.Coupon.Used || out.Coupon.DiscountFen != c.AmountFen || out.PointsEarned <= 0 {
		return out, fmt.Errorf("the order was taken as %+v", out)
	}
	return out, nil
}

func (t *tour) firstOrder(ctx context.Context) error {
	if err := t.pickGift(ctx); err != nil {
		return err
	}
	// Enough for the coupon's threshold, and for the gift at a point a yuan.
	goods := max(t.coupon.ThresholdFen, t.gift.Points*100) + t.coupon.AmountFen + 5_00
	t.order = "TOUR-" + random.Digits(10) // as numbers of orders are: people type them on a phone
	got, err := t.send(ctx, t.order, goods, t.coupon)
	if err != nil {
		return err
	}
	t.earned = got.PointsEarned
	var held struct {
		Coupons []coupon `json:"coupons"`
	}
	if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/me/coupons", nil), &held); err != nil {
		return err
	}
	if len(held.Coupons) != 1 || held.Coupons[0].State != "redeemed" {
		return fmt.Errorf("the shopper's coupons are %+v, want the one, redeemed", held.Coupons)
	}
	t.say("订单 %s:商品 %s,券减 %s,实付 %s,得 %d 积分", t.order, yuan(goods), yuan(got.Coupon.DiscountFen), yuan(goods-t.coupon.AmountFen), got.PointsEarned)
	return nil
}

func (t *tour) secondOrder(ctx context.Context) error {
	number := t.order + "-2"
	got, err := t.send(ctx, number, t.coupon.ThresholdFen+t.coupon.AmountFen+30_00, t.coupon)
	if err != nil {
		return err
	}
	t.say("订单 %s:用掉员工发的券,减 %s,得 %d 积分(会员倍数已计入)", number, yuan(got.Coupon.DiscountFen), got.PointsEarned)
	return nil
}
