package oa_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"huitou/wechat"
)

func TestFansPageByPage(t *testing.T) {
	w := &wire{path: "/cgi-bin/user/get"}
	c := open(t, w, "")
	for _, tt := range []struct {
		after, answer, list string
		total               int64
		refused             bool
	}{
		{"", `{"total":3,"count":2,"data":{"openid":["oA","oB"]},"next_openid":"oB"}`, "[oA oB]", 3, false},
		{"oB", `{"total":3,"count":1,"data":{"openid":["oC"]},"next_openid":"oC"}`, "[oC]", 3, false},
		{"oC", `{"total":3,"count":0,"next_openid":""}`, "[]", 3, false},
		{"", `{"total":3,"count":2,"data":{"openid":["oA"]},"next_openid":"oA"}`, "[]", 0, true},
		{"", `{"total":0,"count":1,"data":{"openid":["oA"]},"next_openid":"oA"}`, "[]", 0, true},
		{"oX", `{"errcode":40003,"errmsg":"invalid openid"}`, "[]", 0, true},
	} {
		w.answer = tt.answer
		list, total, err := c.Fans(t.Context(), tt.after)
		if fmt.Sprint(list) != tt.list || total != tt.total || (err != nil) != tt.refused {
			t.Errorf("after %q: %v of %d, %v", tt.after, list, total, err)
		}
	}
}

func TestFanInfos(t *testing.T) {
	w := &wire{path: "/cgi-bin/user/info/batchget", answer: `{"user_info_list":[{"subscribe":1,"openid":"oA","unionid":"u","subscribe_time":1790000000,"qr_scene":7},{"subscribe":0,"openid":"oB"}]}`}
	c := open(t, w, "")
	list, err := c.FanInfos(t.Context(), []string{"oA", "oB"})
	if err != nil || len(list) != 2 || list[0].UnionID != "u" || list[0].Scene != "7" || !list[0].Following || list[0].FollowedAt.Unix() != 1790000000 || list[1].Following {
		t.Errorf("infos = %+v, %v", list, err)
	}
	if want := `{"user_list":[{"openid":"oA","lang":"zh_CN"},{"openid":"oB","lang":"zh_CN"}]}`; w.body != want {
		t.Errorf("sent %s", w.body)
	}
	for name, answer := range map[string]string{"too few": `{"user_info_list":[{"subscribe":1,"openid":"oA"}]}`, "others": `{"user_info_list":[{"openid":"oB"},{"openid":"oA"}]}`} {
		w.answer = answer
		if _, err := c.FanInfos(t.Context(), []string{"oA", "oB"}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	w.answer = `{"errcode":40003,"errmsg":"invalid openid"}`
	if _, err := c.FanInfos(t.Context(), []string{"oA"}); wechat.ClassOf(err) != wechat.ClassRecipient {
		t.Errorf("a foreign openid = %v", err)
	}
	calls := w.calls
	for _, n := range []int{0, wechat.MaxFanInfos + 1} {
		if _, err := c.FanInfos(t.Context(), slices.Repeat([]string{"o"}, n)); err == nil || !strings.Contains(err.Error(), "openids") {
			t.Errorf("%d at once = %v", n, err)
		}
	}
	if w.calls != calls {
		t.Error("a call that cannot succeed was made")
	}
}
