package whole

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// sample is a request that an operation takes, and another one that is as good. Both are functions: most things can be done
// once only.
type sample struct {
	path  map[string]string           // parameters
	query string                      // of the good request
	body  func(t *testing.T) any      // nil: none
	other func(t *testing.T, c *call) // makes another input of a call; of operations with a client's key
	fresh func(t *testing.T, c *call) // makes the thing that the call works on, when one call uses it up
	quiet []string                    // tables that a refusal may change: the brake on guessed passwords
}

// furnished is a shop with one of everything that requests can name, and with enough callers for thousands of requests.
type furnished struct {
	*shop
	owner              string // session
	managers, shoppers callers
	template, plan     string
	gift               string
	goods, codes       string // gifts that are sent, and that are codes of a pool
	orderID, memberID  int64
	rule, tag          string // of earning; of members
	qrcode, qrScene    string // of a store
	sheet              string // of parcel cards, ready
	membership         string // number of a membership order of the first shopper
	levels             []string
	held, draft        id     // a coupon of the first shopper; a coupon template that has given none
	redemption         string // of the first shopper
	paidFor            model.PayOrderID
	payBreak           int64
	first              shopper
	n                  int
}

// callers are sessions to be used in turn, so that no caller meets the limit of his requests.
type callers struct {
	tokens []string
	next   int
}

func (c *callers) token() string {
	c.next++
	return c.tokens[c.next%len(c.tokens)]
}

func furnish(t *testing.T, s *shop) *furnished {
	t.Helper()
	f := &furnished{shop: s, owner: s.owner(t), first: s.shopper(t)}
	f.template, f.gift, f.plan = s.template(t, f.owner), s.gift(t, f.owner, 1), s.plan(t, f.first)
	f.goods, f.codes = s.giftOf(t, f.owner, "goods", 1000), s.giftOf(t, f.owner, "code", 0)
	s.must(t, call{method: "POST", path: "/api/v1/coupon-templates/" + s.template(t, f.owner) + "/claims", token: f.first.token, key: newKey()}, &f.held)
	s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates", token: f.owner, key: newKey(), body: map[string]any{
		"name": "草稿", "kind": "amount", "amount_fen": 100, "use_days": 1, "total": 1, "per_member": 1, "claimable": true, "issuable": true,
	}}, &f.draft)
	pool := make([]string, 200)
	for i := range pool {
		pool[i] = fmt.Sprintf("CARD-%04d", i)
	}
	s.must(t, call{method: "POST", path: "/admin/v1/gifts/" + f.codes + "/codes", token: f.owner, key: newKey(), body: map[string]any{"codes": pool}}, nil)
	var made struct {
		ID int64 `json:"id"`
	}
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("FIRST", f.first.phone, 1000_00)}, &made)
	f.orderID = made.ID
	s.must(t, call{method: "GET", path: "/admin/v1/members?number=" + f.first.number, token: f.owner}, &made)
	f.memberID = made.ID
	f.rule = s.rule(t, f.owner)
	var bought, redeemed id
	s.must(t, call{method: "POST", path: "/api/v1/membership-orders", token: f.first.token, key: newKey(), body: map[string]string{"plan": f.plan}}, &bought)
	s.must(t, call{method: "POST", path: "/api/v1/gifts/" + f.gift + "/redemptions", token: f.first.token, key: newKey()}, &redeemed)
	f.membership, f.redemption = bought.Number, redeemed.ID
	for range 30 {
		p := s.shopper(t)
		s.earns(t, p, 100)
		f.shoppers.tokens = append(f.shoppers.tokens, p.token)
	}
	f.addManagers(t, 40)
	f.levels = s.levels(t, f.owner)
	f.tag = f.newTag(t)
	qrcode := f.newQRCode(t)
	f.qrcode, f.qrScene = qrcode.ID, qrcode.Scene
	f.sheet = f.newSheet(t)
	f.paidFor, f.payBreak = f.paid(t), f.newPayBreak(t)
	return f
}

