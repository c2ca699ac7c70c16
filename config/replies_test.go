package config_test

import (
	"strings"
	"testing"

	"huitou/config"
)

func TestRepliesAndMenu(t *testing.T) {
	add := func(lines string) func(string) string { return func(text string) string { return text + lines } }
	c, err := config.Load([]string{good(t, add(`
shop: {name: 山里茶铺}
replies: {link_hosts: [m.shop.example.com, "shop.example:8443"]}
menu:
  - name: 我的
    buttons: [{name: 我的积分, type: click, key: points}, {name: 领券, type: miniprogram, app_id: wx1, page: pages/i, url: "https://shop.example.com"}]
`))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Shop.Name != "山里茶铺" || len(c.Replies.LinkHosts) != 2 || len(c.Menu) != 1 || len(c.Menu[0].Buttons) != 2 || c.Menu[0].Buttons[1].AppID != "wx1" {
		t.Errorf("settings %+v %+v %+v", c.Shop, c.Replies, c.Menu)
	}
	for lines, field := range map[string]string{
		"shop: {name: " + strings.Repeat("长", 65) + "}":               "shop.name",
		`replies: {link_hosts: ["https://shop.example.com"]}`:         "replies.link_hosts",
		`replies: {link_hosts: ["Shop.example.com"]}`:                 "replies.link_hosts",
		`replies: {link_hosts: [localhost]}`:                          "replies.link_hosts",
		`replies: {link_hosts: ["shop.example.com/x"]}`:               "replies.link_hosts",
		`menu: [{name: x, colour: red}]`:                              "colour",
		`menu: [{name: x, buttons: [{name: y, type: click, ke: y}]}]`: "ke",
	} {
		if _, err := config.Load([]string{good(t, add("\n"+lines+"\n"))}, nil); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v, want %s named", lines, err, field)
		}
	}
}
