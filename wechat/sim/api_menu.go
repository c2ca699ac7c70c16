package sim

import (
	"slices"
	"strings"
)

// button is one entry of the menu: a group of others, or something to tap.
type button struct {
	Type     string   `json:"type,omitempty"`
	Name     string   `json:"name"`
	Key      string   `json:"key,omitempty"`
	URL      string   `json:"url,omitempty"`
	AppID    string   `json:"appid,omitempty"`
	PagePath string   `json:"pagepath,omitempty"`
	MediaID  string   `json:"media_id,omitempty"`
	Article  string   `json:"article_id,omitempty"`
	Sub      []button `json:"sub_button"`
}

// menu is what the 服务号 shows below its chat.
type menu struct {
	id      int64 // of this version; VIEW tells it
	buttons []button
}

// Limits of a menu; names, keys and addresses in bytes.
const (
	menuMost     = 3
	menuSubMost  = 5
	menuName     = 16
	menuSubName  = 60
	menuKeyMost  = 128
	menuURLMost  = 1024
	menuPageMost = 1024
)

// keyTypes are the entries that have a key; only click sends it without more ado.
var keyTypes = []string{"click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select"}

func (m button) check(sub bool) int {
	most, whenLong := menuName, 40018
	if sub {
		most, whenLong = menuSubName, 40025
	}
	switch {
	case m.Name == "" || len(m.Name) > most:
		return whenLong
	case len(m.Sub) > 0 && sub:
		return 40022
	case len(m.Sub) > menuSubMost:
		return 40023
	case len(m.Sub) > 0:
		for _, entry := range m.Sub {
			if code := entry.check(true); code != 0 {
				return code
			}
		}
		return 0
	case slices.Contains(keyTypes, m.Type):
		if m.Key == "" || len(m.Key) > menuKeyMost {
			return 40019
		}
		return 0
	}
	switch m.Type {
	case "view", "miniprogram":
		switch {
		case len(m.URL) > menuURLMost:
			return 40020
		case !strings.HasPrefix(m.URL, "http://") && !strings.HasPrefix(m.URL, "https://"):
			return 40055
		case m.Type == "miniprogram" && (m.AppID == "" || m.PagePath == "" || len(m.PagePath) > menuPageMost):
			return 40097
		}
	case "media_id":
		if m.MediaID == "" {
			return 40007
		}
	case "article_id", "article_view_limited":
		if m.Article == "" {
			return 40097
		}
	default:
		return 40017
	}
	return 0
}

// createMenu is POST /cgi-bin/menu/create; it replaces the menu that there was.
func (s *Sim) createMenu(c *call) answer {
	var in struct {
		Button []button `json:"button"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if len(in.Button) == 0 || len(in.Button) > menuMost {
		return s.errcode(40016)
	}
	for _, b := range in.Button {
		code := b.check(false)
		if target := s.appByID(b.AppID); code == 0 && b.Type == "miniprogram" && (target == nil || target.kind != kindMini) {
			code = 40013
		}
		if code != 0 {
			return s.errcode(code)
		}
	}
	s.menuNo++
	s.menu = &menu{400_000_000 + s.menuNo, in.Button}
	return ok(okBody)
}

// showMenu is GET /cgi-bin/menu/get.
func (s *Sim) showMenu(*call) answer {
	if s.menu == nil {
		return s.errcode(46003)
	}
	return ok(map[string]any{"menu": map[string]any{"button": shownButtons(s.menu.buttons)}})
}

// shownButtons lists buttons as the platform does: without entries it says [].
func shownButtons(list []button) []button {
	list = slices.Clone(list)
	for i := range list {
		list[i].Sub = shownButtons(list[i].Sub)
		if list[i].Sub == nil {
			list[i].Sub = []button{}
		}
	}
	return list
}

// deleteMenu is GET /cgi-bin/menu/delete.
func (s *Sim) deleteMenu(*call) answer {
	s.menu = nil
	return ok(okBody)
}

// entry finds a button by its place: {1} the second button, {1, 0} the first entry of
// that button's group.
func (m *menu) entry(at []int) *button {
	if m == nil || len(at) == 0 || len(at) > 2 || at[0] < 0 || at[0] >= len(m.buttons) {
		return nil
	}
	b := &m.buttons[at[0]]
	if len(at) == 1 {
		if len(b.Sub) > 0 {
			return nil // opens its group
		}
		return b
	}
	if at[1] < 0 || at[1] >= len(b.Sub) {
		return nil
	}
	return &b.Sub[at[1]]
}