// addManagers makes accounts with a session each, past the slow hashing of passwords.
func (f *furnished) addManagers(t *testing.T, n int) {
	t.Helper()
	err := f.app.DB.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
		for i := range n {
			row := model.Staff{Name: fmt.Sprintf("manager-%d", i), PasswordHash: "none", Role: "manager", CreatedAt: tx.Now}
			if err := tx.Gorm().Create(&row).Error; err != nil {
				return err
			}
			token := random.Token()
			sum := sha256.Sum256([]byte(token))
			session := model.StaffSession{TokenHash: hex.EncodeToString(sum[:]), StaffID: row.ID, CreatedAt: tx.Now, SeenAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour)}
			if err := tx.Gorm().Create(&session).Error; err != nil {
				return err
			}
			f.managers.tokens = append(f.managers.tokens, token)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// as makes a call of the operation by somebody who may.
func (f *furnished) as(o operation) call {
	c := call{method: o.method, path: o.path}
	switch audiences[o.method+" "+o.path] {
	case shoppers:
		c.token = f.shoppers.token()
	case system:
		c.signed = true
	case clerks, managers, signedIn:
		c.token = f.managers.token()
	}
	if o.idempotent() {
		c.key = newKey()
	}
	return c
}

// bonus is a rule of earning with everything that a rule can say.
func (s *shop) bonus() map[string]any {
	return map[string]any{
		"name": "周末茶叶满百送五十", "kind": "bonus", "group": "weekend", "priority": 5, "per_hundred_yuan": 0, "multiplier_bp": 0, "bonus": 50, "min_fen": 10000,
		"from": s.clock.Now().UTC().Format(time.RFC3339), "until": s.clock.Now().Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339),
		"skus": []any{"T-1"}, "categories": []any{"茶"}, "tiers": []any{0, 1}, "weekdays": []any{6, 7}, "from_hour": 8, "to_hour": 22,
		"first_order": false, "cap_order": 50, "cap_day": 100,
	}
}

// rule makes a rule of earning and returns its id.
func (s *shop) rule(t *testing.T, token string) string {
	t.Helper()
	var made struct{ ID int64 }
	s.must(t, call{method: "POST", path: "/admin/v1/earning-rules", token: token, key: newKey(), body: s.bonus()}, &made)
	return fmt.Sprint(made.ID)
}

// conditions are those of a coupon, with every field.
func (f *furnished) conditions() map[string]any {
	return map[string]any{
		"skus": []any{"G-1"}, "categories": []any{"服装"}, "except_skus": []any{"G-2"}, "except_categories": []any{"礼品卡"},
		"stores": []any{"sh-01"}, "group": "kids", "priority": 1, "refund": "grace", "grace_days": 3,
	}
}

// redeemed makes a redemption of its own.
func (f *furnished) redeemed(t *testing.T) (out id) {
	t.Helper()
	f.must(t, call{method: "POST", path: "/api/v1/gifts/" + f.gift + "/redemptions", token: f.shoppers.token(), key: newKey()}, &out)
	return out
}

// toVerify gives somebody a coupon for the counter, and verified takes one there.
func (f *furnished) toVerify(t *testing.T) (out id) {
	t.Helper()
	f.must(t, call{method: "POST", path: "/api/v1/coupon-templates/" + f.shop.template(t, f.owner) + "/claims", token: f.shoppers.token(), key: newKey()}, &out)
	return out
}

func (f *furnished) verified(t *testing.T) string {
	t.Helper()
	var out id
	f.must(t, call{method: "POST", path: "/admin/v1/verifications", token: f.owner, key: newKey(),
		body: map[string]any{"code": f.toVerify(t).Code, "store": "sh-01", "amount_fen": 200_00}}, &out)
	return out.ID
}

// sent makes a redemption of goods of its own, and drawn one of a code.
func (f *furnished) sent(t *testing.T) (out id) {
	t.Helper()
	f.must(t, call{method: "POST", path: "/api/v1/gifts/" + f.goods + "/deliveries", token: f.shoppers.token(), key: newKey(), body: map[string]any{"address": home}}, &out)
	return out
}

func (f *furnished) drawn(t *testing.T, token string) (out id) {
	t.Helper()
	f.must(t, call{method: "POST", path: "/api/v1/gifts/" + f.codes + "/redemptions", token: token, key: newKey()}, &out)
	return out
}

// home is where goods are sent.
var home = map[string]any{"name": "王小明", "phone": "13800138000", "province": "浙江省", "city": "杭州市", "district": "西湖区", "detail": "龙井路 1 号"}

