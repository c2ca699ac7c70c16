package whole

import (
	"fmt"
	"net/http"
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
