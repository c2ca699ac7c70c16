package wechat

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of an official account's menu (menu/create in WeChat's documentation). Names, keys and addresses are in bytes; a Chinese character
// has three.
const (
	MaxMenuButtons = 3
	MaxMenuEntries = 5 // below one button
	MaxMenuName    = 16
	MaxMenuSubName = 60
	MaxMenuKey     = 128
	MaxMenuURL     = 1024
)

// CodeNoMenu is the refusal of an account without a menu.
const CodeNoMenu = 46003

// MenuType is what an entry of the menu does on a tap. Entries with others than these cannot be made by us.
type MenuType string

// The types.
const (
	MenuClick   MenuType = "click"       // sends its key
	MenuView    MenuType = "view"        // opens an address
	MenuProgram MenuType = "miniprogram" // opens a page of a mini-program; old phones open the address
)

// MenuButton is one entry of the menu: a group of others, or something to tap.
type MenuButton struct {
	Type    MenuType // empty for a group
	Name    string
	Key     string // of a click
	URL     string // of a view and a mini-program
	AppID   string // of a mini-program
	Page    string // of a mini-program
	Buttons []MenuButton
}

// MenuFault is something in a menu that WeChat would refuse.
type MenuFault struct {
	At     string // "2.1": the first entry of the second button
	Reason string
}

func (f MenuFault) String() string { return f.At + ": " + f.Reason }

// CheckMenu returns what WeChat would refuse of a menu; an empty one is refused too, it can only be deleted.
func CheckMenu(menu []MenuButton) (faults []MenuFault) {
	if len(menu) < 1 || len(menu) > MaxMenuButtons {
		faults = append(faults, MenuFault{"menu", fmt.Sprintf("has %d buttons, may have 1 to %d", len(menu), MaxMenuButtons)})
	}
	for i, b := range menu {
		at := fmt.Sprint(i + 1)
		if len(b.Buttons) == 0 {
			faults = append(faults, entryFaults(at, b, MaxMenuName)...)
			continue
		}
		faults = append(faults, nameFaults(at, b.Name, MaxMenuName)...)
		if b.Type != "" || b.Key != "" || b.URL != "" || b.AppID != "" || b.Page != "" {
			faults = append(faults, MenuFault{at, "a button with entries below it only opens them"})
		}
		if len(b.Buttons) > MaxMenuEntries {
			faults = append(faults, MenuFault{at, fmt.Sprintf("has %d entries, may have %d", len(b.Buttons), MaxMenuEntries)})
		}
		for j, e := range b.Buttons {
			below := fmt.Sprintf("%s.%d", at, j+1)
			if len(e.Buttons) > 0 {
				faults = append(faults, MenuFault{below, "has entries of its own; a menu has two levels"})
				continue
			}
			faults = append(faults, entryFaults(below, e, MaxMenuSubName)...)
		}
	}
	return faults
}

func nameFaults(at, name string, most int) []MenuFault {
	if name == "" || len(name) > most || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return []MenuFault{{at, fmt.Sprintf("name of %d bytes, may have 1 to %d; a Chinese character has three", len(name), most)}}
	}
	return nil
}

func entryFaults(at string, b MenuButton, mostName int) []MenuFault {
	faults := nameFaults(at, b.Name, mostName)
	bad := func(wrong bool, reason string) {
		if wrong {
			faults = append(faults, MenuFault{at, reason})
		}
	}
	switch b.Type {
	case MenuClick:
		bad(b.Key == "" || len(b.Key) > MaxMenuKey, fmt.Sprintf("key of %d bytes, may have 1 to %d", len(b.Key), MaxMenuKey))
		bad(b.URL != "" || b.AppID != "" || b.Page != "", "a click has only a key")
	case MenuView, MenuProgram:
		web := strings.HasPrefix(b.URL, "https://") || strings.HasPrefix(b.URL, "http://")
		bad(!web || len(b.URL) > MaxMenuURL, fmt.Sprintf("url must begin with https:// and have at most %d bytes", MaxMenuURL))
		bad(b.Key != "", "only a click has a key")
		bad(b.Type == MenuView && (b.AppID != "" || b.Page != ""), "a view has only a url")
		bad(b.Type == MenuProgram && (b.AppID == "" || b.Page == "" || len(b.Page) > MaxMenuURL), "a mini-program needs app_id and page")
	default:
		bad(true, fmt.Sprintf("type %q, may be click, view or miniprogram", b.Type))
	}
	return faults
}
