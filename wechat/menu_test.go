package wechat_test

import (
	"strings"
	"testing"

	"huitou/wechat"
)

func TestCheckMenu(t *testing.T) {
	click := wechat.MenuButton{Type: wechat.MenuClick, Name: "积分", Key: "points"}
	view := wechat.MenuButton{Type: wechat.MenuView, Name: "官网", URL: "https://shop.example"}
	program := wechat.MenuButton{Type: wechat.MenuProgram, Name: "领券", URL: "https://shop.example", AppID: "wx1", Page: "pages/i"}
	with := func(b wechat.MenuButton, change func(b *wechat.MenuButton)) []wechat.MenuButton {
		change(&b)
		return []wechat.MenuButton{b}
	}
	below := func(list ...wechat.MenuButton) []wechat.MenuButton {
		return []wechat.MenuButton{{Name: "我的", Buttons: list}}
	}
	named := func(n int) func(*wechat.MenuButton) {
		return func(b *wechat.MenuButton) { b.Name = strings.Repeat("a", n) }
	}
	tests := []struct {
		name string
		menu []wechat.MenuButton
		at   string // of the only fault; empty: none
	}{
		{"three", []wechat.MenuButton{click, view, program}, ""},
		{"a group of five", below(click, view, program, click, view), ""},
		{"16 bytes", with(click, named(16)), ""},
		{"60 bytes below", below(with(click, named(60))...), ""},
		{"longest key and address", []wechat.MenuButton{with(click, func(b *wechat.MenuButton) { b.Key = strings.Repeat("k", 128) })[0],
			with(view, func(b *wechat.MenuButton) { b.URL = "https://" + strings.Repeat("u", 1016) })[0]}, ""},

		{"nothing", nil, "menu"},
		{"four", []wechat.MenuButton{click, click, click, click}, "menu"},
		{"six below", below(click, click, click, click, click, click), "1"},
		{"three levels", below(below(click)...), "1.1"},
		{"a group with a key", with(below(click)[0], func(b *wechat.MenuButton) { b.Key = "x" }), "1"},
		{"no name", with(click, func(b *wechat.MenuButton) { b.Name = "" }), "1"},
		{"17 bytes", with(click, named(17)), "1"},
		{"six Chinese characters", with(click, func(b *wechat.MenuButton) { b.Name = "我的会员积分" }), "1"},
		{"61 bytes below", below(with(click, named(61))...), "1.1"},
		{"a name with a line break", with(click, func(b *wechat.MenuButton) { b.Name = "a\nb" }), "1"},
		{"no type", with(click, func(b *wechat.MenuButton) { b.Type = "" }), "1"},
		{"a type without an answer", with(click, func(b *wechat.MenuButton) { b.Type = "pic_weixin" }), "1"},
		{"no key", with(click, func(b *wechat.MenuButton) { b.Key = "" }), "1"},
		{"key too long", with(click, func(b *wechat.MenuButton) { b.Key = strings.Repeat("k", 129) }), "1"},
		{"click with an address", with(click, func(b *wechat.MenuButton) { b.URL = "https://shop.example" }), "1"},
		{"no address", with(view, func(b *wechat.MenuButton) { b.URL = "" }), "1"},
		{"script", with(view, func(b *wechat.MenuButton) { b.URL = "javascript:alert(1)" }), "1"},
		{"address too long", with(view, func(b *wechat.MenuButton) { b.URL = "https://" + strings.Repeat("u", 1017) }), "1"},
		{"view of a mini-program", with(view, func(b *wechat.MenuButton) { b.AppID = "wx1" }), "1"},
		{"mini-program without page", with(program, func(b *wechat.MenuButton) { b.Page = "" }), "1"},
		{"the second", []wechat.MenuButton{click, with(click, func(b *wechat.MenuButton) { b.Key = "" })[0]}, "2"},
	}
	for _, tt := range tests {
		got := wechat.CheckMenu(tt.menu)
		if (tt.at == "") != (len(got) == 0) || len(got) > 0 && (len(got) != 1 || got[0].At != tt.at || got[0].Reason == "") {
			t.Errorf("%s: %v, want a fault at %q", tt.name, got, tt.at)
		}
	}
}
