package whole

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"huitou/model/db"
)

func init() {
	maps.Copy(audiences, map[string]audience{
		"GET /admin/v1/replies":               managers,
		"POST /admin/v1/replies":              managers,
		"GET /admin/v1/replies/{id}":          managers,
		"PUT /admin/v1/replies/{id}":          managers,
		"POST /admin/v1/replies/{id}/end":     managers,
		"GET /admin/v1/replies/{id}/versions": managers,
		"POST /admin/v1/replies/try":          managers,
		"GET /admin/v1/replies/hits":          managers,
		"GET /admin/v1/menu":                  managers,
		"POST /admin/v1/menu/push":            managers,
	})
}

// andReplies adds the samples of what people see at once.
func (f *furnished) andReplies(all map[string]sample) map[string]sample {
	of := func(after string) func(t *testing.T, c *call) {
		return func(t *testing.T, c *call) { c.path = "/admin/v1/replies/" + f.newReply(t) + after }
	}
	nothing := map[string]string{"id": absent}
	change := f.reply()
	delete(change, "occasion")
	change["version"] = 1
	maps.Copy(all, map[string]sample{
		"list-replies":        {},
		"create-reply":        {body: fixed(f.reply()), other: with("name", "另一条")},
		"read-reply":          {path: nothing, fresh: of("")},
		"change-reply":        {path: nothing, body: fixed(change), fresh: of("")},
		"end-reply":           {path: nothing, fresh: of("/end")},
		"list-reply-versions": {path: nothing, query: "limit=5", fresh: of("/versions?limit=5")},
		"try-reply":           {body: fixed(map[string]any{"follow": true, "scan": false, "scene": "p_1", "text": "", "key": "", "at": "2026-11-21T04:00:00Z"})},
		"list-reply-hits":     {query: "from=2026-11-01&to=2026-11-30"},
		"read-menu":           {},
		"push-menu":           {},
	})
	return all
}

// reply is a reply with everything that a keyword's can say.
func (f *furnished) reply() map[string]any {
	return map[string]any{"name": "发货时间", "occasion": "keyword", "active": true, "terms": map[string]any{
		"keywords": []any{"发货", "什么时候发"}, "match": "contains", "priority": 5, "from_minute": 540, "to_minute": 1260,
		"answer": map[string]any{"kind": "text", "text": "{shop}每天16点前付款的当天发货。"},
	}}
}

// newReply makes a reply and returns its id.
func (f *furnished) newReply(t *testing.T) string {
	t.Helper()
	var made id
	body := f.reply()
	f.n++
	body["name"] = fmt.Sprint("发货时间", f.n)
	f.must(t, call{method: "POST", path: "/admin/v1/replies", token: f.owner, key: newKey(), body: body}, &made)
	return made.ID
}

// shown is what the simulator tells of an act on a phone.
type shown struct {
	Delivery delivery
	Replies  []struct{ Kind, Text, Title string }
}

// answered is the text that the phone shows for an act; "" is none.
func (s *shop) answered(t *testing.T, p shopper, act string, in map[string]any) string {
	t.Helper()
	var out shown
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/"+act, in, &out)
	if out.Delivery.State != "delivered" || out.Delivery.Problem != "" {
		t.Errorf("%s %v: the push %+v", act, in, out.Delivery)
	}
	if len(out.Replies) == 0 {
		return ""
	}
	return out.Replies[0].Text
}