func fixed(v any) func(*testing.T) any { return func(*testing.T) any { return v } }

// with returns another body: one field is another.
func with(field string, value any) func(t *testing.T, c *call) {
	return func(_ *testing.T, c *call) {
		body := map[string]any{}
		for name, v := range c.body.(map[string]any) {
			body[name] = v
		}
		body[field] = value
		c.body = body
	}
}

// samples has a line for every operation of the OpenAPI document.
func (f *furnished) samples() map[string]sample {
	until := f.clock.Now().Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339)
	thing := map[string]string{"id": f.template}
	gift, tag, qrcode := map[string]string{"id": f.gift}, map[string]string{"id": f.tag}, map[string]string{"id": f.qrcode}
	number := func() string { f.n++; return fmt.Sprintf("S-%d", f.n) }
	login := func(what, field string) func(t *testing.T) any {
		return func(t *testing.T) any {
			var code map[string]any
			f.weixinDoes(t, "POST", "/_sim/users/"+f.first.user+"/"+what, struct{}{}, &code)
			return map[string]any{"code": code[field]}
		}
	}
	return f.andReplies(f.andVault(f.andMemberships(f.andPayments(f.andMessages(f.andVisits(f.andCouponChannels(map[string]sample{
		"sign-in":           {body: login("login", "js_code")},
		"sign-out":          {},
		"me":                {},
		"bind-phone":        {body: login("phone", "code")},
		"send-phone-code":   {body: fixed(map[string]any{"phone": "13900139000"})},
		"verify-phone-code": {body: fixed(map[string]any{"code": "000000"}), quiet: []string{"phone_codes"}},
		"set-birthday":      {body: fixed(map[string]any{"month": 2, "day": 29, "year": 1992})},
		"coupon-templates":  {},
		"claim-coupon": {path: thing, other: func(t *testing.T, c *call) {
			c.path = "/api/v1/coupon-templates/" + f.shop.template(t, f.owner) + "/claims"
		}},
		"my-coupons": {query: "limit=5"},
		"quote-cart": {body: fixed(map[string]any{
			"lines": []any{map[string]any{"sku": "G-1", "category": "服装/童装", "quantity": 2, "price_fen": 60_00}}, "freight_fen": 800,
			"store": "sh-01", "coupons": []any{f.held.ID}, "no_coupons": false,
		})},
		"points-balance":    {},
		"points-statement":  {query: "limit=5"},
		"check-in":          {},
		"check-in-calendar": {query: "month=2026-11"},
		"list-gifts":        {},
		"redeem-gift":       {path: gift, other: func(t *testing.T, c *call) { c.path = "/api/v1/gifts/" + f.shop.gift(t, f.owner, 1) + "/redemptions" }},
		"redeem-goods": {path: map[string]string{"id": f.goods}, body: fixed(map[string]any{"address": home}), other: func(t *testing.T, c *call) {
			c.path = "/api/v1/gifts/" + f.shop.giftOf(t, f.owner, "goods", 10) + "/deliveries"
		}},
		"prepay-redemption":  {path: map[string]string{"id": f.redemption}},
		"give-up-redemption": {path: map[string]string{"id": f.redemption}},
		"confirm-arrival":    {path: map[string]string{"id": f.redemption}},
		"reveal-code": {path: map[string]string{"id": absent},
			fresh: func(t *testing.T, c *call) { c.path = "/api/v1/me/redemptions/" + f.drawn(t, c.token).ID + "/reveal" },
			other: func(t *testing.T, c *call) { c.path = "/api/v1/me/redemptions/" + f.drawn(t, c.token).ID + "/reveal" }},
		"list-redemptions":      {query: "limit=5"},
		"read-redemption":       {path: map[string]string{"id": f.redemption}},
		"list-membership-plans": {},
		"buy-membership": {body: fixed(map[string]any{"plan": f.plan, "channel": "jsapi", "login_code": ""}), other: func(t *testing.T, c *call) {
			var made id
			f.must(t, call{method: "POST", path: "/admin/v1/membership-plans", token: f.managers.token(), key: newKey(), body: f.newPlan()}, &made)
			c.body = map[string]any{"plan": made.ID, "channel": "jsapi", "login_code": ""}
		}},
		"read-membership-order": {path: map[string]string{"number": f.membership}},
		"read-membership":       {},
		"read-tier":             {},
		"list-tier-levels":      {},

		"ingest-order": {body: func(*testing.T) any {
			body := f.order(number(), f.first.phone, 10_00)
			body["member"] = map[string]any{"phone": f.first.phone, "number": "", "app_id": "", "openid": "", "unionid": "", "external": ""}
			return body
		}},

		"ingest-refund": {body: func(*testing.T) any {
			return map[string]any{"order": "FIRST", "number": number(), "refunded_at": f.clock.Now().UTC().Format(time.RFC3339), "refund_fen": 2,
				"freight_fen": 0, "lines": []any{map[string]any{"line": 1, "quantity": 0, "refund_fen": 2}}}
		}},

		"lock-coupons": {body: fixed(map[string]any{
			"number": "LOCK", "member": map[string]any{"phone": f.first.phone, "number": "", "app_id": "", "openid": "", "unionid": "", "external": ""},
			"coupon_codes": []any{f.held.Code}, "lines": []any{map[string]any{"sku": "G-1", "category": "", "quantity": 2, "price_fen": 60_00}},
			"freight_fen": 800, "store": "sh-01", "ttl_seconds": 600,
		})},
		"release-coupons": {body: fixed(map[string]any{"number": "LOCK"})},

		"ingest-action": {body: func(*testing.T) any {
			return map[string]any{"action": "review", "key": "review:1",
				"member": map[string]any{"phone": f.first.phone, "number": "", "app_id": "", "openid": "", "unionid": "", "external": ""}}
		}},

		"ingest-completion": {body: fixed(map[string]any{"number": "FIRST"})},

		"staff-sign-in":  {body: fixed(map[string]any{"name": f.logins.StaffName, "password": f.logins.StaffPassword}), quiet: []string{"staff_attempts"}},
		"staff-sign-out": {},
		"find-member":    {query: "number=" + f.first.number},
		"member":         {path: map[string]string{"id": fmt.Sprint(f.memberID)}},
		"tell-scan":      {body: fixed(map[string]any{"scene": f.qrScene})},
		"make-qrcode": {body: func(*testing.T) any {
			return map[string]any{"kind": "store", "name": "店" + number(), "ref": "S-001", "permanent": false, "ttl_seconds": 3600}
		}, other: with("name", "另一个")},
		"list-qrcodes":          {query: "limit=5&kind=store&stopped=true"},
		"qrcode":                {path: qrcode},
		"rename-qrcode":         {path: qrcode, body: fixed(map[string]any{"name": "门口"})},
		"renew-qrcode":          {path: qrcode},
		"stop-qrcode":           {path: qrcode, fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/qrcodes/" + f.newQRCode(t).ID + "/stop" }},
		"qrcode-picture":        {path: qrcode, query: "for=account&width=300"},
		"qrcode-statistics":     {path: qrcode, query: "from=2026-11-01&to=2026-11-08"},
		"qrcode-statistics-csv": {path: qrcode, query: "from=2026-11-01&to=2026-11-08"},
		"list-tags":             {},
		"create-tag": {body: func(*testing.T) any {
			return map[string]any{"name": "客" + number(), "note": "常来", "shared": false}
		}, other: with("note", "少来")},
		"change-tag":      {path: tag, body: fixed(map[string]any{"name": "老客", "note": "常来", "shared": false})},
		"end-tag":         {path: tag, fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/tags/" + f.newTag(t) + "/end" }},
		"tag-members":     {path: tag, body: fixed(map[string]any{"member_ids": []any{f.memberID}})},
		"untag-members":   {path: tag, body: fixed(map[string]any{"member_ids": []any{f.memberID}})},
		"tagged-members":  {path: tag, query: "limit=5"},
		"member-tags":     {path: map[string]string{"id": fmt.Sprint(f.memberID)}},
		"sync-tags":       {},
		"latest-tag-sync": {},
		"correct-birthday": {path: map[string]string{"id": fmt.Sprint(f.memberID)},
			body: fixed(map[string]any{"month": 2, "day": 29, "year": 1992, "reason": "证件核对"})},
		"order":             {path: map[string]string{"id": fmt.Sprint(f.orderID)}},
		"messages":          {query: fmt.Sprintf("member_id=%d&limit=5", f.memberID)},
		"make-parcel-code":  {body: fixed(map[string]any{"source": "shop", "number": "FIRST"})},
		"find-parcel-codes": {query: "token_prefix=3F7K-9QXA"},
		"make-parcel-sheet": {body: fixed(map[string]any{"orders": []any{map[string]any{"source": "shop", "number": "FIRST"}}, "code": "link", "layout": "a4x21",
			"shop": "茶铺", "title": "扫码联系我们", "hint": "有问题直接回复"}), other: with("title", "扫一扫")},
		"list-parcel-sheets":    {query: "limit=5"},
		"parcel-sheet":          {path: map[string]string{"id": f.sheet}},
		"parcel-sheet-refusals": {path: map[string]string{"id": f.sheet}, query: "limit=5"},
		"parcel-sheet-file":     {path: map[string]string{"id": f.sheet}},
		"print-parcel-card": {body: fixed(map[string]any{"source": "shop", "number": "FIRST", "code": "link", "layout": "label", "dpi": 203,
			"shop": "茶铺", "title": "扫码联系我们", "hint": "有问题直接回复"})},

		"list-earning-rules":    {query: "limit=5"},
		"create-earning-rule":   {body: fixed(f.bonus()), other: with("bonus", 51)},
		"activate-earning-rule": {path: map[string]string{"id": f.rule}},
		"pause-earning-rule":    {path: map[string]string{"id": f.rule}},
		"end-earning-rule":      {path: map[string]string{"id": f.rule}},
		"dry-run-earning-rule":  {body: fixed(map[string]any{"rule": f.bonus(), "replaces": 0, "from": "2026-11-01", "to": "2026-12-01"})},
		"earning-settings":      {},
		"save-earning-settings": {body: fixed(map[string]any{"exclude_skus": []any{"G-1"}, "exclude_categories": []any{"礼品卡"}, "cap_order": 0, "cap_day": 0})},
		"list-earning-actions":  {},
		"save-earning-action": {path: map[string]string{"action": "check_in"},
			body: fixed(map[string]any{"enabled": true, "ladder": []any{1, 2, 3}, "per_day": 1, "per_year": 0})},

		"list-all-coupon-templates": {query: "limit=5"},
		"create-coupon-template": {body: fixed(map[string]any{
			"name": "满100减20", "rules_text": "不可叠加", "kind": "amount", "amount_fen": 2000, "percent_off_bp": 0, "cap_fen": 0, "threshold_fen": 10000,
			"claim_from": f.clock.Now().UTC().Format(time.RFC3339), "claim_until": until, "use_days": 30, "total": 100, "per_member": 1, "claimable": true, "issuable": true,
			"per_day": 1, "budget_fen": 1_000_00, "audience": "everyone", "audience_of": []any{}, "conditions": f.conditions(),
		}), other: with("name", "满100减21")},
		"edit-coupon-template": {path: map[string]string{"id": f.draft.ID}, body: fixed(map[string]any{
			"name": "满100减25", "rules_text": "限童装", "audience": "everyone", "audience_of": []any{}, "use_days": 20, "total": 200, "per_member": 3, "per_day": 1, "budget_fen": 1_000_00,
			"claim_from": f.clock.Now().UTC().Format(time.RFC3339), "claim_until": until, "claimable": true, "issuable": true,
			"terms":      map[string]any{"kind": "amount", "amount_fen": 2500, "percent_off_bp": 0, "cap_fen": 0, "threshold_fen": 10000},
			"conditions": f.conditions(),
		})},
		"activate-coupon-template": {path: thing},
		"pause-coupon-template":    {path: thing},
		"end-coupon-template":      {path: thing},
		"issue-coupon":             {path: thing, body: fixed(map[string]any{"member_id": f.memberID, "reason": "老客关怀"}), other: with("reason", "生日")},
		"create-gift": {body: fixed(map[string]any{
			"name": "帆布袋", "description": "本白色", "kind": "pickup", "points": 50, "cash_fen": 100, "stock": 10, "low_stock": 2, "per_member": 1,
			"per_day": 1, "per_week": 1,
			"starts_at": f.clock.Now().UTC().Format(time.RFC3339), "ends_at": until, "sort": 3,
		}), other: with("points", 51)},
		"list-all-gifts":       {query: "limit=5&state=active&kind=pickup&low=false"},
		"list-all-redemptions": {query: "limit=5&state=confirmed&kind=pickup&gift=" + f.gift + fmt.Sprintf("&member_id=%d", f.memberID)},
		"read-any-redemption":  {path: map[string]string{"id": f.redemption}},
		"upload-codes": {path: map[string]string{"id": f.codes}, body: func(*testing.T) any { return map[string]any{"codes": []any{"CARD-0001", number()}} },
			other: with("codes", []any{"CARD-B"})},
		"ship-redemption": {path: map[string]string{"id": absent}, body: fixed(map[string]any{"carrier": "顺丰速运", "number": "SF1234567890"}),
			fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/redemptions/" + f.sent(t).ID + "/shipments" },
			other: with("number", "SF0000000000")},
		"show-coupon-at-counter": {path: map[string]string{"code": f.held.Code}, query: "store=sh-01&amount_fen=20000", quiet: []string{"coupon_verification_tries"}},
		"verify-coupon": {body: fixed(map[string]any{"code": "0000000000000000", "store": "sh-01", "amount_fen": 200_00, "order_number": "POS-1"}),
			fresh: func(t *testing.T, c *call) { with("code", f.toVerify(t).Code)(t, c) },
			other: with("order_number", "POS-2"), quiet: []string{"coupon_verification_tries"}},
		"undo-verification": {path: map[string]string{"id": absent}, body: fixed(map[string]any{"reason": "输错"}),
			fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/verifications/" + f.verified(t) + "/undo" },
			other: with("reason", "换券")},
		"pause-gift":   {path: gift},
		"resume-gift":  {path: gift},
		"end-gift":     {path: gift},
		"restock-gift": {path: gift, body: fixed(map[string]any{"delta": 5}), other: with("delta", 6)},
		"pick-up-gift": {body: fixed(map[string]any{"code": "0000000000"}),
			fresh: func(t *testing.T, c *call) { c.body = map[string]any{"code": f.redeemed(t).Code} },
			other: func(t *testing.T, c *call) { c.body = map[string]any{"code": f.redeemed(t).Code} }},
		"cancel-redemption": {path: map[string]string{"id": absent}, body: fixed(map[string]any{"note": "不要了"}),
			fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/redemptions/" + f.redeemed(t).ID + "/cancel" },
			other: with("note", "换一件")},
		"create-membership-plan":    {body: fixed(f.newPlan()), other: with("name", "月卡")},
		"list-all-membership-plans": {},
		"read-tiers":                {},
		"add-tier-level": {body: func(*testing.T) any {
			f.n++
			return map[string]any{"name": "金卡", "threshold": 1000_000_00 + f.n, "points_multiplier_bp": 12000, "benefits": []string{"生日礼"}, "icon": "gold", "gift": ""}
		}, other: with("name", "黑金")},
		"change-tier-level": {path: map[string]string{"id": f.levels[1]}, body: fixed(map[string]any{"name": "银卡会员"})},
		"set-tier-scheme":   {body: fixed(map[string]any{"metric": "goods_money", "period": "rolling", "keep_months": 12, "on_end": "one_step", "grace_days": 7, "warn_days": 30})},
		"member-tier":       {path: map[string]string{"id": fmt.Sprint(f.memberID)}, query: "limit=5"},
		"lock-tier":         {path: map[string]string{"id": fmt.Sprint(f.memberID)}, body: fixed(f.lock()), other: with("note", "换个说法")},
		"unlock-tier": {path: map[string]string{"id": fmt.Sprint(f.memberID)}, body: fixed(map[string]any{"note": "申诉成功"}), fresh: func(t *testing.T, _ *call) {
			f.must(t, call{method: "POST", path: fmt.Sprintf("/admin/v1/members/%d/tier-lock", f.memberID), token: f.managers.token(), key: newKey(), body: f.lock()}, nil)
		}},
		"member-points":         {path: map[string]string{"id": fmt.Sprint(f.memberID)}},
		"member-points-entries": {path: map[string]string{"id": fmt.Sprint(f.memberID)}, query: "limit=5"},
		"adjust-points": {path: map[string]string{"id": fmt.Sprint(f.memberID)},
			body: fixed(map[string]any{"points": 1, "code": "goodwill", "note": "补发", "expires_at": until}), other: with("points", 2)},
		"points-adjustments": {query: "limit=5&state=waiting"},
		"merge-candidates":   {path: map[string]string{"id": fmt.Sprint(f.memberID)}},
		"preview-merge":      {query: fmt.Sprintf("from=%d&to=1", f.memberID)},
		"ask-for-merge": {body: fixed(map[string]any{"from": 999998, "to": 999999, "reason": "核对过证件"}),
			fresh: func(t *testing.T, c *call) { c.body = f.twins(t) },
			other: with("reason", "手机号相同")},
		"sync-followers":       {},
		"latest-follower-sync": {},
		"merge-requests":       {query: "limit=5&state=waiting"},
		"approve-merge": {path: map[string]string{"id": "999999"}, body: fixed(map[string]any{"note": "属实"}),
			fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/merge-requests/" + f.askedMerge(t) + "/approve" }},
		"refuse-merge": {path: map[string]string{"id": "999999"}, body: fixed(map[string]any{"note": "不是同一人"}),
			fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/merge-requests/" + f.askedMerge(t) + "/refuse" }},
		"merges": {query: fmt.Sprintf("limit=5&member_id=%d", f.memberID)},
		"merge":  {path: map[string]string{"id": "999999"}, fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/merges/" + f.merged(t) }},
		"split-merge": {path: map[string]string{"id": "999999"}, body: fixed(map[string]any{"reason": "认错了人"}),
			fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/merges/" + f.merged(t) + "/split" }},
		"approve-points-adjustment": {path: map[string]string{"id": "999999"}, body: fixed(map[string]any{"note": "核对过"}),
			fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/points/adjustments/" + f.asked(t) + "/approve" }},
		"refuse-points-adjustment": {path: map[string]string{"id": "999999"}, body: fixed(map[string]any{"note": "数目不对"}),
			fresh: func(t *testing.T, c *call) { c.path = "/admin/v1/points/adjustments/" + f.asked(t) + "/refuse" }},
		"repurchase-report":    {query: "from=2026-03-01&to=2026-04-01"},
		"points-liability":     {},
		"points-liability-csv": {},
		"bills":                {query: "limit=5&before=2026-11-01"},
		"reconcile-bill":       {path: map[string]string{"day": model.DayOf(f.clock.Now(), model.Shanghai).AddDays(-3).String()}},
		"bill-breaks":          {query: "limit=5&state=open"},
		"close-bill-break":     {path: map[string]string{"id": "999999"}, body: fixed(map[string]any{"note": "已在商户平台核实"})},
		"shippings":            {query: "limit=5&state=stuck"},
		"retry-shipping":       {path: map[string]string{"id": "999999"}, body: fixed(map[string]any{"note": "已补填承运商"})},
	})))))))
}

// asked is a correction of points by the owner that waits for a second person.
func (f *furnished) asked(t *testing.T) string {
	t.Helper()
	var made struct {
		ID int64 `json:"id"`
	}
	f.must(t, call{method: "POST", path: fmt.Sprintf("/admin/v1/members/%d/points/adjustments", f.memberID), token: f.owner, key: newKey(),
		body: map[string]any{"points": 1001, "code": "missing", "note": "补发"}}, &made)
	return fmt.Sprint(made.ID)
}

// twins are two members whom only orders know, as a request for their merge.
func (f *furnished) twins(t *testing.T) map[string]any {
	t.Helper()
	ids := make([]int64, 2)
	for i := range ids {
		f.n++
		var made struct {
			Order  int64 `json:"id"`
			Member int64 `json:"member_id"`
		}
		f.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: f.order(fmt.Sprintf("TWIN-%d", f.n), fmt.Sprintf("139%08d", f.n), 10_00)}, &made)
		f.must(t, call{method: "GET", path: fmt.Sprintf("/admin/v1/orders/%d", made.Order), token: f.owner}, &made)
		ids[i] = made.Member
	}
	return map[string]any{"from": ids[0], "to": ids[1], "reason": "核对过证件"}
}

// askedMerge is a request of the owner for a merge.
func (f *furnished) askedMerge(t *testing.T) string {
	t.Helper()
	var made struct {
		ID int64 `json:"id"`
	}
	f.must(t, call{method: "POST", path: "/admin/v1/merge-requests", token: f.owner, key: newKey(), body: f.twins(t)}, &made)
	return fmt.Sprint(made.ID)
}

// merged is a merge that a manager approved.
func (f *furnished) merged(t *testing.T) string {
	t.Helper()
	var made struct {
		ID int64 `json:"merge_id"`
	}
	f.must(t, call{method: "POST", path: "/admin/v1/merge-requests/" + f.askedMerge(t) + "/approve", token: f.managers.token(), body: map[string]any{"note": "属实"}}, &made)
	return fmt.Sprint(made.ID)
}

func (f *furnished) lock() map[string]any {
	return map[string]any{"level": f.levels[0], "until": model.DayOf(f.clock.Now(), model.Shanghai).AddDays(30).String(), "note": "老客户"}
}

// levels sets two levels of the free tiers up and returns their ids.
func (s *shop) levels(t *testing.T, owner string) (ids []string) {
	t.Helper()
	for i, name := range []string{"普通", "银卡"} {
		var made id
		s.must(t, call{method: "POST", path: "/admin/v1/tier-levels", token: owner, key: newKey(), body: map[string]any{"name": name, "threshold": i * 5000_00}}, &made)
		ids = append(ids, made.ID)
	}
	s.must(t, call{method: "PUT", path: "/admin/v1/tier-scheme", token: owner, body: map[string]any{
		"metric": "goods_money", "period": "rolling", "keep_months": 12, "on_end": "one_step", "grace_days": 7, "warn_days": 30}}, nil)
	return ids
}

func (f *furnished) newPlan() map[string]any {
	return map[string]any{
		"name": "季卡", "price_fen": 2900, "list_price_fen": 3900, "unit": "months", "length": 3, "points_multiplier_bp": 15000, "percent_off_bp": 500,
		"coupons": []any{map[string]any{"template": f.template, "quantity": 1}}, "on_sale": true,
		"sale_from": f.clock.Now().UTC().Format(time.RFC3339), "sale_until": f.clock.Now().Add(90 * 24 * time.Hour).UTC().Format(time.RFC3339),
		"trial": false, "max_stack": 3, "grace_days": 7, "refund_policy": "prorated", "refund_days": 30, "channel": "jsapi",
		"extras": map[string]any{"check_in_multiplier_bp": 20000, "welcome_points": 100, "free_freight": 2, "birthday_points": 50,
			"birthday_template": f.template, "early_hours": 24, "services": []any{map[string]any{"text": "到店优先", "online": false}}},
	}
}

// newQRCode makes a store's code.
func (f *furnished) newQRCode(t *testing.T) (out struct{ ID, Scene string }) {
	f.must(t, call{method: "POST", path: "/admin/v1/qrcodes", token: f.owner, key: newKey(), body: map[string]any{
		"kind": "store", "name": "门口", "ref": "S-001", "ttl_seconds": 3600}}, &out)
	return out
}

// newSheet makes a sheet of parcel cards and waits for it.
func (f *furnished) newSheet(t *testing.T) string {
	var out struct{ ID string }
	f.must(t, call{method: "POST", path: "/admin/v1/parcel-sheets", token: f.owner, key: newKey(), body: map[string]any{
		"orders": []any{map[string]any{"source": "shop", "number": "FIRST"}, map[string]any{"source": "shop", "number": "nobody"}},
		"shop":   "茶铺", "title": "扫码联系我们"}}, &out)
	if _, err := f.app.Queue.RunDue(t.Context()); err != nil { // some of these shops have no workers
		t.Fatal(err)
	}
	eventually(t, "the sheet of parcel cards is ready", func() error {
		v, err := f.app.Aftersale.Sheet(t.Context(), model.PublicID(out.ID))
		if err == nil && v.State != model.SheetReady {
			err = fmt.Errorf("it is %s", v.State)
		}
		return err
	})
	return out.ID
}

// newTag makes a tag and returns its id.
func (f *furnished) newTag(t *testing.T) string {
	var out struct{ ID string }
	f.n++
	f.must(t, call{method: "POST", path: "/admin/v1/tags", token: f.owner, key: newKey(), body: map[string]any{"name": fmt.Sprint("标签", f.n)}}, &out)
	return out.ID
}
