package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

type plan struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	PriceFen int64    `json:"price_fen"`
	Benefits []string `json:"benefits"`
}

// membershipCard buys the first plan on sale, pays it in the simulator with the very parameters that a mini-program would get, and waits
// until WeChat Pay's signed notice has made the card active.
func (t *tour) membershipCard(ctx context.Context) error {
	if err := t.pickPlan(ctx); err != nil {
		return err
	}
	in := t.asShopper(http.MethodPost, "/membership-orders", map[string]string{"plan": t.plan.ID})
	in.key, in.want = t.key("card"), http.StatusCreated
	var bought struct {
		Number   string            `json:"number"`
		PriceFen int64             `json:"price_fen"`
		Pay      map[string]string `json:"pay"`
	}
	if _, err := t.shop.call(ctx, in, &bought); err != nil {
		return err
	}
	if bought.PriceFen != t.plan.PriceFen || !strings.HasPrefix(bought.Pay["package"], "prepay_id=") {
		return fmt.Errorf("the prepaid order is %+v", bought)
	}
	t.membership = bought.Number
	var before struct {
		Active bool `json:"active"`
	}
	if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/me/membership", nil), &before); err != nil {
		return err
	}
	if before.Active {
		return errors.New("the card is active before anybody paid")
	}
	var paid struct {
		ErrMsg   string   `json:"errMsg"`
		Delivery delivery `json:"delivery"`
	}
	if _, err := t.sim.call(ctx, request{method: http.MethodPost, path: "/_sim/users/" + t.user.ID + "/pay", body: bought.Pay}, &paid); err != nil {
		return err
	}
	if paid.ErrMsg != "requestPayment:ok" {
		return fmt.Errorf("paying answered %q", paid.ErrMsg)
	}
	if err := paid.Delivery.taken(); err != nil {
		return fmt.Errorf("the notice of the payment: %w", err)
	}
	t.say("「%s」%s,已支付;签名通知 %s", t.plan.Name, yuan(t.plan.PriceFen), paid.Delivery)
	return t.cardActive(ctx)
}

func (t *tour) cardActive(ctx context.Context) error {
	var card struct {
		Active   bool     `json:"active"`
		Plan     string   `json:"plan"`
		Until    string   `json:"until"`
		DaysLeft int64    `json:"days_left"`
		Benefits []string `json:"benefits"`
	}
	err := eventually(ctx, func() error {
		var order struct {
			State string `json:"state"`
		}
		if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/membership-orders/"+escape(t.membership), nil), &order); err != nil {
			return err
		}
		if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/me/membership", nil), &card); err != nil {
			return err
		}
		if order.State != "activated" || !card.Active {
			return fmt.Errorf("the order is %s, the card active: %t", order.State, card.Active)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(card.Benefits) == 0 {
		return errors.New("the card shows no benefits")
	}
	t.say("会员卡生效:%s,至 %s(不含,%d 天),权益:%s", card.Plan, card.Until, card.DaysLeft, strings.Join(card.Benefits, "、"))
	return nil
}

func (t *tour) pickPlan(ctx context.Context) error {
	for try := 0; ; try++ {
		var list struct {
			Plans []plan `json:"plans"`
		}
		if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/membership-plans", nil), &list); err != nil {
			return err
		}
		if len(list.Plans) > 0 {
			t.plan = list.Plans[0]
			return nil
		}
		if try > 0 {
			return errors.New("the plan that was just set up is not on sale")
		}
		if err := t.setUpPlan(ctx); err != nil {
			return fmt.Errorf("set a plan up: %w", err)
		}
	}
}