// From a code on the counter to the answer on the phone: the store's welcome, keywords, the menu, one's own orders and nobody else's, and the
// end of it; each counted once, nothing lost.
func TestWhatAPersonSeesAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	post := func(path string, body map[string]any, out any) {
		t.Helper()
		s.must(t, call{method: "POST", path: path, token: owner, key: newKey(), body: body}, out)
	}
	text := func(said string) map[string]any { return map[string]any{"kind": "text", "text": said} }
	var code struct{ URL, Scene string }
	post("/admin/v1/qrcodes", map[string]any{"kind": "store", "name": "南京路店", "ref": "nj-01", "permanent": true}, &code)
	post("/admin/v1/replies", map[string]any{"name": "门店欢迎", "occasion": "follow", "active": true,
		"terms": map[string]any{"source": "store", "answer": text("欢迎来到{store}")}}, nil)
	post("/admin/v1/replies", map[string]any{"name": "发货", "occasion": "keyword", "active": true,
		"terms": map[string]any{"keywords": []any{"发货"}, "match": "contains", "answer": text("当天发货")}}, nil)
	if a := s.do(t, call{method: "POST", path: "/admin/v1/replies", token: owner, key: newKey(), body: map[string]any{"name": "x", "occasion": "keyword", "active": true,
		"terms": map[string]any{"keywords": []any{"福利"}, "match": "exact", "answer": text("转发朋友圈,领取红包")}}}); a.problem.Code != "replies.policy" || !strings.Contains(string(a.body), "诱导") {
		t.Errorf("words that the platform forbids: %d %s", a.status, a.body)
	}
	var tried struct {
		Why   string
		Shows struct{ Text string }
	}
	s.must(t, call{method: "POST", path: "/admin/v1/replies/try", token: owner, body: map[string]any{"follow": true, "scene": code.Scene}}, &tried)
	if tried.Why != "source" || tried.Shows.Text != "欢迎来到南京路店" {
		t.Errorf("tried: %+v", tried)
	}

	ann, bob := s.shopper(t), s.shopper(t)
	if got := s.answered(t, ann, "scan", map[string]any{"ticket": code.URL}); got != "欢迎来到南京路店" {
		t.Errorf("a follow by the store's code is answered %q", got)
	}
	if got := s.answered(t, bob, "follow", map[string]any{}); !strings.HasPrefix(got, "感谢关注!在这里") {
		t.Errorf("a follow is answered %q", got)
	}
	if got := s.answered(t, ann, "send_text", map[string]any{"content": "什么时候发货?"}); got != "当天发货" {
		t.Errorf("a keyword is answered %q", got)
	}
	if got := s.answered(t, ann, "send_text", map[string]any{"content": "你好"}); got != "" {
		t.Errorf("small talk is answered %q", got)
	}

	// The menu of the settings comes to the phone, and its entries are answered.
	var menu struct {
		Has, Wanted       []struct{ Name string }
		Problems, Differs []struct{ At string }
	}
	s.must(t, call{method: "GET", path: "/admin/v1/menu", token: owner}, &menu)
	if len(menu.Has) != 0 || len(menu.Wanted) != 3 || len(menu.Differs) != 3 || len(menu.Problems) != 0 {
		t.Errorf("before the push: %+v", menu)
	}
	s.must(t, call{method: "POST", path: "/admin/v1/menu/push", token: owner}, nil)
	s.must(t, call{method: "GET", path: "/admin/v1/menu", token: owner}, &menu)
	if len(menu.Has) != 3 || len(menu.Differs) != 0 {
		t.Errorf("after the push: %+v", menu)
	}
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("ANN20261121001", ann.phone, 128_00)}, nil)
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("BOB20261121001", bob.phone, 99_00)}, nil)
	s.settled(t)
	if got := s.answered(t, ann, "menu", map[string]any{"at": []int{0, 0}}); !strings.HasPrefix(got, "您现在有 128 积分") {
		t.Errorf("her points: %q", got)
	}
	if got := s.answered(t, ann, "menu", map[string]any{"at": []int{2}}); !strings.HasPrefix(got, "您好!") {
		t.Errorf("customer service: %q", got)
	}

	// Her own order, and the same words for another's and for none.
	for _, said := range []string{"查订单 ann20261121001", "ann20261121001"} {
		if got := s.answered(t, ann, "send_text", map[string]any{"content": said}); !strings.Contains(got, "ANN20261121001") || !strings.Contains(got, "128.00元") {
			t.Errorf("%s is answered %q", said, got)
		}
	}
	others, none := s.answered(t, ann, "send_text", map[string]any{"content": "BOB20261121001"}), s.answered(t, ann, "send_text", map[string]any{"content": "BOB20261121999"})
	if others != none || others == "" || strings.Contains(others, "BOB") {
		t.Errorf("another's order is answered %q, an unknown one %q", others, none)
	}
	if got := s.answered(t, ann, "send_text", map[string]any{"content": "订单"}); !strings.Contains(got, "ANN20261121001") || strings.Contains(got, "BOB") {
		t.Errorf("her orders: %q", got)
	}

	if got := s.answered(t, ann, "send_text", map[string]any{"content": "退订"}); !strings.Contains(got, "不再主动给您发送消息") {
		t.Errorf("退订 is answered %q", got)
	}
	s.settled(t)
	if n := s.watch(t).count("SELECT COUNT(*) FROM do_not_contacts WHERE lifted_at IS NULL"); n != 1 {
		t.Errorf("%d wishes to be left alone are noted", n)
	}
	today := s.clock.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
	var hits struct {
		Days []struct {
			Name string
			Hits int64
		}
	}
	s.must(t, call{method: "GET", path: "/admin/v1/replies/hits?from=" + today + "&to=" + today, token: owner}, &hits)
	var lines []string
	for _, d := range hits.Days {
		lines = append(lines, fmt.Sprint(d.Name, d.Hits))
	}
	slices.Sort(lines)
	if got, want := strings.Join(lines, " "), "关注欢迎1 发货1 查订单4 菜单:我的积分1 菜单:联系客服1 订单1 门店欢迎1"; got != want {
		t.Errorf("hits %s, want %s", got, want)
	}
	s.audit(t)
}

