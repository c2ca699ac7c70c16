package whole

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// A card is paid; WeChat is told that it was delivered, lets the money go, and its bill of the day agrees with the books. Then the bill
// is spoiled, and people close what does not agree.
func TestAPaidCardIsToldAndReconciled(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	s.noon()
	p := s.shopper(t)
	var bought struct {
		Number string            `json:"number"`
		Pay    map[string]string `json:"pay"`
	}
	s.must(t, call{method: "POST", path: "/api/v1/membership-orders", token: p.token, key: newKey(), body: map[string]string{"plan": s.plan(t, p)}}, &bought)
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/pay", bought.Pay, nil)
	day := model.DayOf(s.clock.Now(), model.Shanghai)

	type shipping struct {
		State     string     `json:"state"`
		Mode      int        `json:"mode"`
		SettledAt *time.Time `json:"settled_at"`
	}
	var owner string
	shippings := func() (list []shipping) {
		var out struct {
			Shippings []shipping `json:"shippings"`
		}
		s.must(t, call{method: "GET", path: "/admin/v1/shippings", token: owner}, &out)
		return out.Shippings
	}
	owner = s.owner(t)
	eventually(t, "WeChat is told of the delivery", func() error {
		if l := shippings(); len(l) != 1 || l[0].State != "shipped" || l[0].Mode != 3 {
			return fmt.Errorf("shippings %+v", l)
		}
		return nil
	})
	var orders struct {
		Orders []struct {
			ShippingState int `json:"shipping_state"`
		} `json:"orders"`
	}
	s.weixinDoes(t, "GET", "/_sim/orders", nil, &orders)
	if len(orders.Orders) != 1 || orders.Orders[0].ShippingState != 2 {
		t.Errorf("orders at WeChat: %+v", orders)
	}

	// The timetable reconciles the day on the next morning; two days after the delivery the money is let go.
	s.clock.Advance(day.AddDays(1).Start(model.Shanghai).Add(10*time.Hour + 30*time.Minute).Sub(s.clock.Now()))
	owner = s.owner(t) // sessions end over night
	type bill struct {
		State      string `json:"state"`
		Matched    int    `json:"matched"`
		TheirsOnly int    `json:"theirs_only"`
	}
	path := "/admin/v1/bills?before=" + day.AddDays(1).String()
	eventually(t, "the bill is reconciled", func() error {
		var out struct {
			Bills []bill `json:"bills"`
		}
		s.must(t, call{method: "GET", path: path, token: owner}, &out)
		if len(out.Bills) != 1 || out.Bills[0] != (bill{"done", 1, 0}) {
			return fmt.Errorf("bills %+v", out.Bills)
		}
		return nil
	})
	s.clock.Advance(49 * time.Hour)
	owner = s.owner(t)
	eventually(t, "the money is let go", func() error {
		if l := shippings(); len(l) != 1 || l[0].SettledAt == nil {
			return fmt.Errorf("shippings %+v", l)
		}
		return nil
	})
	s.settled(t)
	s.audit(t)

	s.weixinDoes(t, "POST", "/_sim/bills/"+day.String()+"/changes", map[string]any{"act": "foreign", "number": "ELSEWHERE1", "fen": 7}, nil)
	var again bill
	s.must(t, call{method: "POST", path: "/admin/v1/bills/" + day.String() + "/reconcile", token: owner}, &again)
	if again != (bill{"done", 1, 1}) {
		t.Errorf("the spoiled bill: %+v", again)
	}
	var breaks struct {
		Breaks []struct {
			ID     int64  `json:"id"`
			Bucket string `json:"bucket"`
			Advice string `json:"advice"`
		} `json:"breaks"`
	}
	s.must(t, call{method: "GET", path: "/admin/v1/bill-breaks?state=open", token: owner}, &breaks)
	if len(breaks.Breaks) != 1 || breaks.Breaks[0].Bucket != "theirs_only" || breaks.Breaks[0].Advice == "" {
		t.Fatalf("breaks: %+v", breaks)
	}
	closing := call{method: "POST", path: fmt.Sprintf("/admin/v1/bill-breaks/%d/close", breaks.Breaks[0].ID), token: owner, body: map[string]string{"note": "收银台的另一套系统"}}
	s.must(t, closing, nil)
	if twice := s.do(t, closing); twice.status != http.StatusConflict || twice.problem.Code != "payments.bill_break_ended" {
		t.Errorf("closed twice: %d %s", twice.status, twice.body)
	}
	s.fault(t, "pay", "bad_bill_hash")
	if bad := s.do(t, call{method: "POST", path: "/admin/v1/bills/" + day.String() + "/reconcile", token: owner}); bad.status != http.StatusServiceUnavailable {
		t.Errorf("a bill with a bad hash: %d %s", bad.status, bad.body)
	}
	s.audit(t)
}

