package whole

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"huitou/model/db"
	"huitou/model/kv"
	"huitou/wechat"
	"huitou/wechat/oa"
)

// Tags go both ways between the shop and a simulated WeChat that checks every call.
func TestTagsInStepWithWeChat(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner, ann, bob := s.owner(t), s.shopper(t), s.shopper(t)
	for _, p := range []shopper{ann, bob} {
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/follow", struct{}{}, nil)
	}
	s.settled(t)
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: s.settings.Simulator})
	t.Cleanup(client.CloseIdleConnections)
	hints := kv.NewMemory(kv.MemoryOptions{Now: s.clock.Now})
	t.Cleanup(func() { hints.Close() })
	weixin, err := oa.New(oa.Config{AppID: s.settings.OA.AppID, Secret: s.settings.OA.Secret, HTTP: client, KV: hints, Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	member := func(p shopper) int64 {
		var out struct{ ID int64 }
		s.must(t, call{method: "GET", path: "/admin/v1/members?number=" + p.number, token: owner}, &out)
		return out.ID
	}
	var vip struct{ ID string }
	s.must(t, call{method: "POST", path: "/admin/v1/tags", token: owner, key: newKey(), body: map[string]any{"name": "贵客", "shared": true}}, &vip)
	tagged := map[string]any{"member_ids": []int64{member(ann)}}
	s.must(t, call{method: "POST", path: "/admin/v1/tags/" + vip.ID + "/members/add", token: owner, body: tagged}, nil)
	there, err := weixin.CreateTag(t.Context(), "探店")
	if err != nil {
		t.Fatal(err)
	}
	compare := func() (v struct {
		State, Problem string
		Here           int `json:"added_here"`
		There          int `json:"added_there"`
		NotHere        int `json:"removed_here"`
		NotThere       int `json:"removed_there"`
	}) {
		t.Helper()
		s.must(t, call{method: "POST", path: "/admin/v1/tag-syncs", token: owner}, nil)
		s.settled(t)
		s.must(t, call{method: "GET", path: "/admin/v1/tag-syncs/latest", token: owner}, &v)
		if v.State != "done" {
			t.Fatalf("the comparison: %+v", v)
		}
		return v
	}
	if v := compare(); v.There != 1 || v.Here != 0 {
		t.Errorf("the first comparison: %+v", v)
	}
	list, err := weixin.Tags(t.Context())
	i := slices.IndexFunc(list, func(x wechat.FanTag) bool { return x.Name == "贵客" })
	if err != nil || i < 0 {
		t.Fatalf("tags there: %+v, %v", list, err)
	}
	annThere, next, err := weixin.TaggedFans(t.Context(), list[i].ID, "")
	if err != nil || len(annThere) != 1 {
		t.Fatalf("who has ours there: %v, %q, %v", annThere, next, err)
	}
	if err := weixin.TagFans(t.Context(), there.ID, annThere); err != nil {
		t.Fatal(err)
	}
	if err := weixin.UntagFans(t.Context(), list[i].ID, annThere); err != nil {
		t.Fatal(err)
	}
	if v := compare(); v.Here != 1 || v.NotHere != 1 || v.There+v.NotThere != 0 {
		t.Errorf("the second comparison: %+v", v)
	}
	var of struct{ Tags []struct{ Name string } }
	s.must(t, call{method: "GET", path: fmt.Sprintf("/admin/v1/members/%d/tags", member(ann)), token: owner}, &of)
	if len(of.Tags) != 1 || of.Tags[0].Name != "探店" {
		t.Errorf("the tags of a member are %+v", of)
	}
	if ids, follows, err := weixin.TagsOf(t.Context(), annThere[0]); err != nil || !follows || !slices.Equal(ids, []int64{there.ID}) {
		t.Errorf("there he has %v, %v, %v", ids, follows, err)
	}
	s.must(t, call{method: "POST", path: "/admin/v1/tags/" + vip.ID + "/end", token: owner}, nil)
	compare()
	if list, err := weixin.Tags(t.Context()); err != nil || slices.ContainsFunc(list, func(x wechat.FanTag) bool { return x.Name == "贵客" }) {
		t.Errorf("after its end there are %+v, %v", list, err)
	}
	s.audit(t)
}

// A coupon for a tag and one for a level, from the counter to the claim centre.
func TestCouponsForTagsAndLevels(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner, ann := s.owner(t), s.shopper(t)
	levels := s.levels(t, owner)
	var found struct{ ID int64 }
	s.must(t, call{method: "GET", path: "/admin/v1/members?number=" + ann.number, token: owner}, &found)
	var vip, forTag, forLevel struct{ ID string }
	s.must(t, call{method: "POST", path: "/admin/v1/tags", token: owner, key: newKey(), body: map[string]any{"name": "贵客"}}, &vip)
	template := func(audience, of string) map[string]any {
		return map[string]any{"name": "限人券", "kind": "amount", "amount_fen": 500, "use_days": 30, "total": 10, "per_member": 1,
			"audience": audience, "audience_of": []string{of}, "claimable": true, "issuable": false}
	}
	create := call{method: "POST", path: "/admin/v1/coupon-templates", token: owner, key: newKey(), body: template("tags", levels[1])}
	if a := s.do(t, create); a.problem.Code != "input.invalid" {
		t.Errorf("a level for a tag was answered %d %s", a.status, a.body)
	}
	for out, body := range map[*struct{ ID string }]map[string]any{&forTag: template("tags", vip.ID), &forLevel: template("tiers", levels[len(levels)-1])} {
		s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates", token: owner, key: newKey(), body: body}, out)
		s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates/" + out.ID + "/activate", token: owner}, nil)
	}
	claim := func(id string) answer {
		return s.do(t, call{method: "POST", path: "/api/v1/coupon-templates/" + id + "/claims", token: ann.token, key: newKey()})
	}
	for id, more := range map[string]string{forTag.ID: "audience:selected", forLevel.ID: "levels:["} {
		if a := claim(id); a.status != 403 || a.problem.Code != "coupons.not_for_you" || !strings.Contains(fmt.Sprint(a.problem.More), more) {
			t.Errorf("a claim of somebody else's was answered %d %s", a.status, a.body)
		}
	}
	var centre struct {
		Templates []struct {
			ID, Reason   string
			ReasonLevels []string `json:"reason_levels"`
		}
	}
	s.must(t, call{method: "GET", path: "/api/v1/coupon-templates", token: ann.token}, &centre)
	met := 0
	for _, o := range centre.Templates {
		if o.ID == forTag.ID && o.Reason == "coupons.not_for_you" && o.ReasonLevels == nil || o.ID == forLevel.ID && len(o.ReasonLevels) == 1 {
			met++
		}
	}
	if met != 2 {
		t.Errorf("the claim centre explains %d of 2: %+v", met, centre)
	}
	s.must(t, call{method: "POST", path: "/admin/v1/tags/" + vip.ID + "/members/add", token: owner, body: map[string]any{"member_ids": []int64{found.ID}}}, nil)
	if a := claim(forTag.ID); a.status != 201 {
		t.Errorf("with the tag the claim was answered %d %s", a.status, a.body)
	}
	s.audit(t)
}