// The mini-program and the account are one person by the unionid, whichever came first; leaving the account stops what was planned and loses
// nothing, and who comes back is the same.
func TestOnePersonFollowsAndLeaves(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	type member struct {
		ID       int64
		Follower bool
		Orders   int64 `json:"order_count"`
	}
	read := func(p shopper) (m member) {
		t.Helper()
		s.must(t, call{method: "GET", path: "/admin/v1/members?number=" + p.number, token: owner}, &m)
		return m
	}
	act := func(p shopper, what string) {
		t.Helper()
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/"+what, struct{}{}, nil)
		s.settled(t)
	}
	st := s.watch(t)

	first := s.shopper(t) // signs in, then follows
	signedIn := read(first).ID
	members := st.count("SELECT COUNT(*) FROM members")
	act(first, "follow")
	if m := read(first); m.ID != signedIn || !m.Follower || st.count("SELECT COUNT(*) FROM members") != members {
		t.Errorf("who signed in and then follows is %+v, was %d", m, signedIn)
	}

	var user struct{ ID, Phone string } // follows, then signs in
	s.weixinDoes(t, "POST", "/_sim/users", map[string]string{}, &user)
	second := shopper{user: user.ID, phone: user.Phone}
	act(second, "follow")
	members = st.count("SELECT COUNT(*) FROM members")
	second.token = s.signIn(t, second)
	var me struct{ Number string }
	s.must(t, call{method: "GET", path: "/api/v1/me", token: second.token}, &me)
	second.number = me.Number
	if m := read(second); !m.Follower || st.count("SELECT COUNT(*) FROM members") != members {
		t.Errorf("who followed and then signs in is %+v, of %d members", m, members)
	}

	// A parcel's plan runs; he leaves before its second visit.
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("LEAVE-1", first.phone, 100_00)}, nil)
	s.settled(t)
	var parcel struct{ Ticket string }
	s.must(t, call{method: "POST", path: "/admin/v1/parcel-codes", token: owner, body: map[string]any{"source": "shop", "number": "LEAVE-1"}}, &parcel)
	s.weixinDoes(t, "POST", "/_sim/users/"+first.user+"/scan", map[string]any{"ticket": parcel.Ticket}, nil)
	s.settled(t)
	before, had := read(first), s.points(t, owner, signedIn)
	if n := st.count("SELECT COUNT(*) FROM visits WHERE state IN ('planned', 'due')"); n < 1 {
		t.Fatalf("%d visits are to come; want some that leaving can stop", n)
	}
	act(first, "unfollow")
	sent := st.count("SELECT COUNT(*) FROM messages WHERE state IN ('accepted', 'delivered')")
	s.clock.Advance(120 * 24 * time.Hour)
	s.sim.Nudge()
	s.settled(t)
	owner = s.owner(t)
	if n := st.count("SELECT COUNT(*) FROM visits WHERE state IN ('planned', 'due')"); n != 0 {
		t.Errorf("%d visits wait for somebody who left", n)
	}
	if n := st.count("SELECT COUNT(*) FROM messages WHERE state IN ('accepted', 'delivered')"); n != sent {
		t.Errorf("%d messages left for somebody who left", n-sent)
	}
	if m := read(first); m.ID != before.ID || m.Follower || m.Orders != before.Orders || s.points(t, owner, signedIn) != had {
		t.Errorf("leaving made %+v of %+v", m, before)
	}
	act(first, "follow")
	if m := read(first); m.ID != signedIn || !m.Follower || m.Orders != before.Orders {
		t.Errorf("who came back is %+v, was %+v", m, before)
	}
	s.audit(t)
}
