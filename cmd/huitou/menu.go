package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/service/replies"
	"huitou/wechat"
)

// newMenu returns `huitou menu`. open opens the shop that the flags name.
func newMenu(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	c := &cobra.Command{Use: "menu", Short: "公众号菜单:与微信比较、推送"}
	sub := func(use, short string, run func(ctx context.Context, w io.Writer, s *replies.Service) error) {
		one := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) (err error) {
			a, err := open(c.Context(), c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			if a.Settings.OA.AppID == "" {
				return errors.New("the settings name no official account (oa.app_id)")
			}
			return run(c.Context(), c.OutOrStdout(), a.Replies)
		}}
		addConfigFlag(one) // a demo's official account lives in the demo: POST /admin/v1/menu/push
		c.AddCommand(one)
	}
	sub("diff", "列出配置的菜单与微信现有菜单的差异;有差异或配置有误时以 1 退出", menuDiff)
	sub("push", "把配置的菜单推送到公众号;重复推送结果相同", func(ctx context.Context, w io.Writer, s *replies.Service) error {
		if err := s.PushMenu(ctx, 0); err != nil {
			return err
		}
		_, err := fmt.Fprintln(w, "菜单已推送;已关注的人最迟 24 小时内看到,重新关注可立即看到")
		return err
	})
	return c
}

// errMenuDiffers ends `huitou menu diff` with status 1.
var errMenuDiffers = errors.New("the menu of the settings is not the one that WeChat has")

func menuDiff(ctx context.Context, w io.Writer, s *replies.Service) error {
	m, err := s.Menu(ctx)
	if err != nil {
		return err
	}
	for _, p := range m.Problems {
		fmt.Fprintf(w, "! %s\n", p)
	}
	for _, d := range m.Differs {
		if d.Has != nil {
			fmt.Fprintf(w, "- %s %s\n", d.At, menuLine(*d.Has))
		}
		if d.Wanted != nil {
			fmt.Fprintf(w, "+ %s %s\n", d.At, menuLine(*d.Wanted))
		}
	}
	if len(m.Problems) > 0 || len(m.Differs) > 0 {
		return errMenuDiffers
	}
	_, err = fmt.Fprintln(w, "菜单一致")
	return err
}

func menuLine(b wechat.MenuButton) string {
	if b.Type == "" {
		return fmt.Sprintf("%s(%d 项)", b.Name, len(b.Buttons))
	}
	line := fmt.Sprintf("%s %s", b.Name, b.Type)
	for _, word := range []string{b.Key, b.AppID, b.Page, b.URL} {
		if word != "" {
			line += " " + word
		}
	}
	return line
}
