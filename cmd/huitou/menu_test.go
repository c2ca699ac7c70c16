package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demo"
	"huitou/config"
	"huitou/wechat"
	"huitou/wechat/sim"
)

// menuCommand runs `huitou menu` on shops that open makes.
func menuCommand(t *testing.T, open func() (*app.App, error), what string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := newMenu(func(context.Context, *cobra.Command) (*app.App, error) { return open() })
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs([]string{what})
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestMenuCommand(t *testing.T) {
	we, err := sim.New(sim.Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(we.API())
	t.Cleanup(srv.Close)
	at, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir, change := t.TempDir(), func(*app.Settings) {}
	open := func() (*app.App, error) {
		s, err := embedded(dir, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		s.PublicURL = "http://127.0.0.1:1"
		if err := demo.UseSim(&s, we.Accounts(), at); err != nil {
			return nil, err
		}
		change(&s)
		a, err := app.New(t.Context(), s)
		if err != nil {
			return nil, err
		}
		return a, a.DB.Migrate(t.Context())
	}
	run := func(what string, differs bool, want string) {
		t.Helper()
		out, err := menuCommand(t, open, what)
		if (err != nil) != differs || !strings.Contains(out, want) {
			t.Errorf("menu %s = %v, want an error: %t, and %q in\n%s", what, err, differs, want, out)
		}
	}
	run("diff", true, "+ 1 我的(2 项)\n+ 2 领券 miniprogram")
	run("push", false, "菜单已推送")
	run("push", false, "菜单已推送")
	run("diff", false, "菜单一致")
	change = func(s *app.Settings) {
		s.Menu = []wechat.MenuButton{s.Menu[0], {Type: wechat.MenuClick, Name: "客服", Key: "nobody"}}
	}
	run("diff", true, "! 2: no reply answers the key \"nobody\"\n- 2 领券 miniprogram")
	run("push", true, "")
	change = func(s *app.Settings) { s.Menu = nil }
	run("push", true, "")
	run("diff", true, "- 1 我的(2 项)")
}

// The menu of the settings file is checked when the program starts.
func TestMenuOfSettings(t *testing.T) {
	button := config.Button{Name: "我的", Buttons: []config.Button{{Name: "积分", Type: "click", Key: "points"}}}
	menu, err := menuOf([]config.Button{button})
	if err != nil || len(menu) != 1 || menu[0].Buttons[0].Key != "points" {
		t.Errorf("menu %+v, %v", menu, err)
	}
	button.Buttons[0].Key = ""
	if _, err := menuOf([]config.Button{button, {Name: "x", Type: "view"}}); err == nil || !strings.Contains(err.Error(), "1.1: key") || !strings.Contains(err.Error(), "2: url") {
		t.Errorf("a faulty menu: %v", err)
	}
	if menu, err := menuOf(nil); err != nil || menu != nil {
		t.Errorf("no menu: %+v, %v", menu, err)
	}
}
