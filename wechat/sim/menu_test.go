package sim

import (
	"strings"
	"testing"
)

func TestMenu(t *testing.T) {
	b := newBench(t)
	path := b.follower()
	if code, _ := b.get("/cgi-bin/menu/get"); code != 46003 {
		t.Errorf("get before there is a menu: %d", code)
	}
	click := func(name, key string) object { return object{"type": "click", "name": name, "key": key} }
	buttons := []any{
		click("积分", "points"),
		object{"name": "会员", "sub_button": []any{
			object{"type": "view", "name": "商城", "url": "https://shop.example/a?b=1"},
			object{"type": "miniprogram", "name": "小程序", "url": "https://shop.example", "appid": b.acc.Mini.AppID, "pagepath": "pages/card/index"},
			object{"type": "scancode_push", "name": "扫一扫", "key": "scan"},
		}},
	}
	if code, out := b.call(kindOA, "/cgi-bin/menu/create", object{"button": buttons}); code != 0 {
		t.Fatalf("create = %v", out)
	}
	_, out := b.get("/cgi-bin/menu/get")
	shown := out["menu"].(object)["button"].([]any)
	if len(shown) != 2 || len(shown[1].(object)["sub_button"].([]any)) != 3 || len(shown[0].(object)["sub_button"].([]any)) != 0 {
		t.Errorf("get = %v", out)
	}
	for _, tt := range []struct {
		at   []int
		want string // in the push, of the default format
		code string
	}{
		{[]int{0}, "<Event><![CDATA[CLICK]]></Event>\n<EventKey><![CDATA[points]]></EventKey>", ""},
		{[]int{1, 0}, "<Event><![CDATA[VIEW]]></Event>\n<EventKey><![CDATA[https://shop.example/a?b=1]]></EventKey>\n<MenuId>400000001</MenuId>", ""},
		{[]int{1, 1}, "<Event><![CDATA[view_miniprogram]]></Event>\n<EventKey><![CDATA[pages/card/index]]></EventKey>", ""},
		{[]int{1, 2}, "", "menu_entry_unsupported"},
		{[]int{1}, "", "menu_entry_unknown"}, {[]int{2}, "", "menu_entry_unknown"}, {[]int{1, 3}, "", "menu_entry_unknown"},
		{[]int{0, 0}, "", "menu_entry_unknown"}, {[]int{-1}, "", "menu_entry_unknown"}, {nil, "", "menu_entry_unknown"}, {[]int{1, 0, 0}, "", "menu_entry_unknown"},
	} {
		status, out := b.ctlAny("POST", path+"/menu", object{"at": tt.at})
		if tt.code != "" {
			if out["error"] != tt.code {
				t.Errorf("tap %v = %d %v, want %s", tt.at, status, out, tt.code)
			}
			continue
		}
		entries := b.ctl("GET", "/_sim/journal?limit=1&app=oa", nil)["entries"].([]any)
		if got := entries[0].(object)["request"].(string); !strings.Contains(got, tt.want) {
			t.Errorf("tap %v pushed %s", tt.at, got)
		}
	}
	bad := map[string]struct {
		buttons []any
		want    int
	}{
		"no button":       {[]any{}, 40016},
		"four buttons":    {[]any{click("a", "k"), click("b", "k"), click("c", "k"), click("d", "k")}, 40016},
		"long name":       {[]any{click("一二三四五六", "k")}, 40018},
		"no key":          {[]any{click("a", "")}, 40019},
		"long key":        {[]any{click("a", strings.Repeat("k", 129))}, 40019},
		"unknown type":    {[]any{object{"type": "tap", "name": "a"}}, 40017},
		"no address":      {[]any{object{"type": "view", "name": "a", "url": "shop"}}, 40055},
		"long address":    {[]any{object{"type": "view", "name": "a", "url": "https://" + strings.Repeat("x", 1020)}}, 40020},
		"six entries":     {[]any{object{"name": "a", "sub_button": []any{click("a", "k"), click("a", "k"), click("a", "k"), click("a", "k"), click("a", "k"), click("a", "k")}}}, 40023},
		"three levels":    {[]any{object{"name": "a", "sub_button": []any{object{"name": "b", "sub_button": []any{click("c", "k")}}}}}, 40022},
		"long entry":      {[]any{object{"name": "a", "sub_button": []any{click(strings.Repeat("字", 21), "k")}}}, 40025},
		"no page":         {[]any{object{"type": "miniprogram", "name": "a", "url": "https://x", "appid": b.acc.Mini.AppID}}, 40097},
		"another's app":   {[]any{object{"type": "miniprogram", "name": "a", "url": "https://x", "appid": "wx0", "pagepath": "p"}}, 40013},
		"not even a menu": {nil, 40016},
	}
	for name, tt := range bad {
		if code, _ := b.call(kindOA, "/cgi-bin/menu/create", object{"button": tt.buttons}); code != tt.want {
			t.Errorf("%s: %d, want %d", name, code, tt.want)
		}
	}
	if n := len(b.ctl("GET", "/_sim/menu", nil)["button"].([]any)); n != 2 {
		t.Errorf("a refused menu replaced the one before: %d buttons", n)
	}
	if code, _ := b.get("/cgi-bin/menu/delete"); code != 0 {
		t.Errorf("delete: %d", code)
	}
	if code, _ := b.get("/cgi-bin/menu/get"); code != 46003 {
		t.Errorf("get after delete: %d", code)
	}
}
