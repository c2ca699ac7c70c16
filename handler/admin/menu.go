package admin

import (
	"context"
	"net/http"

	"huitou/handler/web"
	"huitou/model/fault"
	"huitou/service/replies"
	"huitou/service/staff"
	"huitou/wechat"
)

// Menu declares the official account's menu: what the settings want, what WeChat has, and the push from the first to the second.
func Menu(r *web.Routes, s *replies.Service) {
	web.Get(r, "/menu", web.Staff(staff.RepliesManage), web.Doc{
		ID: "read-menu", Summary: "公众号菜单:配置的、微信现有的、两者差异", Tag: "自动回复", Errors: []*fault.Fault{replies.ErrWeChat},
	}, func(ctx context.Context, _ *struct{}) (*menuReply, error) {
		m, err := s.Menu(ctx)
		if err != nil {
			return nil, err
		}
		out := &menuReply{}
		out.Body.Wanted, out.Body.Has = menuButtons(m.Wanted), menuButtons(m.Has)
		out.Body.Problems, out.Body.Differs = []menuProblem{}, []menuDifference{}
		for _, p := range m.Problems {
			out.Body.Problems = append(out.Body.Problems, menuProblem(p))
		}
		for _, d := range m.Differs {
			out.Body.Differs = append(out.Body.Differs, menuDifference{d.At, menuButtonOf(d.Wanted), menuButtonOf(d.Has)})
		}
		return out, nil
	})
	web.Post(r, "/menu/push", web.Staff(staff.RepliesManage), web.Doc{
		ID: "push-menu", Summary: "把配置的菜单推送到公众号;重复推送结果相同", Tag: "自动回复", Status: http.StatusNoContent,
		Errors: []*fault.Fault{replies.ErrNoMenu, replies.ErrMenuInvalid, replies.ErrWeChat},
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		return nil, s.PushMenu(ctx, web.Actor(ctx).ID)
	})
}

type menuReply struct {
	Body struct {
		Wanted   []menuButton     `json:"wanted"`
		Has      []menuButton     `json:"has"`
		Problems []menuProblem    `json:"problems" doc:"what keeps the wanted menu from being pushed"`
		Differs  []menuDifference `json:"differs" doc:"what a push would change"`
	}
}

type menuButton struct {
	Type    wechat.MenuType `json:"type,omitempty" enum:"click,view,miniprogram" doc:"none for a button that opens others"`
	Name    string          `json:"name"`
	Key     string          `json:"key,omitempty"`
	URL     string          `json:"url,omitempty"`
	AppID   string          `json:"app_id,omitempty"`
	Page    string          `json:"page,omitempty"`
	Buttons []menuEntry     `json:"buttons,omitempty"`
}

// menuEntry is a button of the second level, which has none below it.
type menuEntry struct {
	Type  wechat.MenuType `json:"type"`
	Name  string          `json:"name"`
	Key   string          `json:"key,omitempty"`
	URL   string          `json:"url,omitempty"`
	AppID string          `json:"app_id,omitempty"`
	Page  string          `json:"page,omitempty"`
}

type menuProblem struct {
	At     string `json:"at"`
	Reason string `json:"reason"`
}

type menuDifference struct {
	At     string      `json:"at" doc:"2.1 is the first entry of the second button"`
	Wanted *menuButton `json:"wanted,omitempty"`
	Has    *menuButton `json:"has,omitempty"`
}

func menuButtons(list []wechat.MenuButton) []menuButton {
	out := make([]menuButton, len(list))
	for i, b := range list {
		out[i] = *menuButtonOf(&b)
	}
	return out
}

func menuButtonOf(b *wechat.MenuButton) *menuButton {
	if b == nil {
		return nil
	}
	v := &menuButton{Type: b.Type, Name: b.Name, Key: b.Key, URL: b.URL, AppID: b.AppID, Page: b.Page}
	for _, e := range b.Buttons {
		v.Buttons = append(v.Buttons, menuEntry{e.Type, e.Name, e.Key, e.URL, e.AppID, e.Page})
	}
	return v
}