// noon goes to the next noon in China, far from the ends of any day.
func (s *shop) noon() {
	tomorrow := model.DayOf(s.clock.Now(), model.Shanghai).AddDays(1)
	s.clock.Advance(tomorrow.Start(model.Shanghai).Add(12 * time.Hour).Sub(s.clock.Now()))
}

// WeChat is told of goods when they leave the shop, with carrier, number and whom to call; of a gift for the counter at once.
func TestGoodsAreToldWhenTheyLeave(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	s.noon()
	owner, p := s.owner(t), s.shopper(t)
	s.earns(t, p, 100)
	type got struct {
		ID  string            `json:"id"`
		Pay map[string]string `json:"pay"`
	}
	redeem := func(kind, where string, body any) string {
		var gift id
		s.must(t, call{method: "POST", path: "/admin/v1/gifts", token: owner, key: newKey(), body: map[string]any{
			"name": "龙井茶礼盒", "kind": kind, "points": 5, "cash_fen": 990, "stock": 1}}, &gift)
		var out got
		s.must(t, call{method: "POST", path: "/api/v1/gifts/" + gift.ID + where, token: p.token, key: newKey(), body: body}, &out)
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/pay", out.Pay, nil)
		return out.ID
	}
	goods := redeem("goods", "/deliveries", map[string]any{"address": home})
	redeem("pickup", "/redemptions", nil)
	type shipping struct {
		State    string `json:"state"`
		Mode     int    `json:"mode"`
		ItemDesc string `json:"item_desc"`
		Carrier  string `json:"carrier"`
		Tracking string `json:"tracking"`
	}
	told := func(want ...shipping) func() error {
		return func() error {
			var out struct {
				Shippings []shipping `json:"shippings"`
			}
			s.must(t, call{method: "GET", path: "/admin/v1/shippings", token: owner}, &out)
			if !slices.Equal(out.Shippings, want) {
				return fmt.Errorf("shippings %+v, want %+v", out.Shippings, want)
			}
			return nil
		}
	}
	const words = "龙井茶礼盒(5 积分+9.90 元兑换)"
	counter := shipping{"shipped", 4, words, "", ""}
	eventually(t, "the gift for the counter is told", told(counter, shipping{State: "waiting"}))
	s.must(t, call{method: "POST", path: "/admin/v1/redemptions/" + goods + "/shipments", token: owner, key: newKey(),
		body: map[string]any{"carrier": "顺丰速运", "number": "SF1234567890"}}, nil)
	s.clock.Advance(31 * time.Minute)
	eventually(t, "the goods are told", told(counter, shipping{"shipped", 1, words, "顺丰速运", "SF1234567890"}))
	uploads := 0
	for _, x := range s.weixin.exchanges() {
		if x.target.Path != "/wxa/sec/order/upload_shipping_info" || !bytes.Contains(x.body, []byte("SF1234567890")) {
			continue
		}
		if uploads++; !bytes.Contains(x.body, []byte(`"receiver_contact":"138****8000"`)) || !bytes.Contains(x.body, []byte(`"express_company":"SF"`)) {
			t.Errorf("uploaded %s", x.body)
		}
	}
	if uploads != 1 {
		t.Errorf("the goods were uploaded %d times", uploads)
	}
	s.audit(t)
}
