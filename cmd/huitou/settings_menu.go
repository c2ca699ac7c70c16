package main

import (
	"fmt"
	"strings"

	"huitou/config"
	"huitou/wechat"
)

// menuOf turns the menu's settings into a menu, or returns everything that WeChat would refuse: better at the start than at the push.
func menuOf(list []config.Button) ([]wechat.MenuButton, error) {
	if len(list) == 0 {
		return nil, nil
	}
	menu := buttonsOf(list)
	faults := wechat.CheckMenu(menu)
	if len(faults) == 0 {
		return menu, nil
	}
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = f.String()
	}
	return nil, fmt.Errorf("menu:\n  %s", strings.Join(lines, "\n  "))
}

func buttonsOf(list []config.Button) []wechat.MenuButton {
	var out []wechat.MenuButton
	for _, b := range list {
		out = append(out, wechat.MenuButton{
			Type: wechat.MenuType(b.Type), Name: b.Name, Key: b.Key, URL: b.URL, AppID: b.AppID, Page: b.Page, Buttons: buttonsOf(b.Buttons),
		})
	}
	return out
}
