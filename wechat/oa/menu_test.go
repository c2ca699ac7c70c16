package oa_test

import (
	"reflect"
	"testing"

	"huitou/wechat"
)

func TestMenu(t *testing.T) {
	w := &wire{path: "/cgi-bin/menu/create", answer: `{"errcode":0,"errmsg":"ok"}`}
	c := open(t, w, "")
	menu := []wechat.MenuButton{
		{Name: "我的", Buttons: []wechat.MenuButton{{Type: wechat.MenuClick, Name: "积分", Key: "points"}}},
		{Type: wechat.MenuProgram, Name: "领券", URL: "https://shop.example/?a=1&b=2", AppID: "wx1", Page: "pages/i"},
	}
	const body = `{"button":[{"name":"我的","sub_button":[{"type":"click","name":"积分","key":"points"}]},` +
		`{"type":"miniprogram","name":"领券","url":"https://shop.example/?a=1&b=2","appid":"wx1","pagepath":"pages/i"}]}`
	if err := c.CreateMenu(t.Context(), menu); err != nil || w.body != body {
		t.Errorf("create: %v, sent %s", err, w.body)
	}
	w.path, w.answer = "/cgi-bin/menu/get", `{"menu":{"button":[{"name":"我的","sub_button":[{"type":"click","name":"积分","key":"points","sub_button":[]}]},`+
		`{"type":"miniprogram","name":"领券","url":"https://shop.example/?a=1&b=2","appid":"wx1","pagepath":"pages/i","sub_button":[]}]}}`
	if got, ok, err := c.Menu(t.Context()); err != nil || !ok || !reflect.DeepEqual(got, menu) {
		t.Errorf("menu = %+v, %v, %v", got, ok, err)
	}
	w.answer = `{"errcode":46003,"errmsg":"menu no exist rid: 1-2-3"}`
	if got, ok, err := c.Menu(t.Context()); err != nil || ok || got != nil {
		t.Errorf("no menu = %+v, %v, %v", got, ok, err)
	}
	w.answer = `{"errcode":48001,"errmsg":"api unauthorized"}`
	if _, _, err := c.Menu(t.Context()); wechat.ClassOf(err) != wechat.ClassConfig {
		t.Errorf("an account without the right: %v", err)
	}
	w.answer = `{}`
	if _, _, err := c.Menu(t.Context()); err == nil {
		t.Error("an answer without a menu was taken")
	}
	w.path, w.answer = "/cgi-bin/menu/create", `{"errcode":40018,"errmsg":"invalid button name size"}`
	if err := c.CreateMenu(t.Context(), menu); wechat.ClassOf(err) != wechat.ClassBug {
		t.Errorf("a name that WeChat refuses: %v", err)
	}
	w.path, w.answer = "/cgi-bin/menu/delete", `{"errcode":0,"errmsg":"ok"}`
	if err := c.DeleteMenu(t.Context()); err != nil {
		t.Errorf("delete: %v", err)
	}
}
