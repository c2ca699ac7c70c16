package whole

import (
	"testing"

	"huitou/model/db"
)

// A gift that is sent and costs points and money, from the tap to the parcel: paid in the simulated WeChat, confirmed by its signed
// notice, sent by staff, received by the shopper.
func TestGiftForPointsAndMoney(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner, p := s.owner(t), s.shopper(t)
	s.earns(t, p, 100)
	var gift id
	s.must(t, call{method: "POST", path: "/admin/v1/gifts", token: owner, key: newKey(), body: map[string]any{
		"name": "龙井茶礼盒", "kind": "goods", "points": 60, "cash_fen": 990, "stock": 1, "per_day": 1,
	}}, &gift)
	var got struct {
		ID      string            `json:"id"`
		State   string            `json:"state"`
		Pay     map[string]string `json:"pay"`
		Address map[string]string `json:"address"`
	}
	s.must(t, call{method: "POST", path: "/api/v1/gifts/" + gift.ID + "/deliveries", token: p.token, key: newKey(), body: map[string]any{"address": home}}, &got)
	if got.State != "awaiting_payment" || got.Pay["package"] == "" {
		t.Fatalf("redemption = %+v", got)
	}
	again := got
	again.Pay = nil
	s.must(t, call{method: "POST", path: "/api/v1/me/redemptions/" + got.ID + "/prepay", token: p.token}, &again)
	if again.Pay["package"] != got.Pay["package"] {
		t.Errorf("the payment goes on with %v, it began with %v", again.Pay, got.Pay)
	}
	if a := s.do(t, call{method: "POST", path: "/admin/v1/redemptions/" + got.ID + "/shipments", token: owner, key: newKey(),
		body: map[string]any{"carrier": "顺丰速运", "number": "SF1234567890"}}); a.problem.Code != "mall.unpaid" {
		t.Errorf("sending what is not paid answered %d %s", a.status, a.body)
	}
	var paid struct {
		ErrMsg string `json:"errMsg"`
	}
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/pay", again.Pay, &paid)
	if paid.ErrMsg != "requestPayment:ok" {
		t.Fatalf("paying answered %q", paid.ErrMsg)
	}
	s.settled(t)
	read := func(want string) {
		t.Helper()
		got.Address = nil
		s.must(t, call{method: "GET", path: "/api/v1/me/redemptions/" + got.ID, token: p.token}, &got)
		if got.State != want || got.Address["detail"] != home["detail"] {
			t.Errorf("the redemption is %s and goes to %v, want %s", got.State, got.Address, want)
		}
	}
	read("confirmed")
	s.must(t, call{method: "POST", path: "/admin/v1/redemptions/" + got.ID + "/shipments", token: owner, key: newKey(),
		body: map[string]any{"carrier": "顺丰速运", "number": "SF1234567890"}}, nil)
	read("shipped")
	s.must(t, call{method: "POST", path: "/api/v1/me/redemptions/" + got.ID + "/arrived", token: p.token}, nil)
	read("completed")
	s.audit(t)
}
