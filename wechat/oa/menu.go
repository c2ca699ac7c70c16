package oa

import (
	"context"
	"errors"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const (
	menuPath       = "/cgi-bin/menu/get"
	menuCreatePath = "/cgi-bin/menu/create"
	menuDeletePath = "/cgi-bin/menu/delete"
)

// menuBody is a button as WeChat writes it.
type menuBody struct {
	Type  wechat.MenuType `json:"type,omitempty"`
	Name  string          `json:"name"`
	Key   string          `json:"key,omitempty"`
	URL   string          `json:"url,omitempty"`
	AppID string          `json:"appid,omitempty"`
	Page  string          `json:"pagepath,omitempty"`
	Sub   []menuBody      `json:"sub_button,omitempty"`
}

// Menu returns the account's menu; ok is false when there is none. It knows menus that were made through the interface only, not those made
// by hand in WeChat's console.
func (c *Client) Menu(ctx context.Context) (menu []wechat.MenuButton, ok bool, err error) {
	out, err := api.Get[struct {
		Menu *struct {
			Button []menuBody `json:"button"`
		} `json:"menu"`
	}](ctx, c.api, menuPath, nil)
	var refused *wechat.Error
	switch {
	case errors.As(err, &refused) && refused.Code == wechat.CodeNoMenu:
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case out.Menu == nil:
		return nil, false, api.Malformed(menuPath, "menu")
	}
	return menuOf(out.Menu.Button), true, nil
}

// CreateMenu makes the account's menu, in place of the one that it had. People see it within a day, or when they follow anew.
func (c *Client) CreateMenu(ctx context.Context, menu []wechat.MenuButton) error {
	_, err := api.Post[struct{}](ctx, c.api, menuCreatePath, map[string]any{"button": menuBodies(menu)})
	return err
}

// DeleteMenu takes the account's menu away.
func (c *Client) DeleteMenu(ctx context.Context) error {
	_, err := api.Get[struct{}](ctx, c.api, menuDeletePath, nil)
	return err
}

func menuOf(list []menuBody) []wechat.MenuButton {
	if len(list) == 0 {
		return nil
	}
	out := make([]wechat.MenuButton, len(list))
	for i, b := range list {
		out[i] = wechat.MenuButton{Type: b.Type, Name: b.Name, Key: b.Key, URL: b.URL, AppID: b.AppID, Page: b.Page, Buttons: menuOf(b.Sub)}
	}
	return out
}

func menuBodies(list []wechat.MenuButton) []menuBody {
	out := make([]menuBody, len(list))
	for i, b := range list {
		out[i] = menuBody{Type: b.Type, Name: b.Name, Key: b.Key, URL: b.URL, AppID: b.AppID, Page: b.Page}
		if len(b.Buttons) > 0 {
			out[i].Sub = menuBodies(b.Buttons)
		}
	}
	return out
}
